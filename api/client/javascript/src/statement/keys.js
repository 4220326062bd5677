// By which key a statement is signed, and who that is.
//
// The key stands in what is signed, or its author's DID shows it, or it is given beside the statement. It is never looked
// up. Sources: RFC 8037 (OKP), RFC 9964 (AKP), RFC 9053 section 7 and RFC 8747 (COSE_Key, `cnf`), did:key.

import { equal, require } from "../bytes.js";
import { didName, didOf, shownKey } from "../names.js";
import { ED25519, ML_DSA_65, PublicKey } from "../schemes.js";
import { at } from "./cbor.js";
import { base64Url, textIn } from "./text.js";

const JOSE = new Map([["Ed25519", ED25519], ["EdDSA", ED25519], ["ML-DSA-65", ML_DSA_65]]);
const COSE = new Map([[-8n, ED25519], [-19n, ED25519], [-49n, ML_DSA_65]]);
const HTTP = new Map([["ed25519", ED25519], ["ml-dsa-65", ML_DSA_65]]);
const BY_LENGTH = new Map([[64, ED25519], [3_309, ML_DSA_65]]);

function known(schemes, alg) {
  const scheme = schemes.get(alg);
  require(scheme !== undefined, `algorithm ${String(alg).slice(0, 80)} is not taken; these are: ${[...schemes.keys()].join(", ")}`);
  return scheme;
}

export const joseScheme = (alg) => known(JOSE, alg);
export const coseScheme = (alg) => known(COSE, typeof alg === "bigint" ? alg : "no number");
export const httpScheme = (alg) => known(HTTP, alg);

/** The scheme whose signatures have this length, for envelopes that name no algorithm. */
export function schemeByLength({ length }) {
  const scheme = BY_LENGTH.get(length);
  require(scheme !== undefined, `the signature has ${length} bytes; those of ed25519 have 64, of ml-dsa-65 3309`);
  return scheme;
}

/** The keys given beside a statement: at most one of Ed25519 and one of ML-DSA-65, in this order. */
export class Beside {
  /** @param {PublicKey[]} keys @throws {Refused} */
  constructor(keys) {
    const inOrder = keys.every(({ scheme }, place) => place === 0 || keys[place - 1].scheme < scheme);
    require(keys.length <= 2 && inOrder, "the keys beside the statement are not at most one of ed25519 and one of ml-dsa-65, in this order");
    this.left = [...keys];
  }

  take(wanted) {
    const place = this.left.findIndex(({ scheme }) => scheme === wanted);
    return place < 0 ? null : this.left.splice(place, 1)[0];
  }

  /** @throws {Refused} when a key was not needed: one statement would have two spellings */
  end() {
    require(this.left.length === 0, `${this.left.length} keys more than needed are given beside the envelope`);
  }
}

/**
 * The key of one signature: the header's own, else the one beside, else the one that the issuer's DID shows.
 * @param {{ scheme: number, inside?: PublicKey | null, issuer?: PublicKey | null }} hint
 * @throws {Refused}
 */
export function keyOf({ scheme, inside = null, issuer = null }, beside) {
  let key = inside;
  if (key === null) {
    key = beside.take(scheme);
    const same = key !== null && issuer !== null && key.scheme === issuer.scheme && equal(key.bytes, issuer.bytes);
    require(!same, "the key beside the envelope is the one that its issuer shows");
    if (key === null && issuer?.scheme === scheme) key = issuer;
  }
  require(key !== null, "the key of a signature is neither in the envelope nor beside it");
  require(key.scheme === scheme, "the header says another algorithm than the key's");
  return key;
}

const isOurs = (text) => text.startsWith("did:key:") || text.startsWith("did:quorate:");

/** The DID in a key's name: what stands before `#`, if it is of a method that is read here. */
export function didOfKid(kid) {
  const [did] = kid.split("#");
  return isOurs(did) ? did : undefined;
}

/** Who speaks: whom the statement names by a DID that is read here, else whoever the key is. */
export async function authorOf(speaker, key) {
  return speaker !== undefined && isOurs(speaker) ? didName(speaker) : didOf(key);
}

/** A public key as JWK. @param {Map<string, unknown>} jwk @throws {Refused} */
export function fromJwk(jwk) {
  const what = "the header's jwk";
  require(jwk instanceof Map, `${what} is no object`);
  require(!jwk.has("d") && !jwk.has("priv"), `${what} is a private key, which is now known to all who saw it`);
  const [kty, crv, alg] = ["kty", "crv", "alg"].map((name) => textIn(jwk, name));
  const isOkp = kty === "OKP" && crv === "Ed25519";
  require(isOkp || (kty === "AKP" && alg === "ML-DSA-65"), `${what} is neither OKP with Ed25519 nor AKP with alg ML-DSA-65`);
  const algs = isOkp ? ["Ed25519", "EdDSA"] : ["ML-DSA-65"];
  require(!jwk.has("alg") || algs.includes(alg), `${what} says another algorithm than its own`);
  const text = textIn(jwk, isOkp ? "x" : "pub");
  require(text !== undefined, `${what} has no key`);
  return PublicKey.parse(isOkp ? ED25519 : ML_DSA_65, base64Url(text, what));
}

/** A public key as COSE_Key. @throws {Refused} */
export function fromCoseKey(key) {
  const what = "the key in cnf";
  const [kty, curve, alg] = [1n, -1n, 3n].map((label) => at(key, label));
  const isOkp = kty === 1n && curve === 6n;
  require(isOkp || (kty === 7n && alg === -49n), `${what} is neither OKP (1) with Ed25519 (6) nor AKP (7) with alg -49`);
  require(at(key, isOkp ? -4n : -2n) === undefined, `${what} is a private key, which is now known to all who saw it`);
  const algs = isOkp ? [-8n, -19n] : [-49n];
  require(alg === undefined || algs.includes(alg), `${what} says another algorithm than its own`);
  const bytes = at(key, isOkp ? -2n : -1n);
  require(bytes instanceof Uint8Array, `${what} has no bytes`);
  return PublicKey.parse(isOkp ? ED25519 : ML_DSA_65, bytes);
}
