// Protobuf in its one canonical spelling: ascending fields, nothing at its default, shortest varints.
//
// The reader is told which fields a message has and refuses everything else, so what it reads has no second spelling.

import { concat, fromUtf8, require } from "./bytes.js";

const U64_MAX = (1n << 64n) - 1n;
const U32_MAX = (1n << 32n) - 1n;

class Cursor {
  constructor(bytes, what) {
    this.bytes = bytes;
    this.what = what;
    this.at = 0;
  }

  varint() {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      require(this.at < this.bytes.length, `${this.what}: a number is cut off`);
      const byte = this.bytes[this.at++];
      value |= BigInt(byte & 0x7f) << shift;
      require(value <= U64_MAX && shift <= 63n, `${this.what}: a number is beyond 2^64 - 1`);
      if (byte < 0x80) {
        require(byte !== 0 || shift === 0n, `${this.what}: a number has more bytes than it needs`);
        return value;
      }
    }
  }

  take(length) {
    require(length <= BigInt(this.bytes.length - this.at), `${this.what}: a field runs past the end`);
    const from = this.at;
    this.at += Number(length);
    return this.bytes.slice(from, this.at);
  }
}

/**
 * Reads a message. A schema maps a field's number to its name and its kind: `u32`, `u64`, `bool`, `bytes`, `text`, `message` (bytes
 * that may be empty), `messages`, or `one` (a member of the only oneof).
 * Fields not there are 0n, empty, null, or an empty list.
 */
export function readMessage(bytes, schema, what) {
  const cursor = new Cursor(bytes, what);
  const found = {};
  for (const { name, kind } of Object.values(schema)) {
    if (kind === "one") found.one = null;
    else found[name] = { u32: 0n, u64: 0n, bool: false, bytes: new Uint8Array(), text: "", message: null, messages: [] }[kind];
  }
  for (const { name, kind } of Object.values(schema)) if (kind === "messages") found[name] = [];
  let before = 0n;
  while (cursor.at < bytes.length) {
    const tag = cursor.varint();
    const number = tag >> 3n;
    const field = schema[number];
    require(field !== undefined, `${what} has a field ${number} that is not known`);
    const { name, kind } = field;
    require(number > before || (number === before && kind === "messages"), `${what}: field ${number} is out of order`);
    before = number;
    const isNumber = kind === "u32" || kind === "u64" || kind === "bool";
    require((tag & 7n) === (isNumber ? 0n : 2n), `${what}: field ${number} is of another wire type`);
    if (isNumber) {
      const value = cursor.varint();
      require(value !== 0n, `${what}: ${name} is spelt out at its default`);
      require(kind !== "u32" || value <= U32_MAX, `${what}: ${name} is beyond 2^32 - 1`);
      require(kind !== "bool" || value === 1n, `${what}: ${name} is neither true nor false`);
      found[name] = kind === "bool" ? true : value;
      continue;
    }
    const value = cursor.take(cursor.varint());
    if (kind === "bytes" || kind === "text") {
      require(value.length > 0, `${what}: ${name} is spelt out at its default`);
      found[name] = kind === "text" ? fromUtf8(value, `${what}: ${name}`) : value;
    } else if (kind === "message") {
      found[name] = value;
    } else if (kind === "messages") {
      found[name].push(value);
    } else {
      require(found.one === null, `${what} holds two alternatives`);
      found.one = { name, bytes: value };
    }
  }
  return found;
}

/** @param {bigint} value */
function varint(value) {
  const bytes = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  bytes.push(Number(value));
  return Uint8Array.from(bytes);
}

/** A number; nothing when it is 0. */
export function numberField(number, value) {
  require(value >= 0n && value <= U64_MAX, `a number of 0 to 2^64 - 1 is needed, not ${value}`);
  return value === 0n ? new Uint8Array() : concat(varint(BigInt(number) << 3n), varint(value));
}

/** A sub-message, written even when it is empty. */
export const messageField = (number, ...parts) => {
  const bytes = concat(...parts);
  return concat(varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.length)), bytes);
};

/** Bytes or text; nothing when empty. */
export const bytesField = (number, bytes) => (bytes.length === 0 ? new Uint8Array() : messageField(number, bytes));
