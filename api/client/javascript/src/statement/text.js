// Base64 with one spelling, JSON objects without surprises, and the members that a signature covers.

import { fromBase64, fromUtf8, require } from "../bytes.js";
import { parseJson } from "../json.js";

/** Deepest nesting of lists and objects. */
const DEPTH_MAX = 32;

const shown = (text) => JSON.stringify(String(text).slice(0, 80));
const standard = (text) => text.replaceAll("-", "+").replaceAll("_", "/");

function decoded(bytes, what, spelling) {
  require(bytes !== null, `${what}: is not canonical ${spelling}`);
  return bytes;
}

/** Base64url without padding and without stray bits (RFC 7515 section 2). @param {string} text */
export function base64Url(text, what) {
  const fits = !/[+/=]/.test(text) && text.length % 4 !== 1;
  return decoded(fits ? fromBase64(standard(text) + "=".repeat((4 - (text.length % 4)) % 4)) : null, what, "base64url without padding");
}

/** Padded base64 of the standard alphabet. @param {string} text */
export const base64 = (text, what) => decoded(fromBase64(text), what, "padded base64");

/** Padded base64 of either alphabet, not a mixture, as DSSE has it. @param {string} text */
export function base64Either(text, what) {
  const url = !/[+/]/.test(text) ? fromBase64(standard(text)) : null;
  return decoded(fromBase64(text) ?? url, what, "padded base64");
}

/** Reads one JSON object as a Map. @param {Uint8Array} bytes */
export function readObject(bytes, what) {
  const value = parseJson(fromUtf8(bytes, what), DEPTH_MAX);
  require(value instanceof Map, `${what} is not an object`);
  return value;
}

/** The text that a member is; undefined for everything else. */
export const textIn = (object, name) => (typeof object.get(name) === "string" ? object.get(name) : undefined);

/** A member that has to be a text. */
export function textOfMember(object, name, what) {
  const text = textIn(object, name);
  require(text !== undefined, `${what} has no text ${shown(name)}`);
  return text;
}

/** Refuses what is no object, and members that no signature covers. */
export function only(object, known, what) {
  require(object instanceof Map, `${what} is no object`);
  for (const name of object.keys()) require(known.includes(name), `${what} has a member ${shown(name)}, which no signature covers`);
  return object;
}

/** Like `to_ascii_lowercase`: letters beyond ASCII stay what they are. */
export const lowerAscii = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
