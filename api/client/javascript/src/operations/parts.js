// The small parts that messages are made of: digests, keys, signatures, numbers within bounds.
//
// Source: `proto/quorate.proto`.

import { require } from "../bytes.js";
import { readMessage } from "../protobuf.js";
import { ES256, parseSignature, PublicKey } from "../schemes.js";

export const field = (name, kind) => ({ name, kind });

const KEY = { 1: field("scheme", "u32"), 2: field("key", "bytes") };
const SIGNATURE = { 1: field("scheme", "u32"), 2: field("signature", "bytes") };

export function digest(bytes, what) {
  require(bytes.length === 32, `${what}: a digest has 32 bytes, this has ${bytes.length}`);
  return bytes;
}

export function given(message, what) {
  require(message !== null, `${what} is missing`);
  return message;
}

export function readKey(message, what) {
  const { scheme, key } = readMessage(given(message, what), KEY, what);
  require(Number(scheme) !== ES256, `${what}: es256 signs no submissions`);
  return PublicKey.parse(Number(scheme), key);
}

export function readSignature(message, what) {
  const { scheme, signature } = readMessage(given(message, what), SIGNATURE, what);
  return parseSignature(Number(scheme), signature);
}

export const u16 = (number, what) => require(number <= 65_535n, `${what}: ${number} is beyond 65535`);

/** @param {number | bigint} number */
export function within(number, least, most, what) {
  require(number >= least && number <= most, `${what}: ${number}, ${least} to ${most} is allowed`);
}
