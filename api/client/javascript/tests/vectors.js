// The shared vectors, read for tests: of receipts, of evidence, and of signatures under it.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** A place that the environment names, else one in the repository. */
const place = (variable, path) =>
  process.env[variable] ? pathToFileURL(process.env[variable]) : new URL(`../../../../${path}`, import.meta.url);

const folder = `${place("QUORATE_RECEIPT_VECTORS", "tests/vectors/receipt")}/`;

/** A string, bytes in base64, or a list of these with how often each stands there. @returns {Uint8Array} */
export function bytesOf(text) {
  if (typeof text === "string") return new TextEncoder().encode(text);
  if (!Array.isArray(text)) return new Uint8Array(Buffer.from(text.base64, "base64"));
  const parts = text.map(([part, times]) => Buffer.alloc(bytesOf(part).length * times, bytesOf(part)));
  return new Uint8Array(Buffer.concat(parts));
}

const read = (name) => readFileSync(new URL(name, folder), "utf8");

export const families = () =>
  read("SHA256SUMS").split("\n").map((line) => line.slice(66)).filter((name) => name !== "" && name !== "cosignature.json");

/** @returns {{ name: string, policy: Uint8Array, receipt: Uint8Array, options: object, failed: string | null, facts?: object }[]} */
export function family(name) {
  const { policies, vectors } = JSON.parse(read(name));
  const known = new Map(policies.map(({ name, policy }) => [name, bytesOf(policy)]));
  return vectors.map(({ name, policy, receipt, entry, submission, artifact, now_s, max_age_s, failed, facts }) => ({
    name,
    policy: known.get(policy),
    receipt: bytesOf(receipt),
    options: {
      ...(entry === undefined ? {} : { entry: bytesOf(entry) }),
      ...(submission === undefined ? {} : { submission }),
      ...(artifact === undefined ? {} : { artifact }),
      ...(now_s === undefined ? {} : { freshness: { nowS: now_s, maxAgeS: max_age_s } }),
    },
    failed,
    facts,
  }));
}

export const cosignatures = () => JSON.parse(read("cosignature.json"));

/**
 * Cases of evidence: what is given to `verifyEvidence`, and what Rust found.
 * @returns {{ name: string, trust: object, record: string, options: object, expect: object }[]}
 */
export function evidence() {
  const file = `${place("QUORATE_EVIDENCE_VECTORS", "tests/vectors/evidence")}/vectors.json`;
  const { documents, cases } = JSON.parse(readFileSync(new URL(file), "utf8"));
  return cases.map((one) => ({
    name: one.name,
    trust: {
      root: documents[one.trust_root],
      bundle: documents[one.trust_bundle],
      checkpoint: documents[one.checkpoint],
      pin: one.root_pin,
      at: one.now,
    },
    record: one.record,
    options: { artifacts: one.artifacts, atLeast: one.at_least },
    expect: one.expect,
  }));
}

/** Signatures under one text by every algorithm that evidence names, and some that do not hold. */
export function outside() {
  const file = place("QUORATE_OUTSIDE_VECTORS", "proto/crypto/tests/data/outside.json");
  const { signed, holds, refused } = JSON.parse(readFileSync(file, "utf8"));
  const read = ({ algorithm, note, public_key, signature }) => ({
    algorithm,
    note,
    key: bytesOf({ base64: public_key }),
    signature: bytesOf({ base64: signature }),
  });
  return { signed: bytesOf(signed), holds: holds.map(read), refused: refused.map(read) };
}
