// The tree of RFC 6962 with SHA-256: leaves, nodes, inclusion and consistency proofs, the whole tree of a batch.
//
// Index and size fix the exact length of a proof, so nothing can be appended, dropped or moved.
// Source: RFC 6962 section 2.1, RFC 9162 section 2.1.3.2 and 2.1.4.2.

import { equal, require, sha256 } from "./bytes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @param {Uint8Array} entry */
export const leafHash = (entry) => sha256(LEAF, entry);

/** @param {Uint8Array} left @param {Uint8Array} right */
export const nodeHash = (left, right) => sha256(NODE, left, right);

const bitLength = (number) => (number === 0n ? 0 : number.toString(2).length);
const ones = (number) => number.toString(2).replaceAll("0", "").length;

/** How many hashes the proof for leaf `index` of `size` leaves has; null without such a leaf. */
export function proofLength(index, size) {
  if (index >= size) return null;
  const inner = bitLength(index ^ (size - 1n));
  return inner + ones(index >> BigInt(inner));
}

/** The root that a leaf's hash and a proof of the right length lead to. */
export async function rootFrom(leaf, index, size, proof) {
  let hash = leaf;
  let [at, edge] = [index, size - 1n];
  for (const sibling of proof) {
    if (at % 2n === 1n || at === edge) {
      hash = await nodeHash(sibling, hash);
      // A left child on the right edge has no sibling: it is its own parent until it turns right.
      while (at % 2n === 0n && at !== 0n) {
        at /= 2n;
        edge /= 2n;
      }
    } else {
      hash = await nodeHash(hash, sibling);
    }
    at /= 2n;
    edge /= 2n;
  }
  return hash;
}

/** Checks that the log of `newSize` leaves extends that of `oldSize`. @throws {Refused} */
export async function verifyConsistency(oldSize, oldRoot, newSize, newRoot, proof) {
  require(oldSize <= newSize, `a log of ${newSize} leaves cannot extend one of ${oldSize}`);
  require(oldSize > 0n, "the older log is empty, which says nothing about the newer one");
  if (oldSize === newSize) {
    require(proof.length === 0, "a proof where none is needed");
    return require(equal(oldRoot, newRoot), `two roots for a log of ${oldSize} leaves`);
  }
  let [at, edge] = [oldSize - 1n, newSize - 1n];
  while (at % 2n === 1n) [at, edge] = [at / 2n, edge / 2n];
  const hashes = [...proof];
  // A complete older tree is a node of the newer one, and begins the proof itself.
  if (at === 0n) hashes.unshift(oldRoot);
  require(hashes.length > 0, "the proof is too short");
  let [older, newer] = [hashes[0], hashes[0]];
  for (const sibling of hashes.slice(1)) {
    require(edge !== 0n, "the proof is too long");
    if (at % 2n === 1n || at === edge) {
      older = await nodeHash(sibling, older);
      newer = await nodeHash(sibling, newer);
      while (at % 2n === 0n && at !== 0n) [at, edge] = [at / 2n, edge / 2n];
    } else {
      newer = await nodeHash(newer, sibling);
    }
    [at, edge] = [at / 2n, edge / 2n];
  }
  require(edge === 0n, "the proof is too short");
  require(equal(older, oldRoot), "the proof leads to another older root");
  require(equal(newer, newRoot), "the proof leads to another newer root");
}

/** The root of the tree over entries, in their order; of none, the hash of nothing. @param {Uint8Array[]} entries */
export async function rootOver(entries) {
  if (entries.length === 0) return sha256(new Uint8Array());
  let hashes = await Promise.all(entries.map(leafHash));
  while (hashes.length > 1) {
    const above = [];
    // The last of an odd number has no sibling and rises as it is.
    for (let at = 0; at < hashes.length; at += 2) {
      above.push(at + 1 < hashes.length ? nodeHash(hashes[at], hashes[at + 1]) : hashes[at]);
    }
    hashes = await Promise.all(above);
  }
  return hashes[0];
}
