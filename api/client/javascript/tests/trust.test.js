// Documents of trust that their keys signed, with one rule broken in each: what the shared vectors do not hold.

import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256, toBase64, toHex, utf8 } from "../src/bytes.js";
import { canonicalJson } from "../src/canonical.js";
import { ed25519FromSeed } from "../src/ed25519.js";
import { readJson } from "../src/evidence/members.js";
import { rootOverDigests } from "../src/evidence/trust.js";
import { verifyEvidence } from "../src/index.js";

const ISSUED = "2026-01-01T00:00:00Z";
const NOW = "2026-06-02T01:00:00Z";
const keys = await Promise.all(Array.from({ length: 7 }, (_, at) => ed25519FromSeed(new Uint8Array(32).fill(at + 1))));
const [first, second, third, bundleKey, evidenceKey, other, outsider] = keys;

const canonical = (value) => canonicalJson(readJson(JSON.stringify(value), 1 << 20, "it"));
const digest = async (bytes) => toHex(await sha256(bytes));
const listed = (name, key) => ({ key_id: name, algorithm: "Ed25519", public_key: toBase64(key.publicKey) });
const signature = async (key, bytes) => toBase64(await key.sign(await sha256(bytes)));
const without = (value, name) => Object.fromEntries(Object.entries(value).filter(([one]) => one !== name));
const pinOf = async (root) => `sha256:${await digest(canonical(without(root, "signatures")))}`;

async function signRoot(root, signers) {
  const signed = canonical(without(root, "signatures"));
  const by = async ([name, key]) => ({ key_id: name, value: await signature(key, signed) });
  root.signatures = await Promise.all(signers.map(by));
}

function rootOf(version, names, operational) {
  return {
    protocol: "quantumlock-trust-root/1",
    version,
    issuer: "example",
    issued_at: ISSUED,
    expires_at: "2027-01-01T00:00:00Z",
    root_keys: names.map(([name, key]) => listed(name, key)),
    threshold: names.length,
    operational_keys: structuredClone(operational),
    revocation_freshness_policy_seconds: 86_400,
    signatures: [],
  };
}

/** Two roots, the bundle that the second vouches for, and a record; `change` gets each before it is signed. */
async function judged(change = {}) {
  const operational = [
    { ...listed("b", bundleKey), roles: ["bundle_signing"] },
    { ...listed("e", evidenceKey), roles: ["evidence_signing"] },
  ];
  const [old, young] = [rootOf(1, [["r1", first], ["r2", second]], operational), rootOf(2, [["r3", third]], operational)];
  change.old?.(old);
  await signRoot(old, [["r1", first], ["r2", second]]);
  young.previous_root_hash = await pinOf(old);
  change.young?.(young);
  await signRoot(young, change.signers ?? [["r1", first], ["r2", second], ["r3", third]]);
  const bundle = {
    issued_at: "2026-06-02T00:00:00Z",
    keys: [{ ...listed("e", evidenceKey), key_ref: "called" }],
    trust_root: { version: young.version, root_hash: await pinOf(young) },
    trust_root_chain: [old, young],
    revocation_checkpoint: { algorithm: "qcos-merkle-rfc9162-sha256", tree_size: 0, root_hash: "", events: [] },
  };
  const list = bundle.revocation_checkpoint;
  change.bundle?.(bundle);
  for (const event of list.events) event.content_hash ??= await digest(canonical(event));
  list.tree_size += list.events.length;
  list.root_hash ||= `sha256:${await rootOverDigests(list.events.map((event) => event.content_hash))}`;
  const by = { key_id: "b", algorithm: "Ed25519", digest_algorithm: "SHA-256", ...change.by };
  bundle.signature = { ...by, value: await signature(change.bundleKey ?? bundleKey, canonical(bundle)) };

  const data = { name: "a", hash: `sha256:${"a".repeat(64)}` };
  const item = { id: "i", content_hash: await digest(canonical(data)) };
  const header = { protocol: "qcos-evidence/1", record_id: "r", tenant_id: "t", created_at: "then" };
  const sealed = { ...header, items: [item], merkle_root: await rootOverDigests([item.content_hash]) };
  const hash = await digest(canonical(sealed));
  const record = { ...sealed, items: [{ ...item, data }], bundle_hash: hash, claim_level: "SEALED_ATTESTED" };
  record.attestation = {
    digest: { value: hash },
    key: { key_id: "e", fingerprint: await digest(evidenceKey.publicKey) },
    signature: { algorithm: "Ed25519", value: await signature(evidenceKey, utf8(hash)) },
    validity: { signed_at: "2026-03-06T12:00:00Z" },
  };
  change.record?.(record);
  const documents = { root: old, bundle, at: NOW, ...change.trust?.({ old, young, bundle }) };
  const trust = { ...documents, root: JSON.stringify(documents.root), bundle: JSON.stringify(documents.bundle) };
  return verifyEvidence(trust, JSON.stringify(record), change.options);
}

