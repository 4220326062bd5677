// SHAKE256, which WebCrypto does not have: the hash of ProofNest's names and ids, and of nothing of our own.
//
// Source: FIPS 202 section 6.2.

import { shake256 as shake } from "@noble/hashes/sha3.js";

/** The first `length` bytes of the SHAKE256 of `bytes`. @param {Uint8Array} bytes @param {number} length */
export const shake256 = (bytes, length) => shake(bytes, { dkLen: length });
