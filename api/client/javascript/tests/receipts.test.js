// Every vector fails the check it must fail, and no other; a true receipt shows the same facts as in Rust.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CODES, Policy, PolicyError, UsageError, verifyReceipt } from "../src/index.js";
import { families, family } from "./vectors.js";

/** The code of the check that failed; `no_trust` when there is nothing to judge by. */
async function judge({ policy, receipt, options }) {
  try {
    return await verifyReceipt(policy, receipt, options);
  } catch (fault) {
    if (fault instanceof PolicyError) return { failed: "no_trust" };
    throw fault;
  }
}

for (const name of families()) {
  test(`vectors of ${name}`, async () => {
    const vectors = family(name);
    assert.ok(vectors.length > 0);
    for (const vector of vectors) {
      const report = await judge(vector);
      assert.equal(report.failed, vector.failed, `${vector.name}: ${JSON.stringify(report.checks)}`);
      if (report.checks === undefined) continue;
      assert.deepEqual(report.checks.map(({ code }) => code), CODES, vector.name);
      assert.equal(report.verified, vector.failed === null);
      if (vector.failed === null) assert.deepEqual(report.facts, vector.facts, vector.name);
      const at = report.checks.findIndex(({ outcome }) => outcome === "failed");
      const after = at < 0 ? [] : report.checks.slice(at + 1);
      assert.ok(after.every(({ outcome }) => outcome === "skipped"), vector.name);
    }
  });
}

test("a scheme that cannot be checked here is said so, and nothing of it is believed", async () => {
  const imported = family("primitive.json").filter(({ name }) => /Dilithium3.*nobody's signature/.test(name));
  assert.equal(imported.length, 3);
  for (const { name, policy, receipt } of imported) {
    const { verified, checks } = await verifyReceipt(policy, receipt);
    const { detail } = checks.find(({ outcome }) => outcome === "failed");
    assert.match(detail, /: signatures of dilithium3-r3(\+ed25519)? cannot be checked here$/, name);
    assert.equal(verified, false);
  }
});

test("text and bytes are judged alike", async () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (const vector of [...family("format.json"), ...family("tlog-proof.json")]) {
    let receipt;
    try {
      receipt = decoder.decode(vector.receipt);
    } catch {
      continue;
    }
    const report = await verifyReceipt(await Policy.parse(vector.policy), receipt, vector.options);
    assert.equal(report.failed, vector.failed, vector.name);
  }
  const [{ policy, receipt }] = family("positive.json");
  const halved = decoder.decode(receipt).replace("example", "\ud83d");
  assert.equal((await verifyReceipt(policy, halved)).failed, "receipt_format");
});

test("what does not fit is a fault of the caller", async () => {
  const [json] = family("positive.json");
  const [proof] = family("tlog-proof.json");
  const entry = new Uint8Array(3);
  await assert.rejects(verifyReceipt(json.policy, json.receipt, { entry }), UsageError);
  await assert.rejects(verifyReceipt(proof.policy, proof.receipt), UsageError);
  await assert.rejects(verifyReceipt(json.policy, json.receipt, { artifact: "00" }), UsageError);
  await assert.rejects(verifyReceipt(json.policy, json.receipt, { submission: "A".repeat(64) }), UsageError);
  await assert.rejects(verifyReceipt(json.policy, json.receipt, { maxAgeS: -1 }), UsageError);
  await assert.rejects(verifyReceipt(json.policy, 7), TypeError);
});

test("every bit of a receipt counts", async () => {
  const { policy, receipt } = family("positive.json").find(({ name }) => name.startsWith("item 6 of 11, JSON"));
  const believed = await Policy.parse(policy);
  // A receipt may be spelt with other white space and escapes, never with other contents.
  for (let at = 0; at < receipt.length; at += 7) {
    for (const bit of [0, 1, 5]) {
      const turned = receipt.slice();
      turned[at] ^= 1 << bit;
      const report = await verifyReceipt(believed, turned);
      assert.ok(!report.verified, `byte ${at}, bit ${bit}`);
    }
  }
});
