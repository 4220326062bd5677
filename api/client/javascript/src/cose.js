// Receipts in COSE: one validator's signature over the root, and beside it what a quorum signed.
//
// There is one spelling: deterministic CBOR, every header in its place, none more. So the reader asks for exactly what is
// written, item by item, and refuses everything else.
// Source: RFC 9942, RFC 8949 section 4.2.1; what is ours is in `proto/ENCODING.md`.

import { concat, equal, fromUtf8, require, SAFE_MAX, sha256, utf8 } from "./bytes.js";
import { COSIGNER_ML_DSA_65, LOG } from "./note.js";
import { ED25519, ML_DSA_65, parseSignature } from "./schemes.js";

export const COSE_BYTES_MAX = 5 << 18;
export const BARE_BYTES_MAX = 16 << 10;
const NOTE_BYTES_MAX = 1 << 20;
const ENTRY_BYTES_MAX = 65_535;
const TEXT_BYTES_MAX = 1 << 10;
const PROOF_MAX = 64;
/** "QUOR" as a number: the label under which our own receipts carry what a quorum signed. */
const PRIVATE = -1n - 0x51554f52n;
/** Note type of the key and scheme, by the algorithm's number. */
const ALGORITHMS = new Map([[-8n, [LOG, ED25519]], [-19n, [LOG, ED25519]], [-49n, [COSIGNER_ML_DSA_65, ML_DSA_65]]]);

const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG] = [0, 1, 2, 3, 4, 5, 6];

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** The kind and number of the next item, in their shortest form. */
  head() {
    require(this.at < this.bytes.length, "the CBOR ends before its last item does");
    const initial = this.bytes[this.at++];
    const [kind, short] = [initial >> 5, initial & 31];
    require(kind < 7 && short < 28, `the CBOR holds the initial byte 0x${initial.toString(16)}, which is not read`);
    if (short < 24) return [kind, BigInt(short)];
    const length = 1 << (short - 24);
    require(this.at + length <= this.bytes.length, "the CBOR ends before its last item does");
    let value = 0n;
    for (const byte of this.bytes.subarray(this.at, this.at + length)) value = (value << 8n) | BigInt(byte);
    this.at += length;
    const least = length === 1 ? 24n : 1n << BigInt(4 * length);
    require(value >= least, "a number or length in the CBOR is not written in its shortest form");
    return [kind, value];
  }

  expect(wanted, what) {
    const [kind, value] = this.head();
    require(kind === wanted, `the CBOR holds something else than ${what}`);
    return value;
  }

  /** A number from 0 to 2^53 - 1. */
  number(what) {
    const value = this.expect(UNSIGNED, what);
    require(value <= SAFE_MAX, `${what} ${value} is beyond 2^53 - 1`);
    return value;
  }

  /** A number that may be negative. */
  int(what) {
    const [kind, value] = this.head();
    require(kind === UNSIGNED || kind === NEGATIVE, `the CBOR holds something else than ${what}`);
    return kind === NEGATIVE ? -1n - value : value;
  }

  label(expected) {
    const found = this.int("a label");
    require(found === BigInt(expected), `the CBOR has the label ${found} where ${expected} should be`);
    return this;
  }

  bytesOf(most, what) {
    const length = this.expect(BYTES, what);
    return this.take(length, most, what);
  }

  text(most, what) {
    const length = this.expect(TEXT, what);
    return fromUtf8(this.take(length, most, what), what);
  }

  take(length, most, what) {
    require(length <= BigInt(most), `${what} of ${length} bytes, at most ${most} are allowed`);
    const end = this.at + Number(length);
    require(end <= this.bytes.length, "the CBOR ends before its last item does");
    const taken = this.bytes.slice(this.at, end);
    this.at = end;
    return taken;
  }

  digest(what) {
    const found = this.bytesOf(TEXT_BYTES_MAX, what);
    require(found.length === 32, `${what} has ${found.length} bytes, not 32`);
    return found;
  }

  count(kind, most, what) {
    const found = this.expect(kind, what);
    require(found <= BigInt(most), `${what} of ${found}, at most ${most} are allowed`);
    return Number(found);
  }

  exactly(kind, count, what) {
    require(this.count(kind, count, what) === count, `${what} has another number of items than ${count}`);
    return this;
  }

  hashes(what) {
    return Array.from({ length: this.count(ARRAY, PROOF_MAX, what) }, () => this.digest("a hash"));
  }

  end() {
    require(this.at === this.bytes.length, `${this.bytes.length - this.at} bytes follow the end of the CBOR`);
  }
}

function readProtected(bytes) {
  const reader = new Reader(bytes);
  reader.exactly(MAP, 4, "the protected header").label(1);
  const algorithm = reader.int("an algorithm");
  const kid = reader.label(4).digest("the key's name");
  reader.label(15).exactly(MAP, 2, "the claims").label(1);
  const issuer = reader.text(TEXT_BYTES_MAX, "the issuer");
  const subject = reader.label(2).text(TEXT_BYTES_MAX, "the subject");
  const structure = reader.label(395).int("a data structure");
  require(structure === 1n, `the verifiable data structure is ${structure}, not 1 (RFC9162_SHA256)`);
  reader.end();
  require(ALGORITHMS.has(algorithm), `the algorithm is ${algorithm}; known are -8, -19 and -49`);
  return { algorithm, kid, issuer, subject };
}

