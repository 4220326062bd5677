// ECDSA on P-256 and P-384 over SHA-256, as others sign evidence: signatures in DER, of the two values of s either.
//
// Keys are a SubjectPublicKeyInfo, or a point with or without compression.
// Sources: FIPS 186-5 section 6.4, SEC 1 sections 2.3.4 and C.5, RFC 5480.

import { concat, fromHex, require, toHex } from "../bytes.js";
import { P256 } from "../p256.js";
import { readSequence, twoIntegers } from "./der.js";
import { holds } from "./platform.js";

/** Curves: WebCrypto's name, the identifier in keys, and the length of a number in bytes, beside what they are made of. */
export const ECDSA_P256 = {
  ...P256,
  name: "P-256",
  identifier: fromHex("06072a8648ce3d020106082a8648ce3d030107"),
  length: 32,
};
export const ECDSA_P384 = {
  p: (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n,
  b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  name: "P-384",
  identifier: fromHex("06072a8648ce3d020106052b81040022"),
  length: 48,
};

const big = (bytes) => BigInt(`0x0${toHex(bytes)}`);

function power(base, exponent, p) {
  let result = 1n;
  for (let left = exponent, square = base; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}

/** A point in its long form: 0x04, x, y. @param {Uint8Array} bytes that, or 0x02 or 0x03 and x @throws {Refused} */
function longPoint({ p, b, length }, bytes) {
  const [form, x] = [bytes[0], big(bytes.slice(1, 1 + length))];
  const isLong = form === 4;
  require(isLong || form === 2 || form === 3, "a form of points that is not read here");
  require(bytes.length === 1 + length * (isLong ? 2 : 1), "a point of another length");
  const square = (((x * x * x - 3n * x + b) % p) + p) % p;
  let y = big(bytes.slice(1 + length));
  if (!isLong) {
    y = power(square, (p + 1n) / 4n, p);
    if ((y & 1n) !== BigInt(form & 1)) y = p - y;
  }
  require(x < p && y < p && (y * y) % p === square, "not a point of the curve");
  const coordinate = (number) => fromHex(number.toString(16).padStart(2 * length, "0"));
  return concat(Uint8Array.of(4), coordinate(x), coordinate(y));
}

/** Whether a signature fits. @throws {Refused} when key or signature are none @throws {Otherwise} when it cannot be told */
export function verifyEcdsa(curve, key, signed, signature) {
  const point = key[0] === 0x30 ? readSequence(key, (of) => of.publicKey(curve.identifier)) : key;
  const numbers = readSequence(signature, twoIntegers);
  require(numbers.every((bytes) => big(bytes) > 0n && big(bytes) < curve.order), "a number that is none of a signature");
  const fixed = concat(...numbers.flatMap((bytes) => [new Uint8Array(curve.length - bytes.length), bytes]));
  const algorithm = { name: "ECDSA", namedCurve: curve.name };
  return holds("raw", longPoint(curve, point), algorithm, { name: "ECDSA", hash: "SHA-256" }, fixed, signed);
}
