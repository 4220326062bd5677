// COSE_Sign1: signed statements of SCITT, each of which is its own leaf of the log, with an empty unprotected header.
//
// Sources: RFC 9052 section 4, RFC 9597 (claims in label 15), RFC 9943 section 5, RFC 8747 section 3.1 (`cnf`); labels 258 and
// 259 of the COSE hash envelope.

import { concat, fromUtf8, Refused, require, utf8 } from "../bytes.js";
import { byteString } from "../cose.js";
import { shownKey } from "../names.js";
import { parseSignature } from "../schemes.js";
import { at, isMap, readCbor, tagged } from "./cbor.js";
import { cborClaims } from "./claims.js";
import { Beside, coseScheme, didOfKid, fromCoseKey, keyOf } from "./keys.js";

/** The first byte of every statement: tag 18. */
export const COSE_TAG = 0xd2;

const [ALG, CRIT, CONTENT_TYPE, KID, CLAIMS, HASH_ALG, PREIMAGE_TYPE] = [1n, 2n, 3n, 4n, 15n, 258n, 259n];
const [CNF, COSE_KEY, SHA_256] = [8n, 1n, -16n];
/** What may be critical: what is read. */
const UNDERSTOOD = [ALG, CRIT, CONTENT_TYPE, KID, CLAIMS, HASH_ALG, PREIMAGE_TYPE];
const SIG_STRUCTURE = concat(Uint8Array.of(0x84, 0x6a), utf8("Signature1"));

/** RFC 9052 section 3.1: a list of labels that is not empty, each in the protected header, each understood. */
function expectUnderstood(header) {
  require(isMap(header), "the protected header is no map");
  const critical = header.at(CRIT);
  if (critical === undefined) return;
  require(Array.isArray(critical) && critical.length > 0, "crit is no list of labels");
  for (const label of critical) {
    require(UNDERSTOOD.includes(label) && header.at(label) !== undefined, `the header makes ${String(label)} critical, which is not understood here`);
  }
}

/** The key that the DID in the key's name shows. */
function keyOfKid(kid) {
  if (!(kid instanceof Uint8Array)) return null;
  try {
    const did = didOfKid(fromUtf8(kid, "kid"));
    return did === undefined ? null : shownKey(did);
  } catch (fault) {
    if (fault instanceof Refused) return null;
    throw fault;
  }
}

/** @param {Uint8Array} bytes @throws {Refused} */
export function readCoseStatement(bytes) {
  const what = "the COSE statement";
  const parts = tagged(readCbor(bytes, what), 18n);
  require(Array.isArray(parts) && parts.length === 4, `${what} is not a list of four behind tag 18`);
  const [signed, unprotected, payload, seal] = parts;
  require(isMap(unprotected), "the unprotected header is no map");
  require(unprotected.size === 0, `${what} has an unprotected header, which is stripped before it is ordered`);
  require(payload !== null, "the payload is detached; a statement carries what it signs");
  for (const part of [signed, payload, seal]) require(part instanceof Uint8Array, `a part of ${what} is no byte string`);

  const header = readCbor(signed, "the protected header");
  expectUnderstood(header);
  const scheme = coseScheme(header.at(ALG));
  const stated = header.at(CLAIMS);
  const { issuer, subject } = cborClaims(stated);
  require(issuer !== undefined && subject !== undefined, "the protected header lacks the claims iss and sub in label 15");
  const cnf = at(at(stated, CNF), COSE_KEY);
  const inside = cnf === undefined ? keyOfKid(header.at(KID)) : fromCoseKey(cnf);
  // It is a leaf by itself, so nothing stands beside it.
  const key = keyOf({ scheme, inside, issuer: shownKey(issuer) }, new Beside([]));
  const message = concat(SIG_STRUCTURE, byteString(signed), Uint8Array.of(0x40), byteString(payload));
  const isHash = header.at(HASH_ALG) === SHA_256;
  require(!isHash || payload.length === 32, `the hash envelope: a digest has 32 bytes, this has ${payload.length}`);
  const type = header.at(header.at(PREIMAGE_TYPE) === undefined ? CONTENT_TYPE : PREIMAGE_TYPE);
  return {
    signed: [{ key, message, signature: parseSignature(scheme, seal) }],
    speaker: issuer,
    issuer,
    subject,
    mediaType: typeof type === "string" ? type : "",
    payload,
    artifact: isHash ? payload : undefined,
  };
}
