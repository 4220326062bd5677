// Receipts, read from JSON, from the text of C2SP tlog-proof, from COSE or from a bundle. Nothing is verified here.
//
// All are read to one shape: a receipt, and what a bundle puts beside it (`submission`, `cose`, `standing`).
// Which spelling it is, the content says and not a file's name.

import { decimal, digestFromHex, fromBase64, readU64be, require, SAFE_MAX, textOf, utf8 } from "./bytes.js";
import { digestFromBase64 } from "./checkpoint.js";
import { BARE_BYTES_MAX, readCose, readIssued } from "./cose.js";
import { ENTRY_BYTES_MAX } from "./entry.js";
import { UsageError } from "./errors.js";
import { Numeral, parseJson } from "./json.js";

const FORMAT = "quorate/receipt/v1";
const BUNDLE_FORMAT = "quorate/bundle/v1";
const BYTES_MAX = 3 << 19;
const BUNDLE_BYTES_MAX = 2 << 20;
const COSE_MAX = 4;
const COSE_CHARACTERS_MAX = Math.ceil(BARE_BYTES_MAX / 3) * 4;
/** The first byte of a tagged COSE_Sign1. */
const COSE = 0xd2;
const NOTE_BYTES_MAX = 1 << 20;
const TLOG_PROOF_BYTES_MAX = NOTE_BYTES_MAX + (8 << 10);
const PROOF_MAX = 64;
const HEADER = "c2sp.org/tlog-proof@v1";
const ITEM_TAG = utf8("quorate/batch-item/v1\0");
const EXTRA_CHARACTERS_MAX = 3 << 10;
const ENTRY_CHARACTERS_MAX = Math.ceil(ENTRY_BYTES_MAX / 3) * 4;

/** Refuses members that are missing or unknown. */
function members(value, needed, optional, what) {
  require(value instanceof Map, `${what} is not an object`);
  for (const name of value.keys()) {
    require(needed.includes(name) || optional.includes(name), `${what} has an unknown member ${JSON.stringify(name)}`);
  }
  for (const name of needed) require(value.has(name), `${what} has no member ${name}`);
  return Object.fromEntries(value);
}

function string(value, what) {
  require(typeof value === "string", `${what} is not a string`);
  return value;
}

function index(value) {
  require(value instanceof Numeral, "the index is not a number");
  const number = decimal(value.text);
  require(number !== null && number <= SAFE_MAX, `index ${value.text.slice(0, 40)} is not a number of 0 to 2^53 - 1`);
  return number;
}

function hashes(value, what) {
  require(Array.isArray(value), `${what} is not a list`);
  require(value.length <= PROOF_MAX, `${what} has more than ${PROOF_MAX} hashes`);
  return value.map((text) => digestFromHex(text, "a hash"));
}

function base64(value, most, what) {
  require(string(value, what).length <= most, `${what} of more than ${most} characters`);
  const bytes = fromBase64(value);
  require(bytes !== null, `${what} that is not padded base64`);
  return bytes;
}

const entryBytes = (value) => base64(value, ENTRY_CHARACTERS_MAX, "an entry");

function formatIs(found, expected) {
  require(found === expected, `format ${JSON.stringify(String(found).slice(0, 80))}, this reads "${expected}"`);
}

function fromJson(value) {
  const { format, entry, index: at, proof, checkpoint, item } = members(
    value, ["format", "entry", "index", "proof", "checkpoint"], ["item"], "the receipt");
  formatIs(format, FORMAT);
  textOf(string(checkpoint, "the checkpoint"), NOTE_BYTES_MAX, "the checkpoint");
  return {
    entry: entryBytes(entry),
    index: index(at),
    proof: hashes(proof, "the proof"),
    checkpoint,
    item: item === undefined ? null : itemFromJson(item),
  };
}

function leafFromJson(value) {
  const { index: at, entry, proof } = members(value, ["index", "entry", "proof"], [], "a leaf");
  return { index: index(at), entry: entryBytes(entry), proof: hashes(proof, "the proof") };
}

function standingFromJson(value) {
  const { listed, ended } = members(value, ["listed"], ["ended"], "the standing");
  return { listed: leafFromJson(listed), ended: ended === undefined ? null : leafFromJson(ended) };
}

