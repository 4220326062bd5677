// RSA-PSS with SHA-256, also in its mask, and the longest salt that the key allows; keys of 2,048 to 8,192 bits.
//
// Keys are a SubjectPublicKeyInfo or an RSAPublicKey.
// Source: RFC 8017 sections 8.1.2, 9.1.2 and A.1.1; RFC 4055 section 1.2.

import { fromHex, require, toBase64Url, toHex } from "../bytes.js";
import { readSequence, twoIntegers } from "./der.js";
import { holds } from "./platform.js";

/** rsaEncryption, with NULL as it should be and without, and id-RSASSA-PSS, which restricts nothing. */
const IDENTIFIERS = ["06092a864886f70d0101010500", "06092a864886f70d010101", "06092a864886f70d01010a"].map(fromHex);
const DIGEST_LENGTH = 32;

function readKey(of) {
  return of.isSequence ? readSequence(of.publicKey(...IDENTIFIERS), twoIntegers) : twoIntegers(of);
}

/** Whether a signature fits. @throws {Refused} when the key is none @throws {Otherwise} when that cannot be told */
export function verifyRsaPss(key, signed, signature) {
  const [n, e] = readSequence(key, readKey);
  const bits = n.length === 0 ? 0 : 8 * n.length - Math.clz32(n[0]) + 24;
  require(bits >= 2048 && bits <= 8192 && n.at(-1) % 2 === 1, "a modulus that is not taken");
  const exponent = BigInt(`0x0${toHex(e)}`);
  require(exponent > 1n && exponent % 2n === 1n && exponent < 1n << 33n, "an exponent that is not taken");
  const parameters = { name: "RSA-PSS", saltLength: Math.ceil((bits - 1) / 8) - DIGEST_LENGTH - 2 };
  const jwk = { kty: "RSA", n: toBase64Url(n), e: toBase64Url(e) };
  return holds("jwk", jwk, { name: "RSA-PSS", hash: "SHA-256" }, parameters, signature, signed);
}
