// Records of evidence: every shared vector ends as it says, check by check, and nothing of a record may be another.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EVIDENCE_CODES, EvidenceTrust, UsageError, verifyEvidence } from "../src/index.js";
import { evidence } from "./vectors.js";

const NUMBERS = { VERIFIED: 0, FAILED: 1, UNKNOWN: 2, STALE: 3, OFFLINE_WITHOUT_STATUS: 4 };
const vectors = evidence();
const named = (name) => vectors.find((vector) => vector.name === name);

/** The vector's report with something in it replaced. */
function judged(name, change = {}) {
  const { trust, record, options } = named(name);
  return verifyEvidence({ ...trust, ...change.trust }, change.record ?? record, { ...options, ...change.options });
}

const encode = (text) => new TextEncoder().encode(text);

function turned(bytes, at) {
  const other = bytes.slice();
  other[at] ^= 1;
  return other;
}

test("every vector ends as it says, with the same checks", async () => {
  assert.ok(vectors.length >= 68);
  for (const { name, trust, record, options, expect } of vectors) {
    const report = await verifyEvidence(trust, record, options);
    const { verdict, exit_code, decided_by, confirmed_level, details, trust_chain, checks } = report;
    assert.deepEqual({ verdict, decided_by, confirmed_level }, {
      verdict: expect.verdict,
      decided_by: expect.decided_by,
      confirmed_level: expect.confirmed,
    }, `${name}: ${JSON.stringify(checks)}`);
    assert.equal(exit_code, NUMBERS[verdict], name);
    assert.equal(checks.find(({ code }) => code === decided_by)?.outcome ?? "passed", {
      VERIFIED: "passed",
      FAILED: "failed",
      UNKNOWN: "unknown",
      STALE: "stale",
      OFFLINE_WITHOUT_STATUS: "without_status",
    }[verdict], name);
    assert.ok(checks.every(({ outcome, detail }) => (outcome === "passed") === (detail === "")), name);
    if (decided_by === "record_format") continue;
    assert.deepEqual(checks.map(({ code }) => code), EVIDENCE_CODES, name);
    const outcomes = Object.fromEntries(checks.slice(1).map(({ code, outcome }) => [code, outcome]));
    assert.deepEqual(outcomes, expect.checks, name);
    assert.deepEqual({ details, trust_chain }, { details: expect.details, trust_chain: expect.trust_chain }, name);
  }
  assert.deepEqual(new Set(vectors.map(({ expect }) => expect.verdict)), new Set(Object.keys(NUMBERS)));
});

test("every byte of a record counts, but for what nobody signs", async () => {
  const { trust, record } = named("Ed25519");
  const believed = await EvidenceTrust.judge(trust);
  const bytes = encode(record);
  const whole = await verifyEvidence(believed, bytes);
  const unsigned = new Set();
  for (let at = 0; at < bytes.length; at++) {
    const report = await verifyEvidence(believed, turned(bytes, at));
    if (report.verdict !== "VERIFIED") continue;
    assert.equal(report.bundle_hash, whole.bundle_hash, `byte ${at}`);
    unsigned.add([...record.slice(0, at).matchAll(/"(\w+)":/g)].at(-1)[1]);
  }
  // What the format does not sign: labels, when it was signed, and that the name of the digest is a member like any other.
  assert.deepEqual([...unsigned].sort(), ["digest", "label", "signed_at"]);
});

test("every byte of the trust documents counts", async () => {
  const { trust, record } = named("the given root is the second");
  for (const name of ["root", "bundle"]) {
    const bytes = encode(trust[name]);
    for (let at = 0; at < bytes.length; at++) {
      const { verdict } = await verifyEvidence({ ...trust, [name]: turned(bytes, at) }, record);
      assert.notEqual(verdict, "VERIFIED", `${name}: byte ${at}`);
    }
  }
});