function fromBundle(value) {
  const { format, receipt, submission, cose, standing, anchors } = members(
    value, ["format", "receipt", "cose", "anchors"], ["submission", "standing"], "the bundle");
  formatIs(format, BUNDLE_FORMAT);
  require(Array.isArray(cose) && cose.length <= COSE_MAX, `cose is not a list of at most ${COSE_MAX}`);
  require(Array.isArray(anchors) && anchors.length === 0, "anchors are not read here; the list must be empty");
  return {
    ...fromJson(receipt),
    submission: submission === undefined ? null : entryBytes(submission),
    cose: cose.map((text) => readIssued(base64(text, COSE_CHARACTERS_MAX, "a COSE receipt"))),
    standing: standing === undefined ? null : standingFromJson(standing),
  };
}

function itemFromJson(value) {
  const { digest, index: at, path } = members(value, ["digest", "index", "path"], [], "the item");
  return { digest: digestFromHex(digest), index: index(at), path: hashes(path, "the path") };
}

/** Text up to a line's end, and what follows it; null without one. */
function line(text) {
  const at = text.indexOf("\n");
  return at < 0 ? null : [text.slice(0, at), text.slice(at + 1)];
}

function itemFromExtra(text) {
  const bytes = text.length <= EXTRA_CHARACTERS_MAX ? fromBase64(text) : null;
  const tagged = bytes !== null && ITEM_TAG.every((byte, at) => bytes[at] === byte);
  const rest = tagged ? bytes.slice(ITEM_TAG.length) : null;
  const fits = rest !== null && rest.length >= 40 && (rest.length - 40) % 32 === 0 && (rest.length - 40) / 32 <= PROOF_MAX;
  require(fits && readU64be(rest.slice(32)) <= SAFE_MAX,
    "the proof has an `extra` line that is no item of a batch, and nothing authenticates it");
  const path = [];
  for (let at = 40; at < rest.length; at += 32) path.push(rest.slice(at, at + 32));
  return { digest: rest.slice(0, 32), index: readU64be(rest.slice(32)), path };
}

function fromTlogProof(text, entry) {
  textOf(text, TLOG_PROOF_BYTES_MAX, "the proof");
  require(entry.length <= ENTRY_BYTES_MAX, `the entry has ${entry.length} bytes, at most ${ENTRY_BYTES_MAX} are allowed`);
  let parts = line(text);
  require(parts !== null && parts[0] === HEADER, `the proof does not begin with the line "${HEADER}"`);
  let rest = parts[1];
  let item = null;
  if (rest.startsWith("extra ")) {
    parts = line(rest.slice("extra ".length));
    require(parts !== null, "an `extra` line that does not end");
    item = itemFromExtra(parts[0]);
    rest = parts[1];
  }
  parts = line(rest);
  const at = parts !== null && parts[0].startsWith("index ") ? decimal(parts[0].slice("index ".length)) : null;
  require(at !== null, "the line after the first is not `index`, space, a decimal number without leading zeros");
  const proof = [];
  for (;;) {
    parts = line(parts[1]);
    require(parts !== null, "no empty line parts the proof from its checkpoint");
    if (parts[0] === "") break;
    require(proof.length < PROOF_MAX, `the proof has more than ${PROOF_MAX} hashes`);
    const hash = digestFromBase64(parts[0]);
    require(hash !== null && hash.length === 32, `hash ${proof.length + 1} of the proof is not 32 bytes in base64 with padding`);
    proof.push(hash);
  }
  return { entry, index: at, proof, checkpoint: parts[1], item };
}

function read(source, entry) {
  if (source instanceof Uint8Array && source[0] === COSE) {
    if (entry !== undefined) throw beside();
    return readCose(source);
  }
  const text = textOf(source, BUNDLE_BYTES_MAX, "the receipt");
  if (text.startsWith("c2sp.org/tlog-proof")) {
    if (!(entry instanceof Uint8Array)) throw new UsageError("a tlog-proof does not hold the entry it is about: give options.entry");
    return fromTlogProof(text, entry);
  }
  if (entry !== undefined) throw beside();
  const value = parseJson(text, 127);
  if (value instanceof Map && value.get("format") === BUNDLE_FORMAT) return fromBundle(value);
  textOf(source, BYTES_MAX, "the receipt");
  return fromJson(value);
}

const beside = () => new UsageError("options.entry goes with a tlog-proof; other receipts hold their entry");

/**
 * Reads a receipt in any of its spellings.
 * @param {string | Uint8Array} source
 * @param {Uint8Array | undefined} entry the entry's bytes, which travel beside a tlog-proof
 * @throws {Refused} when it is no receipt
 * @throws {UsageError} when `entry` does not go with it
 */
export function readReceipt(source, entry) {
  // A view of Node's has another `slice`.
  const bytes = source instanceof Uint8Array ? new Uint8Array(source.buffer, source.byteOffset, source.length) : source;
  return { submission: null, cose: [], standing: null, ...read(bytes, entry) };
}
