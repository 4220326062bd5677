// The members of a JSON object, taken one by one, so that what is left over is seen.

import { decimal, fromBase64, require, textOf, utf8 } from "../bytes.js";
import { canonicalNumber } from "../canonical.js";
import { Numeral, parseJson } from "../json.js";
import { readTime } from "./time.js";

const DEPTH_MAX = 32;
const TEXT_BYTES_MAX = 256;
/** Longest key or signature, in bytes: more than that of any algorithm. */
const BYTES_MAX = 8192;
const HEX = /^[0-9a-f]{64}$/;

/** Whether a text is a digest: 64 lower-case hex digits. */
export const isDigest = (text) => HEX.test(text);

/** Refuses what stands too deep, and numbers that cannot be hashed. */
function bounded(value, depth) {
  require(depth <= DEPTH_MAX, `nested deeper than ${DEPTH_MAX}`);
  if (value instanceof Numeral) canonicalNumber(value);
  else if (value instanceof Map) for (const member of value.values()) bounded(member, depth + 1);
  else if (Array.isArray(value)) for (const item of value) bounded(item, depth + 1);
}

/** Reads JSON of at most so many bytes. @param {string | Uint8Array} source @throws {Refused} */
export function readJson(source, bytesMax, what) {
  const value = parseJson(textOf(source, bytesMax, what), DEPTH_MAX + 1);
  bounded(value, 0);
  return value;
}

/** Refuses two of one name. */
export function distinct(path, names) {
  const seen = new Set();
  for (const name of names) {
    require(!seen.has(name), `${path}: ${JSON.stringify(name)} stands there twice`);
    seen.add(name);
  }
}

/** What is left of an object's members. */
export class Members {
  /** @throws {Refused} */
  constructor(value, path) {
    require(value instanceof Map, `${path}: expected an object`);
    this.left = new Map(value);
    this.path = path;
  }

  require(holds, name, expected) {
    require(holds, `${this.path}.${name}: expected ${expected}`);
  }

  /** Whether there is something of this name; null is nothing. */
  has(name) {
    if (this.left.get(name) === null) this.left.delete(name);
    return this.left.has(name);
  }

  take(name) {
    const value = this.left.get(name);
    this.left.delete(name);
    return value;
  }

  /** A text of 1 to 256 bytes. */
  text(name) {
    const text = this.take(name);
    const fits = typeof text === "string" && text !== "" && text.length <= TEXT_BYTES_MAX;
    this.require(fits && utf8(text).length <= TEXT_BYTES_MAX, name, "a text of 1 to 256 bytes");
    return text;
  }

  list(name, max) {
    const items = this.take(name);
    this.require(Array.isArray(items), name, "a list");
    require(items.length <= max, `${this.path}.${name}: ${items.length}, ${max} are read at most`);
    return items;
  }

  /** Each object of a list, read by `read` until nothing of it is left. */
  each(name, max, read) {
    return this.list(name, max).map((item, at) => {
      const of = new Members(item, `${this.path}.${name}[${at}]`);
      const found = read(of);
      of.close();
      return found;
    });
  }

  object(name) {
    return new Members(this.take(name), `${this.path}.${name}`);
  }

  protocol(expected) {
    const found = this.text("protocol");
    require(found === expected, `the protocol is ${JSON.stringify(found)}, here ${JSON.stringify(expected)} is read`);
  }

  /** A whole number of 64 bits. @returns {bigint} */
  number(name) {
    const value = this.take(name);
    const number = value instanceof Numeral ? decimal(value.text === "-0" ? "0" : value.text) : null;
    this.require(number !== null, name, "a whole number from 0 on");
    return number;
  }

  /** A SHA-256 as 64 lower-case hex digits. */
  digest(name) {
    const text = this.text(name);
    this.require(isDigest(text), name, "64 lower-case hexadecimal digits");
    return text;
  }

  /** The digits of a SHA-256 behind `sha256:`. */
  tagged(name) {
    const text = this.text(name);
    const digits = text.startsWith("sha256:") ? text.slice("sha256:".length) : "";
    this.require(isDigest(digits), name, "sha256: and 64 lower-case hexadecimal digits");
    return digits;
  }

  /** A time in its words, which are what was hashed, and the instant in microseconds since 1970. */
  time(name) {
    const text = this.text(name);
    const instant = readTime(text);
    this.require(instant !== null, name, "a time of RFC 3339 with its offset");
    return { text, instant };
  }

  /** Bytes in the standard alphabet of base64, padded. */
  bytes(name) {
    const text = this.take(name);
    const fits = typeof text === "string" && text.length <= Math.ceil(BYTES_MAX / 3) * 4;
    const bytes = fits ? fromBase64(text) : null;
    this.require(bytes !== null && bytes.length > 0 && bytes.length <= BYTES_MAX, name, "bytes in base64, padded");
    return bytes;
  }

  /** What `kind` reads, if something stands there, else null. @param {"text" | "time" | "tagged"} kind */
  maybe(name, kind = "text") {
    return this.has(name) ? this[kind](name) : null;
  }

  /** Passes over what is left. */
  leave() {
    this.left.clear();
  }

  /** Refuses what is left. */
  close() {
    for (const name of this.left.keys()) require(false, `${this.path}.${name}: a member that this format does not have`);
  }
}
