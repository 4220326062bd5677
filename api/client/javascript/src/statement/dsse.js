// DSSE v1 envelopes, in which in-toto statements travel.
//
// An envelope has no place for a key, and its `keyid` is a hint that nothing covers; so keys are given beside it, and each
// signature finds its own by its length. Sources: DSSE v1.0.2 (protocol and envelope), in-toto Attestation Framework v1.

import { concat, digestFromHex, require, utf8 } from "../bytes.js";
import { parseSignature } from "../schemes.js";
import { Beside, keyOf, schemeByLength } from "./keys.js";
import { base64Either, only, readObject, textIn, textOfMember } from "./text.js";

const WHAT = "the DSSE envelope";
const IN_TOTO = "application/vnd.in-toto+json";
const STATEMENT_V1 = "https://in-toto.io/Statement/v1";

/** The name of an in-toto statement's first subject, and the digest of the artifact if it is about one only. */
function readSubject(payload) {
  const what = "the in-toto statement";
  const statement = readObject(payload, what);
  if (textOfMember(statement, "_type", what) !== STATEMENT_V1) return { subject: "" };
  const subjects = statement.get("subject");
  require(Array.isArray(subjects) && subjects[0] instanceof Map, `${what} has no list of subjects`);
  const digests = subjects[0].get("digest");
  const digest = digests instanceof Map && subjects.length === 1 ? textIn(digests, "sha256") : undefined;
  return {
    subject: textIn(subjects[0], "name") ?? "",
    artifact: digest === undefined ? undefined : digestFromHex(digest, "the subject's digest"),
  };
}

/** @param {Uint8Array} bytes @throws {Refused} */
export function readDsse(bytes, keys) {
  const object = only(readObject(bytes, WHAT), ["payload", "payloadType", "signatures"], WHAT);
  const payload = base64Either(textOfMember(object, "payload", WHAT), "the payload");
  const mediaType = textOfMember(object, "payloadType", WHAT);
  const signatures = object.get("signatures");
  require(Array.isArray(signatures) && signatures.length >= 1 && signatures.length <= 2, `${WHAT} has no list of one or two signatures`);
  // The pre-authentication encoding.
  const message = concat(utf8(`DSSEv1 ${utf8(mediaType).length} ${mediaType} ${payload.length} `), payload);
  const beside = new Beside(keys);
  const signed = signatures.map((one) => {
    const what = "a signature of the envelope";
    const seal = base64Either(textOfMember(only(one, ["keyid", "sig"], what), "sig", what), "the signature");
    const scheme = schemeByLength(seal);
    return { key: keyOf({ scheme }, beside), message, signature: parseSignature(scheme, seal) };
  });
  beside.end();
  const about = mediaType === IN_TOTO ? readSubject(payload) : { subject: "" };
  return { signed, issuer: "", mediaType, payload, ...about };
}