function readPrivate(reader) {
  const count = reader.label(PRIVATE).count(MAP, 3, "the private header");
  require(count >= 2, "the private header has neither checkpoint nor entry");
  const checkpoint = reader.label(1).text(NOTE_BYTES_MAX, "the checkpoint");
  const entry = reader.label(2).bytesOf(ENTRY_BYTES_MAX, "the entry");
  if (count === 2) return { checkpoint, entry, item: null };
  reader.label(3).exactly(ARRAY, 3, "the item");
  return {
    checkpoint,
    entry,
    item: { digest: reader.digest("the digest"), index: reader.number("an index"), path: reader.hashes("the path") },
  };
}

/** Takes a receipt apart: what an issuer says, and what stands under our own label, if it is there. @throws {Refused} */
function read(bytes) {
  require(bytes.length <= COSE_BYTES_MAX, `the COSE receipt has ${bytes.length} bytes, at most ${COSE_BYTES_MAX} are allowed`);
  const reader = new Reader(bytes);
  require(reader.expect(TAG, "a tag") === 18n, "a COSE receipt is a COSE_Sign1, of tag 18");
  const signed = reader.exactly(ARRAY, 4, "a COSE_Sign1").bytesOf(4 << 10, "the protected header");
  const said = readProtected(signed);
  const headers = reader.count(MAP, 2, "the unprotected header");
  require(headers > 0, "the COSE receipt has no proof");
  reader.label(396).exactly(MAP, 1, "the proofs").label(-1).exactly(ARRAY, 1, "the proofs of inclusion");
  const proof = new Reader(reader.bytesOf(32 + PROOF_MAX * 34, "the proof"));
  proof.exactly(ARRAY, 3, "the proof");
  const [size, index, path] = [proof.number("a size"), proof.number("an index"), proof.hashes("the path")];
  proof.end();
  const beside = headers === 2 ? readPrivate(reader) : null;
  require(reader.bytes[reader.at++] === 0xf6, "the payload is not detached");
  const signature = parseSignature(ALGORITHMS.get(said.algorithm)[1], reader.bytesOf(4_627, "the signature"));
  reader.end();
  return { issued: { ...said, signed, size, index, path, signature }, beside };
}

/** A receipt as RFC 9942 has it, without our label. @throws {Refused} */
export function readIssued(bytes) {
  const { issued, beside } = read(bytes);
  require(beside === null, "the COSE receipt has a header of its own for what stands beside it here");
  return issued;
}

/** A receipt in COSE with all that a quorum signed. @throws {Refused} */
export function readCose(bytes) {
  const { issued, beside } = read(bytes);
  require(beside !== null, "the COSE receipt holds no checkpoint, so no quorum stands behind it");
  return { ...beside, index: issued.index, proof: issued.path, cose: [issued] };
}

/** The RFC 9679 thumbprint of a key. */
const thumbprint = ({ scheme, bytes }) =>
  sha256(scheme === ED25519
    ? concat(Uint8Array.of(0xa3, 1, 1, 0x20, 6, 0x21, 0x58, 32), bytes)
    : concat(Uint8Array.of(0xa3, 1, 7, 3, 0x38, 0x30, 0x20, 0x59, bytes.length >> 8, bytes.length & 0xff), bytes));

/** The key of this name that the policy has for this log, and that signs by this algorithm. */
async function keyOf(policy, origin, type, kid) {
  for (const { key } of [...policy.logs, ...policy.witnesses]) {
    const ours = type === LOG ? key.name === origin : key.name.startsWith(`${origin}/`);
    if (key.type === type && ours && equal(await thumbprint(key.key), kid)) return key.key;
  }
  return null;
}

/** A byte string of at most 65,535 bytes, as it is written in CBOR. */
export function byteString(bytes) {
  const length = bytes.length;
  const head = length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), bytes);
}

const SIG_STRUCTURE = concat(Uint8Array.of(0x84, 0x6a), utf8("Signature1"));

/** Checks who signed each receipt, and that it is over this checkpoint's root. @throws {Refused} */
export async function checkIssuers(policy, { origin, root }, cose) {
  for (const { algorithm, kid, issuer, signed, signature } of cose) {
    require(issuer === origin, `the COSE receipt is issued by ${JSON.stringify(issuer)}, the checkpoint is of ${origin}`);
    const key = await keyOf(policy, origin, ALGORITHMS.get(algorithm)[0], kid);
    require(key !== null, `the COSE receipt is signed with algorithm ${algorithm} by a key that the policy does not name for this log`);
    await key.verify(concat(SIG_STRUCTURE, byteString(signed), Uint8Array.of(0x40), byteString(root)), signature);
  }
}
