// JWS: one signature in compact form, or two in general JSON form, of Ed25519 and ML-DSA-65.
//
// Unprotected headers are refused: nothing covers them. Sources: RFC 7515, RFC 7797 (refused), RFC 8037, RFC 9864, RFC 9964.

import { fromUtf8, require, utf8 } from "../bytes.js";
import { shownKey } from "../names.js";
import { parseSignature } from "../schemes.js";
import { jsonClaims } from "./claims.js";
import { Beside, didOfKid, fromJwk, joseScheme, keyOf } from "./keys.js";
import { base64Url, lowerAscii, only, readObject, textIn, textOfMember } from "./text.js";

const WHAT = "the JWS";

/** The compact form. @param {Uint8Array} bytes @throws {Refused} */
export function readJws(bytes, beside) {
  const parts = fromUtf8(bytes, WHAT).split(".");
  require(parts.length === 3, `${WHAT} is not three parts with a dot between them`);
  const [protectedHeader, payload, signature] = parts;
  require(payload !== "", "the payload is detached; a statement carries what it signs");
  return read(payload, [{ protectedHeader, signature }], beside);
}

/** The general JSON form. @param {Uint8Array} bytes @throws {Refused} */
export function readJwsJson(bytes, beside) {
  const object = only(readObject(bytes, WHAT), ["payload", "signatures"], WHAT);
  const payload = textOfMember(object, "payload", WHAT);
  const signatures = object.get("signatures");
  // One signature is said in compact form: one statement has one spelling.
  require(Array.isArray(signatures) && signatures.length === 2, `${WHAT} has no list of two signatures`);
  const parts = signatures.map((one) => {
    const what = "a signature of the JWS";
    only(one, ["protected", "signature"], what);
    return { protectedHeader: textOfMember(one, "protected", what), signature: textOfMember(one, "signature", what) };
  });
  return read(payload, parts, beside);
}

/** A protected header without extensions. */
function readHeader(text) {
  const what = "the protected header";
  const header = readObject(base64Url(text, what), what);
  require(!header.has("crit"), "the header makes something critical, which is not understood here");
  // RFC 7797 section 6 demands that it is critical; who left that out is not to be understood in two ways.
  require(!header.has("b64") || header.get("b64") === true, "the header makes b64 critical, which is not understood here");
  return header;
}

function isJwt(header) {
  const typ = lowerAscii(textIn(header, "typ") ?? "");
  return typ === "jwt" || typ.endsWith("+jwt");
}

/** The claims of the payload, if a header says that it is a JWT; else what a header repeats of them. */
function readClaims(headers, content) {
  if (headers.some(isJwt)) return jsonClaims(readObject(content, "the JWT"));
  const [claims, ...others] = headers.map(jsonClaims);
  const isSame = ({ issuer, subject, expires }) => issuer === claims.issuer && subject === claims.subject && expires === claims.expires;
  require(others.every(isSame), "the two protected headers make different claims");
  return claims;
}

function readKey(header, { issuer }, beside) {
  const alg = textIn(header, "alg");
  require(alg !== undefined, "the protected header names no algorithm");
  let inside = null;
  if (header.has("jwk")) {
    inside = fromJwk(header.get("jwk"));
  } else {
    const did = didOfKid(textIn(header, "kid") ?? "");
    if (did !== undefined) inside = shownKey(did);
  }
  return keyOf({ scheme: joseScheme(alg), inside, issuer: issuer === undefined ? null : shownKey(issuer) }, beside);
}

function read(payload, parts, keys) {
  const content = base64Url(payload, "the payload");
  const headers = parts.map(({ protectedHeader }) => readHeader(protectedHeader));
  const claims = readClaims(headers, content);
  const beside = new Beside(keys);
  const signed = parts.map(({ protectedHeader, signature }, place) => {
    const key = readKey(headers[place], claims, beside);
    const message = utf8(`${protectedHeader}.${payload}`);
    return { key, message, signature: parseSignature(key.scheme, base64Url(signature, "the signature")) };
  });
  beside.end();
  const first = (find) => headers.map(find).find((found) => found !== undefined);
  return {
    signed,
    speaker: claims.issuer ?? first((header) => didOfKid(textIn(header, "kid") ?? "")),
    issuer: claims.issuer ?? "",
    subject: claims.subject ?? "",
    mediaType: first((header) => textIn(header, "cty") ?? textIn(header, "typ")) ?? "",
    payload: content,
  };
}
