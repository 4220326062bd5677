// `node tests/speed.js POLICY RECEIPT [SECONDS]`: how long a receipt takes; the policy read once, and read each time.

import { readFileSync } from "node:fs";

import { Policy, verifyReceipt } from "../src/index.js";

const [policyFile, receiptFile, seconds = "3"] = process.argv.slice(2);
const [text, receipt] = [readFileSync(policyFile), readFileSync(receiptFile)];

async function measure(name, policy) {
  const until = performance.now() + 1_000 * Number(seconds);
  const times = [];
  const { user, system } = process.cpuUsage();
  while (performance.now() < until) {
    const begin = performance.now();
    const { verified } = await verifyReceipt(policy, receipt);
    if (!verified) throw new Error("the receipt is not true");
    times.push(performance.now() - begin);
  }
  const used = process.cpuUsage({ user, system });
  const cpu = (used.user + used.system) / 1_000 / times.length;
  times.sort((a, b) => a - b);
  console.log(`${name}: median ${times[times.length >> 1].toFixed(2)} ms, ${cpu.toFixed(2)} ms of processor each, of ${times.length}`);
}

await measure("policy read once", await Policy.parse(text));
await measure("policy read each time", text);