test("every byte of an artifact counts", async () => {
  const file = encode('{"00":512,"11":488}');
  const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const beside = async (bytes) => {
    const artifacts = { "results.json": await digest(bytes) };
    return judged("its file beside it", { options: { artifacts } });
  };
  const whole = await beside(file);
  assert.equal(whole.verdict, "VERIFIED");
  assert.deepEqual(whole.artifacts, [{ name: "results.json", outcome: "matches" }]);
  for (let at = 0; at < file.length; at++) {
    const { verdict, decided_by, artifacts } = await beside(turned(file, at));
    assert.deepEqual([verdict, decided_by], ["FAILED", "artifacts"], `byte ${at}`);
    assert.deepEqual(artifacts, [{ name: "results.json", outcome: "differs" }]);
  }
  assert.deepEqual((await judged("Ed25519")).artifacts, [{ name: "results.json", outcome: "absent" }]);
});

test("a document of trust that is none is told by its code, whatever the record", async () => {
  const codes = { root: "trust_root_format", bundle: "trust_bundle_format", checkpoint: "checkpoint_format" };
  for (const [name, code] of Object.entries(codes)) {
    for (const text of ["{}", "[", '{"protocol":1e999}', "\ud83d"]) {
      const report = await judged("Ed25519", { trust: { [name]: text } });
      assert.deepEqual([report.verdict, report.exit_code, report.decided_by], ["FAILED", 1, code], text);
      assert.deepEqual(report.checks.map((check) => check.code), [code]);
    }
  }
  // A root has no member that its format does not have; a bundle may, and they are signed.
  const more = (text) => text.replace(/^\{/, '{"another":1,');
  const { trust } = named("Ed25519");
  assert.equal((await judged("Ed25519", { trust: { root: more(trust.root) } })).decided_by, "trust_root_format");
  assert.equal((await judged("Ed25519", { trust: { bundle: more(trust.bundle) } })).decided_by, "trust_bundle");
  const noted = trust.bundle.replace(/^\{/, '{"audit_id":"a","signature_id":7,"another":null,');
  assert.equal((await judged("Ed25519", { trust: { bundle: noted } })).verdict, "VERIFIED");
});

test("the head to keep is that of a list that holds, and is read the next time", async () => {
  const believed = await EvidenceTrust.judge(named("grown since it was kept").trust);
  const { tree_size } = JSON.parse(believed.headToKeep);
  assert.ok(tree_size > 0);
  const again = await judged("grown since it was kept", { trust: { checkpoint: believed.headToKeep } });
  assert.equal(again.verdict, "VERIFIED");
  const without = ["no list of revocations", "shorter than what was kept", "a bundle from the future", "no root"];
  for (const name of without) {
    assert.equal((await EvidenceTrust.judge(named(name).trust)).headToKeep, null, name);
  }
});

test("a platform that lacks an algorithm tells nothing of its signatures", async (t) => {
  const { trust, record } = named("Ed25519");
  const believed = await EvidenceTrust.judge(trust);
  const lacking = () => Promise.reject(new DOMException("not here", "NotSupportedError"));
  t.mock.method(crypto.subtle, "verify", lacking);
  const report = await verifyEvidence(believed, record);
  assert.deepEqual([report.verdict, report.decided_by, report.details.signature_valid], ["UNKNOWN", "signature", null]);
  const nothing = await verifyEvidence(trust, record);
  assert.deepEqual([nothing.verdict, nothing.decided_by], ["UNKNOWN", "trust_root"]);
  assert.equal(nothing.confirmed_level, "SEALED_UNSIGNED");
});

test("what does not fit is a fault of the caller", async () => {
  const wrong = [{ trust: { pin: "00" } }, { trust: { at: "2026-06-02" } }, { options: { atLeast: "MUCH" } }];
  for (const change of [...wrong, { options: { artifacts: { a: "00" } } }]) {
    await assert.rejects(judged("Ed25519", change), UsageError, JSON.stringify(change));
  }
});
