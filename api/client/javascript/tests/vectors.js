// The vectors of `tests/vectors/receipt`, read for tests.

import { readFileSync } from "node:fs";

const folder = process.env.QUORATE_RECEIPT_VECTORS
  ? new URL(`file://${process.env.QUORATE_RECEIPT_VECTORS}/`)
  : new URL("../../../../tests/vectors/receipt/", import.meta.url);

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
