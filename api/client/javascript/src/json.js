// JSON without surprises: no member twice, no lone surrogate, nothing after the value, bounded depth.
//
// Objects become Maps and numbers keep their spelling, so that the caller decides what a number may be.
// Source: RFC 8259; RFC 7493 section 2.3 for repeated names.

import { Refused } from "./bytes.js";

/** A number as it is spelt. */
export class Numeral {
  constructor(text) {
    this.text = text;
  }
}

const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Reads one value, of at most `depthMax` lists and objects one within the other. @param {string} text Unicode text */
export function parseJson(text, depthMax = 32) {
  let at = 0;

  const fail = (why) => {
    throw new Refused(`not JSON: ${why} at character ${at}`);
  };
  const blank = () => {
    while (at < text.length && " \t\n\r".includes(text[at])) at++;
  };
  const word = (expected, value) => {
    if (!text.startsWith(expected, at)) fail("an unknown word");
    at += expected.length;
    return value;
  };

  function unit() {
    const digits = text.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail("a broken escape");
    at += 4;
    return parseInt(digits, 16);
  }

  function escape() {
    const letter = text[at++];
    if (letter !== "u") return ESCAPES[letter] ?? fail("an unknown escape");
    const first = unit();
    if (first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    if (first > 0xdbff || !text.startsWith("\\u", at)) fail("half a character");
    at += 2;
    const second = unit();
    if (second < 0xdc00 || second > 0xdfff) fail("half a character");
    return String.fromCharCode(first, second);
  }

  function string() {
    at++;
    let value = "";
    let from = at;
    for (;;) {
      if (at >= text.length) fail("an unfinished string");
      const code = text.charCodeAt(at);
      if (code < 0x20) fail("a control character");
      if (code === 0x22) {
        value += text.slice(from, at++);
        return value;
      }
      if (code === 0x5c) {
        value += text.slice(from, at++);
        value += escape();
        from = at;
      } else {
        at++;
      }
    }
  }

  function number() {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text);
    if (!found) fail("no value");
    at += found[0].length;
    return new Numeral(found[0]);
  }

  /** Members or elements up to `end`, with commas between. */
  function each(end, one) {
    at++;
    blank();
    if (text[at] === end) return void at++;
    for (;;) {
      one();
      blank();
      const mark = text[at++];
      if (mark === end) return;
      if (mark !== ",") fail("no comma");
      blank();
    }
  }

  function object(depth) {
    const members = new Map();
    each("}", () => {
      if (text[at] !== '"') fail("no name");
      const name = string();
      if (members.has(name)) fail(`the member ${JSON.stringify(name)} twice`);
      blank();
      if (text[at++] !== ":") fail("no colon");
      members.set(name, value(depth));
    });
    return members;
  }

  function list(depth) {
    const items = [];
    each("]", () => items.push(value(depth)));
    return items;
  }

  function value(depth) {
    blank();
    if (depth === 0 && (text[at] === "{" || text[at] === "[")) fail("nested too deeply");
    switch (text[at]) {
      case "{":
        return object(depth - 1);
      case "[":
        return list(depth - 1);
      case '"':
        return string();
      case "t":
        return word("true", true);
      case "f":
        return word("false", false);
      case "n":
        return word("null", null);
      default:
        return number();
    }
  }

  const whole = value(depthMax);
  blank();
  if (at < text.length) fail("something after the value");
  return whole;
}

/** What `parseJson` gave, as plain objects and numbers. */
export function toPlain(value) {
  if (value instanceof Numeral) return Number(value.text);
  if (Array.isArray(value)) return value.map(toPlain);
  if (!(value instanceof Map)) return value;
  // A member may be called `__proto__`.
  const members = Object.create(null);
  for (const [name, member] of value) members[name] = toPlain(member);
  return members;
}