const NO_DIGEST = "0".repeat(64);
const event = (of) => ({ key_id: "x", revoked_at: ISSUED, ...of });

test("what every rule holds for is verified", async () => {
  const { verdict, trust_chain, checks } = await judged();
  assert.equal(verdict, "VERIFIED", JSON.stringify(checks));
  assert.equal(trust_chain, "example root 2 → b → e");
  const called = await judged({ record: (it) => void (it.attestation.key.key_id = "called") });
  assert.equal(called.verdict, "VERIFIED");
});

for (const [name, change, code, why, outcome = "failed"] of [
  ["version 0", { old: (it) => void (it.version = 0) }, "trust_root", /counted from 1/],
  ["a first root with one before it", {
    old: (it) => void (it.previous_root_hash = `sha256:${NO_DIGEST}`),
  }, "trust_root", /first root alone/],
  ["a second root with none before it", { young: (it) => delete it.previous_root_hash }, "trust_root", /first root alone/],
  ["one key by two names", {
    old: (it) => void (it.root_keys[1].public_key = it.root_keys[0].public_key),
  }, "trust_root", /twice/],
  ["no threshold", { old: (it) => void (it.threshold = 0) }, "trust_root", /threshold/],
  ["a threshold out of reach", { old: (it) => void (it.threshold = 3) }, "trust_root", /threshold/],
  ["an end before the beginning", { old: (it) => void (it.expires_at = ISSUED) }, "trust_root", /ends before it begins/],
  ["a version left out", { young: (it) => void (it.version = 3) }, "trust_root", /version is missing/],
  ["another root before it", {
    young: (it) => void (it.previous_root_hash = `sha256:${NO_DIGEST}`),
  }, "trust_root", /another root before/],
  ["another issuer", { young: (it) => void (it.issuer = "another") }, "trust_root", /another issuer/],
  ["older than the one before", { young: (it) => void (it.issued_at = "2025-12-31T23:59:59Z") }, "trust_root", /older than/],
  ["not signed by the old keys", { signers: [["r1", first], ["r3", third]] }, "trust_root", /1 of the keys of version 1, 2/],
  ["not signed by its own keys", { signers: [["r1", first], ["r2", second]] }, "trust_root", /0 of the keys of version 2/],
  ["signed by another under its name", {
    signers: [["r1", first], ["r2", outsider], ["r3", third]],
  }, "trust_root", /1 of the keys of version 1, 2/],
  ["a root that is changed", { trust: ({ young }) => ({ root: { ...young, issuer: "x" } }) }, "trust_root", /0 of the keys/],
  ["two roots of the first version", {
    trust: ({ old, bundle }) => ({ bundle: { ...bundle, trust_root_chain: [{ ...old, issuer: "another" }] } }),
  }, "trust_root", /two roots of this version/],
  ["a root from the future", { young: (it) => void (it.issued_at = "2026-06-02T01:05:01Z") }, "trust_root", /not yet/],
  ["a bundle under the first root", { bundle: (it) => void (it.trust_root.version = 1) }, "trust_bundle", /under root 1/],
  ["a bundle under another pin", {
    bundle: (it) => void (it.trust_root.root_hash = `sha256:${NO_DIGEST}`),
  }, "trust_bundle", /made under/],
  ["a bundle signed by no key of the root", { by: { key_id: "n" } }, "trust_bundle", /not listed/],
  ["a bundle signed by a key for evidence", {
    by: { key_id: "e" },
    bundleKey: evidenceKey,
  }, "trust_bundle", /does not let "e" do bundle_signing/],
  ["a bundle signed with another algorithm", { by: { algorithm: "ECDSA-P256" } }, "trust_bundle", /signed with/],
  ["a bundle signed by another", { bundleKey: outsider }, "trust_bundle", /does not fit/],
  ["a bundle of a key that was not good yet", {
    young: (it) => void (it.operational_keys[0].valid_from = "2026-06-02T00:00:01Z"),
  }, "trust_bundle", /is good from/],
  ["a bundle of a key that was revoked", {
    bundle: (it) => it.revocation_checkpoint.events.push(event({ key_id: "b" })),
  }, "trust_bundle", /revoked/],
  ["revocations in the order of units", {
    bundle: (it) => it.revocation_checkpoint.events.push(event({ key_id: "\u{1f600}" }), event({ key_id: "\uffee" })),
  }, "revocations", /revocation 1 stands behind/],
  ["a revocation twice", {
    bundle: (it) => it.revocation_checkpoint.events.push(event(), event()),
  }, "revocations", /revocation 1/],
  ["a revocation of another digest", {
    bundle: (it) => it.revocation_checkpoint.events.push(event({ content_hash: NO_DIGEST })),
  }, "revocations", /its digest/],
  ["a head of another size", {
    bundle: (it) => void (it.revocation_checkpoint.tree_size = 1),
  }, "revocations", /the head says 1/],
  ["a head of another root", {
    bundle: (it) => void (it.revocation_checkpoint.root_hash = `sha256:${NO_DIGEST}`),
  }, "revocations", /the head says 0/],
  ["another key in the root", {
    young: (it) => void (it.operational_keys[1].public_key = toBase64(other.publicKey)),
  }, "key", /another key/],
  ["a key that the root has for something else", {
    young: (it) => void (it.operational_keys[1].roles = []),
  }, "key", /evidence_signing/],
  ["the same, without a bundle", {
    old: (it) => void (it.operational_keys[1].roles = ["bundle_signing"]),
    trust: () => ({ bundle: undefined }),
  }, "key", /evidence_signing/],
  ["revoked by what else it is called", {
    bundle: (it) => it.revocation_checkpoint.events.push(event({ key_ref: "called" })),
  }, "key_revocation", /revoked from/],
  ["revoked twice, once before", {
    bundle: (it) => {
      const late = event({ key_id: "e", revoked_at: "2026-04-01T00:00:00Z" });
      const early = event({ key_id: "e", revoked_at: "2026-03-01T00:00:00Z", published_at: "2026-05-01T00:00:00Z" });
      it.revocation_checkpoint.events.push(late, early);
    },
  }, "key_revocation", /from 2026-03-01T00:00:00Z on/],
  ["a claim of an algorithm that is not known here", {
    young: (it) => void (it.operational_keys[1].algorithm = "SLH-DSA-128s"),
    bundle: (it) => void (it.keys[0].algorithm = "SLH-DSA-128s"),
    record: (it) => {
      it.attestation.signature.algorithm = "SLH-DSA-128s";
      it.claim_level = "SEALED_ATTESTED_PQC";
    },
  }, "signature", /not known here/, "unknown"],
  ["a file that no item describes", { options: { artifacts: { b: NO_DIGEST } } }, "artifacts", /no item describes/],
]) {
  test(`refused: ${name}`, async () => {
    const { decided_by, verdict, checks } = await judged(change);
    const found = checks.find((check) => check.code === code);
    assert.equal(found.outcome, outcome, JSON.stringify(checks));
    assert.match(found.detail, why);
    assert.deepEqual([decided_by, verdict], [code, outcome.toUpperCase()]);
  });
}

test("a file beside a record that is not what it says tells nothing", async () => {
  const { checks } = await judged({
    record: (it) => void (it.items[0].data.name = "b"),
    options: { artifacts: { b: "b".repeat(64) } },
  });
  assert.equal(checks.find(({ code }) => code === "artifacts").outcome, "skipped");
});
