// PROOF primitives of ProofNest: a claim, signed by an issuer of its own beside the author of the submission.
//
// Told whole, a proof's id is the SHAKE256 of nine fields as Python's JSON writes them: sorted, compact, ASCII alone. Told by
// hashes, the id is the issuer's word. In both forms the issuer's key signs the text of the id.
// Source: `proto/src/primitive.rs`, `proto/src/wire/primitive.rs`, `proto/src/canon/proofnest.rs`.

import { require, toHex, utf8 } from "../bytes.js";
import { didName, plainText } from "../names.js";
import { readMessage } from "../protobuf.js";
import { shake256 } from "../shake.js";
import { digest, field, readKey, readSignature } from "./parts.js";

const CLAIM_BYTES_MAX = 32 << 10;
const METADATA_BYTES_MAX = 8 << 10;
const CHAIN_BYTES_MAX = 128;
const VERSION = "1.0.0";

const KINDS = [
  "CLAIM", "IDENTITY", "WORK", "TRUTH", "VALUE", "DECISION", "RELATION", "HISTORY",
  "KNOWLEDGE", "CONTRACT", "TRUST", "DELEGATION", "REVOCATION", "ATTESTATION", "CUSTOM",
];
const EVIDENCE = /^(shake256|proof:proof):[0-9a-f]{64}$/;

const SCHEMA = {
  1: field("issuer", "text"),
  2: field("key", "message"),
  3: field("signature", "message"),
  4: field("timestamp", "u64"),
  5: field("kind", "u32"),
  6: field("claim", "text"),
  7: field("subject", "text"),
  8: field("evidence", "text"),
  9: field("nonce", "bytes"),
  10: field("previous", "bytes"),
  11: field("proof", "bytes"),
  12: field("claimHash", "bytes"),
  13: field("metadata", "text"),
  14: field("expires", "u64"),
  15: field("chain", "text"),
  16: field("index", "u64"),
};

const idOf = (hash) => `proof:${toHex(hash)}`;

/** Text as Python's JSON writes it by default. */
function ascii(text) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escaped);
}

const asciiOrNull = (text) => (text === "" ? "null" : ascii(text));

/** The id that follows from what is told. The members stand in the order of their names. */
function idOfWhole({ issuer, timestamp, kind, claim, subject, evidence, nonce, previous }) {
  const members = [
    ["claim", ascii(claim)],
    ["evidence", asciiOrNull(evidence)],
    ["issuer", ascii(issuer)],
    ["nonce", ascii(toHex(nonce))],
    ["previous_proof", previous.length === 0 ? "null" : ascii(idOf(previous))],
    ["proof_type", ascii(KINDS[Number(kind) - 1])],
    ["subject", asciiOrNull(subject)],
    ["timestamp", timestamp.toString()],
    ["version", ascii(VERSION)],
  ];
  return idOf(shake256(utf8(`{${members.map(([name, value]) => `"${name}":${value}`).join(",")}}`), 32));
}

function readWhole(told) {
  const { kind, claim, subject, evidence, nonce, previous, proof, claimHash } = told;
  require(proof.length === 0 && claimHash.length === 0, "proof follows from a proof told whole, and is not written");
  require(kind <= BigInt(KINDS.length), `${kind} is no kind of proof`);
  atMost(claim, CLAIM_BYTES_MAX, "claim");
  plainText(subject, "subject");
  require(evidence === "" || EVIDENCE.test(evidence), "evidence is shake256: or proof:proof:, and 64 lower-case hex digits");
  require(nonce.length === 16, `a nonce has 16 bytes, this has ${nonce.length}`);
  if (previous.length > 0) digest(previous, "previous_proof");
  return { id: idOfWhole(told) };
}

function readHashes({ claim, subject, evidence, nonce, previous, proof, claimHash, metadata, expires, chain }) {
  const more = [claim, subject, evidence, nonce, previous];
  require(more.every(({ length }) => length === 0), "kind is missing beside what only a proof told whole has");
  // The id covers none of these, and here its issuer says the id alone.
  require(metadata === "" && expires === 0n && chain === "", "a proof told by hashes says nothing more than these");
  return { id: idOf(digest(proof, "proof")), content: digest(claimHash, "claim_hash") };
}

function atMost(text, max, what) {
  const { length } = utf8(text);
  require(length <= max, `${what}: ${length} bytes found, at most ${max} are allowed`);
}

export const PRIMITIVES = {
  "proof.primitive"(bytes) {
    const told = readMessage(bytes, SCHEMA, "proof.primitive");
    const { issuer, key, signature, kind, metadata, chain, index } = told;
    const { id, content } = kind === 0n ? readHashes(told) : readWhole(told);
    atMost(metadata, METADATA_BYTES_MAX, "metadata");
    plainText(chain, "chain", CHAIN_BYTES_MAX);
    require(chain !== "" || index === 0n, "index is a place in no chain");
    didName(issuer);
    const issued = { key: readKey(key, "key"), message: utf8(id), signature: readSignature(signature, "signature") };
    return content === undefined ? { issued } : { issued, content };
  },
};
