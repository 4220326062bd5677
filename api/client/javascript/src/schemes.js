// Signature schemes: numbers, names, sizes, and public keys that verify.
//
// A key belongs to one scheme and verifies signatures of that scheme alone.
// Source: RFC 8032, FIPS 204; RFC 7638 and RFC 9964 for the ids of keys.

import { ml_dsa44, ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";

import { Refused, concat, require, sha256, toBase64Url, utf8 } from "./bytes.js";
import { Ed25519Key } from "./ed25519.js";
import { P256Key } from "./p256.js";

export const ED25519 = 1;
export const ML_DSA_65 = 2;
export const HYBRID = 3;
export const DILITHIUM3_R3 = 4;
/** Of attestations that others verify; no author has such a key. */
export const ES256 = 5;
export const DILITHIUM3_R3_ED25519 = 6;
/** Of witnesses alone (note type 06). It is no number, so that no submission can name it. */
export const ML_DSA_44 = "ml-dsa-44";

const SCHEMES = new Map([
  [ED25519, { name: "ed25519", key: 32, signature: 64 }],
  [ML_DSA_65, { name: "ml-dsa-65", key: 1952, signature: 3309 }],
  [HYBRID, { name: "ed25519+ml-dsa-65", key: 32 + 1952, signature: 64 + 3309 }],
  [ML_DSA_44, { name: "ml-dsa-44", key: 1312, signature: 2420 }],
  [DILITHIUM3_R3, { name: "dilithium3-r3", key: 1952, signature: 3293 }],
  [DILITHIUM3_R3_ED25519, { name: "dilithium3-r3+ed25519", key: 1952 + 32, signature: 3293 + 64 }],
  [ES256, { name: "es256", key: 65, signature: 64 }],
]);

/** Where the half of Ed25519 stands in a key. */
const ED25519_AT = new Map([[ED25519, 0], [HYBRID, 0], [DILITHIUM3_R3_ED25519, 1952]]);

/** Stands before the message in both halves of a hybrid signature. */
export const HYBRID_LABEL = utf8("quorate/hybrid/ed25519+ml-dsa-65/v1\0");

export const schemeName = (scheme) => SCHEMES.get(scheme)?.name;

function verifyMlDsa(algorithm, name, key, message, signature) {
  let holds = false;
  try {
    holds = algorithm.verify(signature, message, key);
  } catch {
    // The library throws on what it cannot decode.
  }
  if (!holds) throw new Refused(`the ${name} signature does not fit the key and the message`);
}

const verifyMlDsa65 = (...what) => verifyMlDsa(ml_dsa65, "ml-dsa-65", ...what);

/** A public key of one of the schemes. */
export class PublicKey {
  /** @param {number} scheme @param {Uint8Array} bytes @throws {Refused} */
  static parse(scheme, bytes) {
    const sizes = SCHEMES.get(scheme);
    require(sizes !== undefined, `scheme ${scheme} is unknown`);
    require(bytes.length === sizes.key,
      `a public key of ${sizes.name} has ${sizes.key} bytes, this has ${bytes.length}`);
    const at = ED25519_AT.get(scheme);
    if (scheme === ES256) return new PublicKey(scheme, bytes, P256Key.parse(bytes));
    return new PublicKey(scheme, bytes, at === undefined ? null : Ed25519Key.parse(bytes.slice(at, at + 32)));
  }

  /** @param {Ed25519Key | P256Key | null} point the key, or the half of it, that is a point of a curve */
  constructor(scheme, bytes, point) {
    this.scheme = scheme;
    this.bytes = bytes;
    this.point = point;
  }

  /** The RFC 7638 thumbprint: 32 bytes. */
  async thumbprint() {
    if (this.scheme === ES256) {
      const [x, y] = this.point.coordinates.map(toBase64Url);
      return sha256(utf8(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`));
    }
    const key = toBase64Url(this.bytes);
    const alg = this.scheme === ML_DSA_65 ? "ML-DSA-65" : schemeName(this.scheme);
    return sha256(utf8(this.scheme === ED25519
      ? `{"crv":"Ed25519","kty":"OKP","x":"${key}"}`
      : `{"alg":"${alg}","kty":"AKP","pub":"${key}"}`));
  }

  /** The key's id as text. */
  async id() {
    return toBase64Url(await this.thumbprint());
  }

  /** @param {Uint8Array} message @param {{scheme: number, bytes: Uint8Array}} signature @throws {Refused} */
  async verify(message, signature) {
    require(signature.scheme === this.scheme,
      `a signature of ${schemeName(signature.scheme)} under a key of ${schemeName(this.scheme)}`);
    switch (this.scheme) {
      case ED25519:
      case ES256:
        return this.point.verify(message, signature.bytes);
      case ML_DSA_65:
        return verifyMlDsa65(this.bytes, message, signature.bytes);
      case ML_DSA_44:
        return verifyMlDsa(ml_dsa44, "ml-dsa-44", this.bytes, message, signature.bytes);
      case HYBRID: {
        const labelled = concat(HYBRID_LABEL, message);
        await this.point.verify(labelled, signature.bytes.slice(0, 64));
        return verifyMlDsa65(this.bytes.slice(32), labelled, signature.bytes.slice(64));
      }
      default:
        throw new Refused(`signatures of ${schemeName(this.scheme)} cannot be checked here`);
    }
  }
}

/** Takes bytes as a signature of a scheme. @throws {Refused} */
export function parseSignature(scheme, bytes) {
  const sizes = SCHEMES.get(scheme);
  require(sizes !== undefined, `scheme ${scheme} is unknown`);
  require(bytes.length === sizes.signature,
    `a signature of ${sizes.name} has ${sizes.signature} bytes, this has ${bytes.length}`);
  return { scheme, bytes };
}
