// CBOR with one reading: lengths known and as short as can be, no label twice, bounded depth.
//
// Floats are stepped over, never read. `cose.js` reads receipts, of which each byte is known; here are foreign statements.
// Source: RFC 8949, section 4.2.1 on the shortest form; limits as in `proto/ENCODING.md`.

import { fromUtf8, require, toHex } from "../bytes.js";

/** Deepest nesting of lists, maps and tags. */
const DEPTH_MAX = 16;
const [UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE] = [0, 1, 2, 3, 4, 5, 6, 7];
const NULL = 22n;

/** What is asked nothing of: a boolean, a float, another simple value. */
const OTHER = Symbol("another value");

class CborMap {
  /** How many members it has, whatever their labels are. */
  size = 0;
  members = new Map();

  /** What stands under an integer label; undefined when nothing does. @param {bigint} label */
  at(label) {
    return this.members.get(label);
  }
}

class CborTag {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

export const isMap = (value) => value instanceof CborMap;
/** What a map has under a label; undefined when it has nothing there, or is no map. */
export const at = (value, label) => (isMap(value) ? value.at(label) : undefined);
/** The value behind this tag; undefined when there is none. */
export const tagged = (value, tag) => (value instanceof CborTag && value.tag === tag ? value.value : undefined);

class Reader {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
    this.place = 0;
  }

  require(holds, why) {
    require(holds, `${this.what}: ${why}, at byte ${this.place}`);
  }

  take(count) {
    this.require(count <= BigInt(this.bytes.length - this.place), "ends early");
    const from = this.place;
    this.place += Number(count);
    return this.bytes.slice(from, this.place);
  }

  head() {
    const [first] = this.take(1n);
    const [kind, info] = [first >> 5, first & 31];
    this.require(info < 28, info === 31 ? "has no definite length" : "is not CBOR");
    if (info < 24) return [kind, info, BigInt(info)];
    const width = 1 << (info - 24);
    let number = 0n;
    for (const byte of this.take(BigInt(width))) number = (number << 8n) | BigInt(byte);
    // Simple values and floats are not numbers of this kind.
    const least = info === 24 ? 24n : 1n << BigInt(4 * width);
    this.require(kind === SIMPLE || number >= least, "has a number that is not in its shortest form");
    return [kind, info, number];
  }

  value(depth) {
    this.require(depth <= DEPTH_MAX, `is nested deeper than ${DEPTH_MAX} levels`);
    const [kind, info, number] = this.head();
    switch (kind) {
      case UNSIGNED:
        return number;
      case NEGATIVE:
        return -1n - number;
      case BYTES:
        return this.take(number);
      case TEXT:
        return fromUtf8(this.take(number), `${this.what}: a text`);
      case LIST: {
        const list = [];
        for (let left = number; left > 0n; left--) list.push(this.value(depth + 1));
        return list;
      }
      case MAP:
        return this.map(number, depth);
      case TAG:
        return new CborTag(number, this.value(depth + 1));
      default:
        this.require(info !== 24 || number >= 32n, "is not CBOR");
        return info < 24 && number === NULL ? null : OTHER;
    }
  }

  map(count, depth) {
    const [map, seen] = [new CborMap(), new Set()];
    for (let left = count; left > 0n; left--) {
      const from = this.place;
      const label = this.value(depth + 1);
      // One value has one spelling here, so labels are equal when their bytes are.
      const spelt = toHex(this.bytes.subarray(from, this.place));
      this.require(!seen.has(spelt), "has a label twice");
      seen.add(spelt);
      const value = this.value(depth + 1);
      map.size++;
      if (typeof label === "bigint") map.members.set(label, value);
    }
    return map;
  }
}

/**
 * Reads one value and nothing behind it: integers are BigInt, byte strings Uint8Array, lists arrays.
 * @param {Uint8Array} bytes
 * @throws {Refused}
 */
export function readCbor(bytes, what) {
  const reader = new Reader(bytes, what);
  const value = reader.value(0);
  require(reader.place === bytes.length, `${what}: ${bytes.length - reader.place} bytes follow the value`);
  return value;
}
