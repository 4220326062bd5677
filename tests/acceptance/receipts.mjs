// `node receipts.mjs JAVASCRIPT POLICY DIR`: the JavaScript verifier on every receipt below a folder, or on one file.
//
// JAVASCRIPT is the folder of the package. Prints how many are true and the time each takes, by dialect; exit code 4 when
// one is not.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [javascript, policyFile, path] = process.argv.slice(2);
const { Policy, verifyReceipt } = await import(pathToFileURL(resolve(javascript, "src/index.js")));

const policy = await Policy.parse(readFileSync(policyFile));
const files = statSync(path).isDirectory() ? readdirSync(path).sort().map((name) => join(path, name)) : [path];
const [times, untrue] = [new Map(), []];
for (const file of files.filter((name) => !name.endsWith(".entry"))) {
  const receipt = readFileSync(file);
  const beside = file.replace(/tlog-proof$/, "entry");
  const options = beside === file ? {} : { entry: new Uint8Array(readFileSync(beside)) };
  const begin = performance.now();
  const { verified, failed, checks } = await verifyReceipt(policy, receipt, options);
  const dialect = basename(file).replace(/^[0-9]+\./, "");
  const [count, total] = times.get(dialect) ?? [0, 0];
  times.set(dialect, [count + 1, total + performance.now() - begin]);
  if (!verified) untrue.push(`${file}: ${failed}: ${checks.find(({ outcome }) => outcome === "failed").detail}`);
}
const all = [...times.values()];
const count = all.reduce((sum, [number]) => sum + number, 0);
const total = all.reduce((sum, [, ms]) => sum + ms, 0);
const each = [...times].sort().map(([name, [number, ms]]) => `${name} ${(ms / number).toFixed(2)}`).join(", ");
const said = `${count - untrue.length} of ${count} verified in ${(total / 1_000).toFixed(2)} s; ms each: ${each}`;
console.log(`        JavaScript ${said}`);
if (untrue.length > 0) {
  console.log(untrue.slice(0, 10).join("\n"));
  process.exitCode = 4;
}
