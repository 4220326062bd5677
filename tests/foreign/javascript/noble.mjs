// `node noble.mjs --checkpoint POLICY NOTE --receipt RECEIPT JWS`: @noble/post-quantum checks every ML-DSA-65 signature under a
// checkpoint, and the one of a JWS that a network registered; then everything spoiled, which it has to refuse.
//
// Sources: C2SP signed-note, tlog-policy, tlog-cosignature; FIPS 204; RFC 9964.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";

import { flipped, refuses, Refused, require, statementIn } from "./common.mjs";

const TYPE = Buffer.from("\xffquorate/ml-dsa-65/v1", "latin1");

const u64 = (number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
};
const short = (text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);

/** The ML-DSA-65 keys of a policy, by name and key id. */
function policyKeys(policy) {
  const keys = new Map();
  for (const line of policy.split("\n")) {
    const words = line.split("#")[0].split(/\s+/).filter(Boolean);
    if (words[0] !== "witness") continue;
    const [, name, id, text] = /^([^+]+)\+([0-9a-f]{8})\+(.*)$/.exec(words[2]);
    const blob = Buffer.from(text, "base64");
    if (!blob.subarray(0, TYPE.length).equals(TYPE)) continue;
    const computed = createHash("sha256").update(`${name}\n`).update(blob).digest("hex").slice(0, 8);
    require(computed === id, `${name}: key id ${id}, computed ${computed}`);
    keys.set(`${name} ${id}`, blob.subarray(TYPE.length));
  }
  return keys;
}

/** The message of a cosignature: the subtree from 0 to the checkpoint's size. */
function message(name, time, [origin, size, root]) {
  const subtree = [short(origin), u64(0), u64(size), Buffer.from(root, "base64")];
  return Buffer.concat([Buffer.from("subtree/v1\n\0"), short(name), u64(time), ...subtree]);
}

function check({ keys, note }) {
  const [text, lines] = note.split("\n\n");
  const head = text.split("\n");
  require(head.length === 3, "the checkpoint has another number of lines than three");
  let count = 0;
  for (const line of lines.trimEnd().split("\n")) {
    const [, name, blob] = /^\u2014 (\S+) (\S+)$/.exec(line);
    const bytes = Buffer.from(blob, "base64");
    const key = keys.get(`${name} ${bytes.subarray(0, 4).toString("hex")}`);
    if (key === undefined) continue;
    const signed = message(name, bytes.readBigUInt64BE(4), head);
    require(ml_dsa65.verify(bytes.subarray(12), signed, key), `${name} did not sign this`);
    count++;
  }
  // As many as a quorum of validators has, each with one such key.
  require(count * 3 > keys.size * 2, `${count} of ${keys.size} keys have signed`);
  return count;
}

function* spoiled({ keys, note }) {
  const one = (what, changed) => {
    require(changed !== note, `${what}: nothing was changed`);
    return [what, { keys, note: changed }];
  };
  const [text, lines] = note.split("\n\n");
  const [origin, size, root] = text.split("\n");
  const with_ = (...head) => `${head.join("\n")}\n\n${lines}`;
  yield one("the origin is another", with_(`${origin}x`, size, root));
  yield one("the size is another", with_(origin, Number(size) + 1, root));
  yield one("the root is another", with_(origin, size, flipped(root, 7)));
  const ours = lines.split("\n").filter((line) => line.length > 3_000);
  for (const line of ours) {
    const [dash, name, blob] = line.split(" ");
    const bytes = Buffer.from(blob, "base64");
    for (const at of [5, 11, 12, 40, 2_000, bytes.length - 1]) {
      const turned = Buffer.from(bytes);
      turned[at] ^= 1;
      yield one(`byte ${at} of ${name} is turned`, note.replace(line, `${dash} ${name} ${turned.toString("base64")}`));
    }
  }
  yield ["nobody has signed", { keys, note: note.split("\n").filter((line) => !ours.includes(line)).join("\n") }];
  const names = [...keys.keys()];
  const others = new Map(names.map((name, at) => [name, keys.get(names[(at + 1) % names.length])]));
  if (names.length > 1) yield ["the keys are another's", { keys: others, note }];
}

function checkJws(text) {
  const [header, payload, signature] = text.split(".");
  const { alg, jwk } = JSON.parse(Buffer.from(header, "base64url"));
  require(alg === "ML-DSA-65" && jwk.kty === "AKP" && jwk.alg === alg, "another algorithm");
  const [seal, key] = [signature, jwk.pub].map((part) => Buffer.from(part, "base64url"));
  require(ml_dsa65.verify(seal, Buffer.from(`${header}.${payload}`), key), "the signature does not fit");
}

function* spoiledJws(text) {
  const dots = [text.indexOf("."), text.lastIndexOf(".")];
  for (const at of [dots[0] + 3, dots[1] - 3, dots[1] + 3, dots[1] + 2_000, text.length - 3]) {
    yield [`character ${at} is another`, flipped(text, at)];
  }
  const header = JSON.parse(Buffer.from(text.slice(0, dots[0]), "base64url"));
  const other = { ...header, jwk: { ...header.jwk, pub: flipped(header.jwk.pub, 2_000) } };
  yield ["the key is another", Buffer.from(JSON.stringify(other)).toString("base64url") + text.slice(dots[0])];
}

const words = process.argv.slice(2);
const after = (flag, count) => words.slice(words.indexOf(flag) + 1, words.indexOf(flag) + 1 + count);
try {
  const [policy, note] = after("--checkpoint", 2).map((file) => readFileSync(file, "utf8"));
  const given = { keys: policyKeys(policy), note };
  const [count, refused] = [check(given), await refuses(check, spoiled(given))];
  console.log(`checkpoint: ${count} of ${given.keys.size} ML-DSA-65 keys signed, ${refused} spoiled ones refused`);
  const [receipt, signed] = after("--receipt", 2);
  const held = statementIn(receipt).toString();
  require(held === readFileSync(signed, "utf8"), `${receipt} holds something else than ${signed}`);
  checkJws(held);
  console.log(`jws: verified, ${await refuses(checkJws, spoiledJws(held))} spoiled ones refused`);
} catch (fault) {
  if (!(fault instanceof Refused)) throw fault;
  console.error(`REFUSED ${fault.message}`);
  process.exitCode = 1;
}
