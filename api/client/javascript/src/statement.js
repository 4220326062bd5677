// Statements: foreign bytes with a foreign signature, taken as they are.
//
// What is known of one is derived from its bytes alone. A key's type decides what its signature is checked as; what a
// header calls the algorithm has only to agree. One envelope a file in `statement/`.
// Source: `proto/adr/001-statements-keep-their-bytes.md`, `proto/ENCODING.md`.

import { concat, require, sha256, toHex } from "./bytes.js";
import { plainText } from "./names.js";
import { ED25519, HYBRID, ML_DSA_65, PublicKey } from "./schemes.js";
import { COSE_TAG, readCoseStatement } from "./statement/cose.js";
import { readDsse } from "./statement/dsse.js";
import { readHttp } from "./statement/http.js";
import { readJws, readJwsJson } from "./statement/jws.js";
import { authorOf } from "./statement/keys.js";

/** By its number in a submission. A statement of COSE is the submission itself, so 1 is none of these. */
const WRITTEN = new Map([
  [2, ["jws", readJws]],
  [3, ["jws-json", readJwsJson]],
  [4, ["dsse", readDsse]],
  [5, ["http-signature", readHttp]],
]);

/** Whether these bytes can only be a statement of COSE. @param {Uint8Array} bytes */
export const isCose = (bytes) => bytes[0] === COSE_TAG;

/** One signature, or one of Ed25519 and then one of ML-DSA-65: the key that speaks, of two the hybrid one made of both. */
function speaks(signed) {
  if (signed.length === 1) return { signed, key: signed[0].key };
  const pair = [ED25519, ML_DSA_65].map((scheme) => signed.find(({ key }) => key.scheme === scheme));
  require(pair.every((one) => one !== undefined), "two signatures are taken if one is of ed25519 and one of ml-dsa-65");
  return { signed: pair, key: PublicKey.parse(HYBRID, concat(...pair.map(({ key }) => key.bytes))) };
}

async function finish(format, found) {
  const { signed, key } = speaks(found.signed);
  const author = await authorOf(found.speaker, key);
  const issuer = plainText(found.issuer, "the issuer");
  const subject = plainText(found.subject, "the subject");
  const mediaType = plainText(found.mediaType, "the media type");
  const payload = await sha256(found.payload);
  return {
    tenant: "default",
    author,
    key,
    operation: "statement.register",
    content: found.artifact ?? payload,
    statement: { format, issuer, subject, media_type: mediaType, payload: toHex(payload) },
    signatures: signed,
  };
}

/** Reads a statement of COSE, which is a submission and a leaf by itself. @param {Uint8Array} bytes @throws {Refused} */
export const readCoseLeaf = (bytes) => finish("cose", readCoseStatement(bytes));

/** Reads a statement within a submission, with the keys beside it. @param {number} format @throws {Refused} */
export async function readStatement(format, bytes, keys) {
  require(WRITTEN.has(format), `statement.format: ${format} is none that is written so`);
  const [name, read] = WRITTEN.get(format);
  return finish(name, await read(bytes, keys));
}
