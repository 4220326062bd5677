// `node tests/judged.js DIR`: judges the record in a folder, `record.json`, by `trust-root.json` and `trust-bundle.json`
// beside it and with the files that it describes; then with each byte of these files turned, and with every hundredth of the
// documents of trust. None of that may be verified.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { digestOf, EvidenceTrust, verifyEvidence } from "../src/index.js";

const dir = process.argv[2];
const read = (name) => readFileSync(join(dir, name));
const [record, root, bundle] = ["record.json", "trust-root.json", "trust-bundle.json"].map(read);
const trust = await EvidenceTrust.judge({ root, bundle });

function turned(bytes, at) {
  const other = bytes.slice();
  other[at] ^= 1;
  return other;
}

const { artifacts: described } = await verifyEvidence(trust, record);
const files = new Map(described.map(({ name }) => [name, name]).filter(([name]) => existsSync(join(dir, name))));
for (const name of files.keys()) files.set(name, read(name));
const digests = new Map();
for (const [name, bytes] of files) digests.set(name, await digestOf(bytes));

const report = await verifyEvidence(trust, record, { artifacts: digests });
const { verdict, record_id, confirmed_level, trust_chain, artifacts } = report;
if (verdict !== "VERIFIED" || files.size === 0) throw new Error(JSON.stringify(report, null, 1));

let caught = 0;
for (const [name, bytes] of files) {
  for (let at = 0; at < bytes.length; at++) {
    const spoilt = new Map(digests).set(name, await digestOf(turned(bytes, at)));
    const found = await verifyEvidence(trust, record, { artifacts: spoilt });
    const fate = found.artifacts.find((one) => one.name === name).outcome;
    if (found.decided_by !== "artifacts" || fate !== "differs") throw new Error(`${name}: byte ${at} may be another`);
    caught++;
  }
}
for (const [name, bytes] of Object.entries({ root, bundle })) {
  for (let at = 0; at < bytes.length; at += 100) {
    const found = await verifyEvidence({ root, bundle, [name]: turned(bytes, at) }, record);
    if (found.verdict === "VERIFIED") throw new Error(`${name}: byte ${at} may be another`);
    caught++;
  }
}
console.log(`${record_id}: ${verdict}, ${confirmed_level}, ${trust_chain}`);
console.log(`${artifacts.length} files match; each of ${caught} turned bytes is refused`);
