// `node tests/live.js URL POLICY [RECEIPT…]`: against a network that runs. Submits with every scheme, waits, gets the receipts,
// verifies them, follows the events that tell of them; then verifies the files named, each also spoilt.

import { readFileSync } from "node:fs";

import { Client, digestOf, proofSubmit, sign, Signer, verifyReceipt } from "../src/index.js";

const [url, policyFile, ...files] = process.argv.slice(2);
const policy = readFileSync(policyFile);
const client = new Client(url, { policy });
const { network } = await client.status();
const before = await client.checkpoint();

const wanted = new Set();
for (const scheme of ["ed25519", "ml-dsa-65", "ed25519+ml-dsa-65"]) {
  const content = new TextEncoder().encode(`made by JavaScript, ${scheme}, ${Date.now()}`);
  const operation = proofSubmit({ content: await digestOf(content), contentBytes: content.length, subject: scheme });
  const submission = await sign(await Signer.generate(scheme), { network, operation });
  const { ticket, report } = await client.prove(submission);
  wanted.add(submission.id);
  console.log(`${scheme.padEnd(18)} leaf ${report.facts.index} of ${report.facts.checkpoint_size}, ${ticket.id}`);
}
// All of them are final, so the events that tell of them have been told.
for await (const { outcomes } of client.events({ from: 1, signal: AbortSignal.timeout(30_000) })) {
  for (const { id, state } of outcomes ?? []) if (state === "committed") wanted.delete(id);
  if (wanted.size === 0) break;
}
if (wanted.size > 0) throw new Error("the events did not tell of every submission");
const after = await client.checkpoint();
if (after.size < before.size) throw new Error("the log has shrunk");
console.log(`events and checkpoints agree; the log grew from ${before.size} to ${after.size}`);

for (const file of files) {
  const receipt = readFileSync(file);
  const { verified, failed } = await verifyReceipt(policy, receipt);
  if (!verified) throw new Error(`${file}: check ${failed} failed`);
  let caught = 0;
  for (let at = 0; at < receipt.length; at += 97) {
    const spoilt = receipt.slice();
    spoilt[at] ^= 1;
    if ((await verifyReceipt(policy, spoilt)).verified) throw new Error(`${file}: byte ${at} may be another`);
    caught++;
  }
  console.log(`${file}: verified, and refused with each of ${caught} bytes turned`);
}
