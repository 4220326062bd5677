// Issuers of attestations that are JWTs, the keys that sign these, and the seals that put them on the ledger.
//
// What a token says is not read: whoever verifies it compares. A key that is listed consents, as a new key of an identity does.
// Source: `proto/src/wire/attestation.rs`, `proto/src/operation/issuer.rs`, `proto/src/operation/seal.rs`.

import { require, utf8 } from "../bytes.js";
import { plainText } from "../names.js";
import { readMessage } from "../protobuf.js";
import { ES256, parseSignature, PublicKey } from "../schemes.js";
import { digest, field, within } from "./parts.js";

const ISSUER = /^did:qwed:(node|provider|user):[A-Za-z0-9._:-]{1,100}$/;
const ATTESTATION = /^att_[a-z0-9]{1,60}$/;
const CHAIN = /^[A-Za-z0-9._:-]{1,128}$/;
const TOKEN = /^[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/;
const ISSUER_TEXT_BYTES_MAX = 128;
const TOKEN_BYTES_MAX = 8_192;
const ISSUER_TAG = utf8("quorate/v1/issuer-possession\0");
/** The last second of the year 9999. */
const SECOND_MAX = 253_402_300_799n;

function name(pattern, text, what) {
  require(pattern.test(text), `${what} is no name of one: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

const second = (number, what) => within(number, 1n, SECOND_MAX, what);

/** What each of these operations must hold; gives the key that has to consent, if one does. */
export const ISSUERS = {
  "issuer.set"(bytes) {
    const schema = {
      1: field("issuer", "text"),
      2: field("name", "text"),
      3: field("status", "u32"),
      4: field("certification", "text"),
    };
    const { issuer, name: called, status, certification } = readMessage(bytes, schema, "issuer.set");
    require(called !== "", "name is missing");
    name(ISSUER, issuer, "issuer");
    plainText(called, "name", ISSUER_TEXT_BYTES_MAX);
    within(status, 1n, 2n, "status");
    plainText(certification, "certification", ISSUER_TEXT_BYTES_MAX);
    return {};
  },
  "issuer.key"(bytes) {
    const schema = {
      1: field("issuer", "text"),
      2: field("key", "bytes"),
      3: field("continuity", "u32"),
      4: field("generated", "u64"),
      5: field("possession", "bytes"),
      6: field("dropped", "bytes"),
    };
    const { issuer, key, continuity, generated, possession, dropped } = readMessage(bytes, schema, "issuer.key");
    name(ISSUER, issuer, "issuer");
    if (dropped.length > 0) {
      digest(dropped, "dropped");
      const listed = key.length > 0 || continuity > 0n || generated > 0n || possession.length > 0;
      require(!listed, "a key is listed or dropped, and not both");
      return {};
    }
    within(continuity, 1n, 2n, "continuity");
    second(generated, "generated_at_s");
    const consent = { tag: ISSUER_TAG, names: (author) => [issuer, author], numbers: new Uint8Array() };
    return { signer: { ...consent, key: PublicKey.parse(ES256, key), possession: parseSignature(ES256, possession) } };
  },
  "attestation.seal"(bytes) {
    const schema = {
      1: field("attestation", "text"),
      2: field("issuer", "text"),
      3: field("key", "bytes"),
      4: field("query", "bytes"),
      5: field("proof", "bytes"),
      6: field("issued", "u64"),
      7: field("expires", "u64"),
      8: field("chain", "text"),
      9: field("index", "u64"),
      10: field("previous", "text"),
      11: field("token", "text"),
    };
    const seal = readMessage(bytes, schema, "attestation.seal");
    const { issued, expires, chain, index, previous, token } = seal;
    require(token.length <= TOKEN_BYTES_MAX, `token: more than ${TOKEN_BYTES_MAX} bytes`);
    require(TOKEN.test(token), "token is no JWS in compact form");
    require(expires > issued, "expires_at_s is not later than issued_at_s");
    if (chain === "") {
      require(index === 0n && previous === "", "chain is missing beside a place in it");
    } else {
      name(CHAIN, chain, "chain");
      require((index === 0n) === (previous === ""), "previous stands at every index but 0");
      if (index > 0n) name(ATTESTATION, previous, "previous");
    }
    name(ATTESTATION, seal.attestation, "attestation");
    name(ISSUER, seal.issuer, "issuer");
    for (const what of ["key", "query", "proof"]) digest(seal[what], what);
    second(issued, "issued_at_s");
    second(expires, "expires_at_s");
    return {};
  },
};
