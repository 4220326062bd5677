// Signed notes and the keys that sign them, read strictly: what was read prints as the same bytes.
//
// No signature is checked here, because what a line signs depends on the type of its key.
// Source: C2SP signed-note, tlog-cosignature.

import { concat, equal, fromBase64, Refused, require, sha256, toHex, utf8 } from "./bytes.js";
import { ED25519, ML_DSA_44, ML_DSA_65, PublicKey } from "./schemes.js";

const NOTE_BYTES_MAX = 1 << 20;
const SIGNATURES_MAX = 400;
const VKEY_BYTES_MAX = 8 << 10;
const MARK = "\u2014 ";

// White_Space and Cc of Unicode, spelt out: the classes of regular expressions are other ones.
const NOT_IN_NAMES =
  /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;

/** A key's name, or the origin of a log. @throws {Refused} */
export function keyName(text) {
  require(text.length > 0 && text.length <= 255 && utf8(text).length <= 255 && !NOT_IN_NAMES.test(text),
    `a key's name has 1 to 255 bytes without space, plus sign or control character; this is ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

/** What a signature by a key says: the bytes that stand for the type, and the scheme. */
export const LOG = { name: "log signature", prefix: [0x01], scheme: ED25519 };
export const COSIGNER_ED25519 = { name: "ed25519 cosignature", prefix: [0x04], scheme: ED25519 };
export const COSIGNER_ML_DSA_65 = {
  name: "ml-dsa-65 cosignature",
  prefix: [0xff, ...utf8("quorate/ml-dsa-65/v1")],
  scheme: ML_DSA_65,
};
/** Of witnesses and logs outside; ours sign nothing of our log with it. */
const COSIGNER_ML_DSA_44 = { name: "ml-dsa-44 cosignature", prefix: [0x06], scheme: ML_DSA_44 };
const TYPES = [LOG, COSIGNER_ED25519, COSIGNER_ML_DSA_65, COSIGNER_ML_DSA_44];
/** ECDSA, and the tree heads of RFC 6962: they sign without a time, so no witness does. */
export const NO_WITNESS = [0x02, 0x05];

/** Splits off the first `parts - 1` separators; the rest stays whole. */
function split(text, separator, parts) {
  const found = [];
  while (found.length < parts - 1) {
    const at = text.indexOf(separator);
    if (at < 0) break;
    found.push(text.slice(0, at));
    text = text.slice(at + separator.length);
  }
  return [...found, text];
}

/**
 * Reads a vkey, `name+id+base64(type, key)`. A type not understood here is kept as it came, its id unchecked.
 * @returns {Promise<{name: string, id: string, type: object | null, key: PublicKey | null, material: Uint8Array}>}
 */
export async function parseVkey(vkey) {
  const form = `a vkey is written name+id+key: 8 lower-case hex digits, then base64, ${VKEY_BYTES_MAX} bytes at most`;
  require(vkey.length <= VKEY_BYTES_MAX && utf8(vkey).length <= VKEY_BYTES_MAX, form);
  const parts = split(vkey, "+", 3);
  require(parts.length === 3, form);
  const name = keyName(parts[0]);
  const id = parts[1];
  require(/^[0-9a-f]{8}$/.test(id) && id.length === 8, form);
  const encoded = fromBase64(parts[2]);
  require(encoded !== null, form);
  const type = TYPES.find(({ prefix }) => prefix.every((byte, at) => encoded[at] === byte)) ?? null;
  if (type === null) {
    require(encoded.length > 1, form);
    return { name, id, type, key: null, material: encoded.slice(1), byte: encoded[0] };
  }
  const material = encoded.slice(type.prefix.length);
  const key = PublicKey.parse(type.scheme, material);
  const expected = toHex(await sha256(utf8(`${name}\n`), encoded)).slice(0, 8);
  require(id === expected, `the vkey says key id ${id}, its key has ${expected}`);
  return { name, id, type, key, material };
}

/** Whether both wrap one public key, whatever their names and types. */
export const isSameKey = (a, b) => equal(a.material, b.material);

function parseLine(line, number) {
  const bad = () => {
    throw new Refused(`signature line ${number} is not "\u2014 name base64", newline`);
  };
  if (!line.startsWith(MARK)) bad();
  const parts = split(line.slice(MARK.length), " ", 2);
  if (parts.length !== 2) bad();
  const payload = fromBase64(parts[1]);
  if (payload === null || payload.length < 5) bad();
  let name;
  try {
    name = keyName(parts[0]);
  } catch {
    bad();
  }
  return { name, id: toHex(payload.slice(0, 4)), signature: payload.slice(4) };
}

/** Reads a note. @returns {{text: string, signatures: {name: string, id: string, signature: Uint8Array}[]}} */
export function parseNote(note) {
  require(note.length <= NOTE_BYTES_MAX && utf8(note).length <= NOTE_BYTES_MAX,
    `the note has more than ${NOTE_BYTES_MAX} bytes`);
  const control = /[\u0000-\u0009\u000b-\u001f]/.exec(note);
  require(control === null, "the note holds a control character");
  // The text may hold empty lines itself; the last one is the separator.
  const separator = note.lastIndexOf("\n\n");
  require(separator >= 0, "the note has no empty line between a text and its signatures");
  const lines = note.slice(separator + 2).split("\n");
  const last = lines.pop();
  require(lines.length > 0 && lines.length <= SIGNATURES_MAX,
    `the note has ${lines.length} signature lines, 1 to ${SIGNATURES_MAX} are allowed`);
  const signatures = lines.map((line, at) => parseLine(line, at + 1));
  require(last === "", `signature line ${lines.length + 1} does not end in a newline`);
  return { text: note.slice(0, separator + 1), signatures };
}

/** A text behind its length in one byte. @param {string} name */
export function prefixed(name) {
  const bytes = utf8(name);
  return concat(Uint8Array.of(bytes.length), bytes);
}
