// A record of evidence, `qcos-evidence/1`, as it stands: whether its digests hold is for who judges.
//
// It has the members of the format and no others, each once; only an attestation may hold more than is known here, for it is
// not what is signed.

import { distinct, Members, readJson } from "./members.js";

/** From nothing up. */
export const LEVELS = ["INVALID", "SEALED_UNSIGNED", "SEALED_ATTESTED", "SEALED_ATTESTED_PQC", "PROVIDER_ATTESTED"];
export const PROTOCOL = "qcos-evidence/1";
const BYTES_MAX = 8 << 20;
const ITEMS_MAX = 1024;

function readItem(of) {
  of.require(of.left.has("data"), "data", "a value");
  const data = of.take("data");
  return { id: of.text("id"), label: of.maybe("label"), contentHash: of.digest("content_hash"), data };
}

function readEnvelope(value) {
  const of = new Members(value, "attestation");
  const [digest, key, signature, validity] = ["digest", "key", "signature", "validity"].map((name) => of.object(name));
  const algorithm = digest.maybe("algorithm");
  digest.require(algorithm === null || algorithm === "SHA-256", "algorithm", "SHA-256");
  return {
    digest: digest.digest("value"),
    keyId: key.text("key_id"),
    fingerprint: key.digest("fingerprint"),
    algorithm: signature.text("algorithm"),
    signature: signature.bytes("value"),
    signedAt: validity.time("signed_at"),
  };
}

/** @param {string | Uint8Array} source @throws {Refused} */
export function readRecord(source) {
  const of = new Members(readJson(source, BYTES_MAX, "the record"), "record");
  of.protocol(PROTOCOL);
  const record = {
    recordId: of.text("record_id"),
    tenantId: of.text("tenant_id"),
    createdAt: of.text("created_at"),
    items: of.each("items", ITEMS_MAX, readItem),
    merkleRoot: of.digest("merkle_root"),
    bundleHash: of.digest("bundle_hash"),
    claim: of.text("claim_level"),
    envelope: of.has("attestation") ? readEnvelope(of.take("attestation")) : null,
  };
  distinct("record.items", record.items.map(({ id }) => id));
  of.require(LEVELS.includes(record.claim), "claim_level", "a level of evidence");
  of.close();
  return record;
}
