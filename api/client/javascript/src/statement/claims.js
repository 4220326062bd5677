// Claims: who issued something, about whom, and until when. RFC 7519 in JSON, RFC 8392 in CBOR.
//
// Times are whole seconds: a fraction is a float, and no node computes with those.

import { decimal, require } from "../bytes.js";
import { Numeral } from "../json.js";
import { at } from "./cbor.js";

const MS_MAX = (1n << 64n) - 1n;

/** Seconds as block time, in milliseconds. @param {bigint | null} seconds @throws {Refused} */
export function expiry(seconds) {
  const fits = seconds !== null && seconds >= 0n && seconds <= MS_MAX / 1_000n;
  require(fits, "the time it expires is not a whole number of seconds since 1970");
  return seconds * 1_000n;
}

function text(value, name) {
  require(value === undefined || typeof value === "string", `the claim ${name} is no text`);
  return value;
}

/** The claims in a JSON object: a payload of type JWT, or a header that repeats them (RFC 7519 section 5.3). */
export function jsonClaims(object) {
  const exp = object.get("exp");
  const expires = exp === undefined ? undefined : expiry(exp instanceof Numeral ? decimal(exp.text) : null);
  return { issuer: text(object.get("iss"), "iss"), subject: text(object.get("sub"), "sub"), expires };
}

/** The claims in a CBOR map: issuer 1, subject 2, expiry 4. */
export function cborClaims(map) {
  const exp = at(map, 4n);
  const expires = exp === undefined ? undefined : expiry(typeof exp === "bigint" ? exp : null);
  return { issuer: text(at(map, 1n), "iss"), subject: text(at(map, 2n), "sub"), expires };
}
