// Signatures of others under evidence, by the algorithms that they name; all of them sign SHA-256 of what is signed.
//
// ML-DSA and Ed25519 take its 32 bytes for their message; ECDSA and RSA-PSS take it for the hash they would have made.
// Sources: FIPS 204, RFC 8032, and those of `ecdsa.js` and `rsa.js`.

import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";

import { Refused, require, sha256 } from "../bytes.js";
import { Ed25519Key } from "../ed25519.js";
import { ECDSA_P256, ECDSA_P384, verifyEcdsa } from "./ecdsa.js";
import { notHere } from "./platform.js";
import { verifyRsaPss } from "./rsa.js";

const POST_QUANTUM = new Map([["ML-DSA-44", ml_dsa44], ["ML-DSA-65", ml_dsa65], ["ML-DSA-87", ml_dsa87]]);
const ALGORITHMS = [...POST_QUANTUM.keys(), "Ed25519", "RSA-PSS-SHA256", "ECDSA-P256", "ECDSA-P384"];

/** Whether signatures of an algorithm are checked here. */
export const isKnown = (name) => ALGORITHMS.includes(name);

/** Whether a quantum computer is not known to forge them. */
export const isPostQuantum = (name) => POST_QUANTUM.has(name);

/** Why bytes are refused of which the key alone is wrong. */
class NoKey extends Refused {}

/** Ed25519, strictly: whether the signature fits. */
async function verifyEd25519(key, signed, signature) {
  let point;
  try {
    point = Ed25519Key.parse(key);
  } catch (fault) {
    throw fault instanceof Refused ? new NoKey(fault.message) : fault;
  }
  require(signature.length === 64, "a signature of another length");
  const digest = await sha256(signed);
  try {
    await point.verify(digest, signature);
  } catch (fault) {
    throw fault instanceof Refused ? fault : notHere();
  }
  return true;
}

async function verifyMlDsa(algorithm, key, signed, signature) {
  const { publicKey, signature: length } = algorithm.lengths;
  if (key.length !== publicKey) throw new NoKey("a key of another length");
  require(signature.length === length, "a signature of another length");
  return algorithm.verify(signature, await sha256(signed), key);
}

function held(name, key, signed, signature) {
  switch (name) {
    case "Ed25519":
      return verifyEd25519(key, signed, signature);
    case "RSA-PSS-SHA256":
      return verifyRsaPss(key, signed, signature);
    case "ECDSA-P256":
      return verifyEcdsa(ECDSA_P256, key, signed, signature);
    case "ECDSA-P384":
      return verifyEcdsa(ECDSA_P384, key, signed, signature);
    default:
      return verifyMlDsa(POST_QUANTUM.get(name), key, signed, signature);
  }
}

/**
 * Checks a signature over SHA-256 of what is signed, by an algorithm that is known.
 *
 * @param {string} name @param {Uint8Array} key @param {Uint8Array} signed @param {Uint8Array} signature
 * @throws {Refused} when it does not fit @throws {Otherwise} when that cannot be told here
 */
export async function verifyOutside(name, key, signed, signature) {
  let fits = false;
  try {
    fits = await held(name, key, signed, signature);
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    require(!(fault instanceof NoKey), `${key.length} bytes are no public key of ${name}`);
  }
  require(fits, `the ${name} signature does not fit the key and the digest`);
}
