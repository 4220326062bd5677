// Bytes and their spellings. Each value has one spelling; every other is refused.

import { UsageError } from "./errors.js";

/** Why something read is not what it should be. Caught inside; callers see a report or an error of `errors.js`. */
export class Refused extends Error {}

/** @param {boolean} holds @param {string} why */
export function require(holds, why) {
  if (!holds) throw new Refused(why);
}

const encoder = new TextEncoder();
// A byte order mark is a character like any other: dropping it would make two texts one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** @param {string} text */
export const utf8 = (text) => encoder.encode(text);

/** Whether a JavaScript string is Unicode text at all. @param {string} text */
export const isText = (text) => !LONE_SURROGATE.test(text);

/** Text from UTF-8 bytes or from a string, of at most `max` bytes. @returns {string} */
export function textOf(source, max, what) {
  if (typeof source === "string") {
    // A character takes one to three bytes for each unit of a JavaScript string.
    require(source.length <= max && (source.length * 3 <= max || utf8(source).length <= max),
      `${what} has more than ${max} bytes`);
    require(isText(source), `${what} is not Unicode text`);
    return source;
  }
  if (!(source instanceof Uint8Array)) throw new TypeError(`${what}: a string or a Uint8Array is needed`);
  require(source.length <= max, `${what} has ${source.length} bytes, at most ${max} are allowed`);
  return fromUtf8(source, what);
}

/** @param {Uint8Array} bytes @param {string} what */
export function fromUtf8(bytes, what) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refused(`${what} is not UTF-8 text`);
  }
}

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export function equal(a, b) {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Eight bytes, the highest first. @param {bigint} number */
export function u64be(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

/** @param {Uint8Array} bytes at least eight of them */
export const readU64be = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** A digest: 64 lower-case hex digits. */
export function digestFromHex(text, what = "a digest") {
  require(typeof text === "string" && /^[0-9a-f]{64}$/.test(text) && text.length === 64,
    `${what} is written as 64 lower-case hex digits`);
  return fromHex(text);
}

/** A SHA-256 that the caller gave, as hex digits or as bytes. @returns {string} hex digits @throws {UsageError} */
export function digestGiven(value, name) {
  const text = value instanceof Uint8Array ? toHex(value) : value;
  try {
    digestFromHex(text);
  } catch {
    throw new UsageError(`${name} is a SHA-256: 64 lower-case hex digits, or 32 bytes`);
  }
  return text;
}

/** @param {string} text lower-case hex digits, an even number of them */
export function fromHex(text) {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Base64 of the standard alphabet, padded. @param {Uint8Array} bytes */
export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const word = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += ALPHABET[word >> 18] + ALPHABET[(word >> 12) & 63];
    text += (left > 1 ? ALPHABET[(word >> 6) & 63] : "=") + (left > 2 ? ALPHABET[word & 63] : "=");
  }
  return text;
}

/** Padded base64 of the standard alphabet, with no bit to spare; null for any other text. */
export function fromBase64(text) {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let place = 0; place < letters; place++) {
    const code = text.charCodeAt(place);
    const value = code < 128 ? VALUES[code] : -1;
    if (value < 0) return null;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (word >> bits) & 0xff;
    }
  }
  // Bits beyond the last byte would be a second spelling.
  return (word & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** Base64url without padding. @param {Uint8Array} bytes */
export const toBase64Url = (bytes) =>
  toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The 32 bytes that 43 characters of base64url spell; null for any other text. */
export function digestFromBase64Url(text) {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text) || text.length !== 43) return null;
  return fromBase64(`${text.replaceAll("-", "+").replaceAll("_", "/")}=`);
}

const U64_MAX = (1n << 64n) - 1n;

/** A number of at most 2^64 - 1 in its shortest decimal form; null for any other text. */
export function decimal(text) {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || text.includes("\n")) return null;
  const number = BigInt(text);
  return number <= U64_MAX ? number : null;
}

/** Largest integer that every JSON reader keeps exact. */
export const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** As a node writes numbers in JSON: a number, above 2^53 - 1 a string of digits. @param {bigint} number */
export const plain = (number) => (number <= SAFE_MAX ? Number(number) : number.toString());

/** @param {...Uint8Array} parts @returns {Promise<Uint8Array>} */
export async function sha256(...parts) {
  const bytes = parts.length === 1 ? parts[0] : concat(...parts);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
