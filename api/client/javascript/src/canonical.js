// Canonical JSON: the bytes that others hash and sign, made again from what `parseJson` read.
//
// Members in the order of their code points, no spaces, everything beyond printable ASCII escaped, numbers as Python writes
// them. Integers stay digits; what has a point or an exponent is a double, and its shortest digits name it exactly.
// Source: Python's `json.dumps(value, sort_keys=True, separators=(",", ":"))` and `float.__repr__`.

import { require, utf8 } from "./bytes.js";
import { Numeral } from "./json.js";

const I128_MAX = (1n << 127n) - 1n;
/** Digits and sign of the longest integer of 128 bits. */
const INTEGER_LENGTH_MAX = 40;
const ESCAPES = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function integer(text) {
  // The length first: a number of millions of digits takes its time to be read.
  const number = text.length <= INTEGER_LENGTH_MAX ? BigInt(text) : null;
  require(number !== null && number >= -I128_MAX - 1n && number <= I128_MAX, "a number that is too large");
  return number.toString();
}

function double(text) {
  const number = Number(text);
  require(Number.isFinite(number), "a number that is too large");
  const sign = number < 0 || Object.is(number, -0) ? "-" : "";
  // Shortest digits, as in "1.25e-7".
  const [mantissa, exponent] = Math.abs(number).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const first = Number(exponent);
  if (first < -4 || first > 15) {
    const power = `${first < 0 ? "-" : "+"}${String(Math.abs(first)).padStart(2, "0")}`;
    return `${sign}${mantissa}e${power}`;
  }
  if (first < 0) return `${sign}0.${"0".repeat(-first - 1)}${digits}`;
  const whole = digits.slice(0, first + 1).padEnd(first + 1, "0");
  return `${sign}${whole}.${digits.slice(first + 1) || "0"}`;
}

/** A number as it is hashed. @param {Numeral} numeral @throws {Refused} beyond 128 bits, or beyond a double */
export const canonicalNumber = ({ text }) => (/[.eE]/.test(text) ? double(text) : integer(text));

const isSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdfff;

/** The order of code points, which is that of UTF-8; the order of units is another, for half a pair is not the highest. */
export function byCodePoints(a, b) {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
  if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
  return x - y;
}

const escaped = (unit) => ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

const quoted = (text) => `"${text.replace(/[^ !#-[\]-~]/g, escaped)}"`;

function written(value) {
  if (value instanceof Map) {
    const names = [...value.keys()].sort(byCodePoints);
    return `{${names.map((name) => `${quoted(name)}:${written(value.get(name))}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (value instanceof Numeral) return canonicalNumber(value);
  return typeof value === "string" ? quoted(value) : String(value);
}

/** The canonical bytes, all of them ASCII. @param value Maps, lists, texts, `Numeral`s, booleans, null @throws {Refused} */
export const canonicalJson = (value) => utf8(written(value));
