// Submissions: signed here, their id known before anything is sent.
//
// A key's seed is that of the Rust implementation: the same 32 bytes give the same key and the same id everywhere.
// Source: `proto/quorate.proto` and `proto/ENCODING.md`.

import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";

import { concat, digestFromHex, Refused, sha256, toHex, utf8 } from "./bytes.js";
import { ed25519FromSeed } from "./ed25519.js";
import { readSubmission, signedBytes } from "./entry.js";
import { UsageError } from "./errors.js";
import { didOf } from "./names.js";
import { bytesField, messageField, numberField } from "./protobuf.js";
import { ED25519, HYBRID, HYBRID_LABEL, ML_DSA_65, PublicKey } from "./schemes.js";

const SCHEMES = { ed25519: ED25519, "ml-dsa-65": ML_DSA_65, "ed25519+ml-dsa-65": HYBRID };

/** A seed of its own for a role: HKDF with SHA-256 (RFC 5869). */
async function deriveSeed(master, role) {
  const key = await crypto.subtle.importKey("raw", master, "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: utf8("quorate/keys/v1"), info: utf8(role) };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 256));
}

/** One who signs submissions with one key. */
export class Signer {
  /**
   * @param {Uint8Array} seed 32 bytes, kept secret
   * @param {"ed25519" | "ml-dsa-65" | "ed25519+ml-dsa-65"} [scheme]
   */
  static async fromSeed(seed, scheme = "ed25519") {
    if (!(seed instanceof Uint8Array) || seed.length !== 32) throw new UsageError("a seed has 32 bytes");
    const number = SCHEMES[scheme];
    if (number === undefined) throw new UsageError(`${scheme} is not a scheme that signs`);
    const signer = new Signer();
    const isHybrid = number === HYBRID;
    const halves = [];
    if (number !== ML_DSA_65) {
      halves.push(await ed25519FromSeed(isHybrid ? await deriveSeed(seed, "hybrid/ed25519") : seed));
    }
    if (number !== ED25519) {
      const pair = ml_dsa65.keygen(isHybrid ? await deriveSeed(seed, "hybrid/ml-dsa-65") : seed);
      halves.push({ publicKey: pair.publicKey, sign: async (message) => ml_dsa65.sign(message, pair.secretKey) });
    }
    signer.key = PublicKey.parse(number, concat(...halves.map(({ publicKey }) => publicKey)));
    signer.did = await didOf(signer.key);
    signer.keyId = await signer.key.id();
    signer.sign = async (message) => {
      const signed = isHybrid ? concat(HYBRID_LABEL, message) : message;
      return concat(...(await Promise.all(halves.map(({ sign }) => sign(signed)))));
    };
    return signer;
  }

  /** A signer with a new key. The seed is not kept: make one yourself to use the key again. */
  static generate(scheme = "ed25519") {
    return Signer.fromSeed(crypto.getRandomValues(new Uint8Array(32)), scheme);
  }
}

const digest = (value) => (value instanceof Uint8Array ? value : digestFromHex(value));
const text = (number, value = "") => bytesField(number, utf8(value));

/** That these bytes existed, and who said so. `content` is their SHA-256. */
export const proofSubmit = ({ content, contentBytes, mediaType, subject }) =>
  messageField(20, bytesField(1, digest(content)), numberField(2, BigInt(contentBytes)), text(3, mediaType), text(4, subject));

/** A statement about a subject. */
export const attestationIssue = ({ subject, predicateType, predicate, content, expiresAtMs = 0 }) =>
  messageField(21, text(1, subject), text(2, predicateType), bytesField(3, predicate ?? new Uint8Array()),
    bytesField(4, content === undefined ? new Uint8Array() : digest(content)), numberField(5, BigInt(expiresAtMs)));

/** The root of a batch of `count` items, whose receipts follow from its own. */
export const batchAnchor = ({ root, count, tree = "rfc6962-sha256-digests" }) =>
  messageField(23, bytesField(1, digest(root)), numberField(2, BigInt(count)), text(3, tree));

/**
 * Signs an operation.
 * @returns {Promise<{ id: string, envelope: Uint8Array }>} what is sent, and the id under which it will be known
 */
export async function sign(signer, { network, operation, tenant = "default", author = signer.did, nonce = 0, expiresAtMs = 0 }) {
  try {
    const name = digest(network);
    const key = messageField(4, numberField(1, BigInt(signer.key.scheme)), bytesField(2, signer.key.bytes));
    const body = concat(bytesField(1, name), text(2, tenant), text(3, author), key, numberField(5, BigInt(nonce)),
      numberField(6, BigInt(expiresAtMs)), operation);
    const signature = await signer.sign(signedBytes(name, body));
    const envelope = concat(messageField(1, body),
      messageField(2, numberField(1, BigInt(signer.key.scheme)), bytesField(2, signature)));
    // What is sent was read as a node reads it: a fault is known before anything leaves.
    const { id } = await readSubmission(envelope);
    return { id: toHex(id), envelope };
  } catch (fault) {
    throw fault instanceof Refused ? new UsageError(fault.message) : fault;
  }
}

/** The SHA-256 of content, for `proofSubmit`. @param {Uint8Array} bytes */
export const digestOf = async (bytes) => toHex(await sha256(bytes));
