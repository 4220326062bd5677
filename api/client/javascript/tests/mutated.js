// `node tests/mutated.js FILE`: reads every statement of a file that `tests/vectors/mutated.rs` wrote, and asks that each is read
// here as in Rust, or refused here as there.

import { readFileSync } from "node:fs";

import { Refused, toHex } from "../src/bytes.js";
import { readEntry, verifySignatures } from "../src/entry.js";

/** The check that fails, and what is read of a leaf that is well formed. */
async function judge(bytes) {
  let submission;
  try {
    ({ submission } = await readEntry(bytes));
  } catch (fault) {
    if (fault instanceof Refused) return { failed: "entry" };
    throw fault;
  }
  let failed = null;
  try {
    await verifySignatures(submission);
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    failed = "author_signature";
  }
  const { id, author, key, content, statement } = submission;
  return { failed, id: toHex(id), author, key: await key.id(), content: toHex(content), ...statement };
}

const statements = JSON.parse(readFileSync(process.argv[2]));
let others = 0;
for (const { entry, rust } of statements) {
  const found = await judge(new Uint8Array(Buffer.from(entry, "base64")));
  const names = new Set([...Object.keys(rust), ...Object.keys(found)]);
  if ([...names].every((name) => rust[name] === found[name])) continue;
  others++;
  if (others <= 5) console.log({ entry, rust, found });
}
console.log(`${statements.length} mutated statements, ${others} read otherwise than in Rust`);
if (statements.length === 0 || others > 0) process.exitCode = 1;
