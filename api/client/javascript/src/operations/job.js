// Jobs, their evidence, and the keys that sign it.
//
// What a seal states is not made again here: the ledger took none that states other than what follows from its job. A key that is
// listed consents to all that is said of it. Source: `proto/src/job.rs`, `proto/src/wire/job.rs`, `proto/src/wire/evidence.rs`.

import { concat, fromUtf8, require, u64be, utf8 } from "../bytes.js";
import { plainText } from "../names.js";
import { readMessage } from "../protobuf.js";
import { ED25519, ES256, ML_DSA_65, parseSignature, PublicKey } from "../schemes.js";
import { digest, field, within } from "./parts.js";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const CURRENCY = /^[A-Z]{3}$/;
/** The last millisecond of the year 9999. */
const TIME_MS_MAX = 253_402_300_799_999n;
const MICROS_MAX = 999_999_999_999_999n;
const SIGNING = [ED25519, ML_DSA_65, ES256];
const SIGNER_TAG = utf8("quorate/v1/signer-possession\0");

function name(text, what) {
  require(NAME.test(text) && !text.endsWith("\n"), `${what} is no name of one: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

function bounded(text, least, most, what) {
  within(utf8(text).length, least, most, what);
  return plainText(text, what, most);
}

/** A time that may be left out, as 0. */
const time = (ms, what) => within(ms, 0n, TIME_MS_MAX, what);

function hash(bytes, what) {
  if (bytes.length > 0) digest(bytes, what);
}

function scheme(number) {
  require(SIGNING.includes(Number(number)), `scheme ${number} signs no evidence`);
  return Number(number);
}

const OPEN = {
  1: field("job", "text"),
  2: field("backend", "text"),
  3: field("version", "text"),
  4: field("provider", "text"),
  5: field("qubits", "u32"),
  6: field("status", "text"),
  7: field("commit", "text"),
  8: field("image", "bytes"),
  9: field("config", "bytes"),
  10: field("circuit", "bytes"),
  11: field("compiler", "text"),
  12: field("shots", "u64"),
  13: field("estimate", "u64"),
  14: field("currency", "text"),
  15: field("tags", "messages"),
  16: field("retention", "u32"),
  17: field("days", "u32"),
  18: field("writeOnce", "bool"),
  19: field("submitted", "u64"),
  20: field("queued", "u64"),
};
const STATE = {
  1: field("job", "text"),
  2: field("state", "u32"),
  3: field("at", "u64"),
  4: field("completion", "message"),
  5: field("reason", "text"),
};
const COMPLETION = {
  1: field("shots", "u64"),
  2: field("success", "u32"),
  3: field("cost", "u64"),
  4: field("provider", "message"),
  5: field("artifacts", "messages"),
  6: field("results", "u32"),
};
const PROVIDER = { 1: field("job", "text"), 2: field("compiled", "text"), 3: field("raw", "text") };
const ARTIFACT = { 1: field("name", "text"), 2: field("sha256", "bytes"), 3: field("bytes", "u64"), 4: field("type", "text") };
const SEAL = {
  1: field("job", "text"),
  2: field("record", "text"),
  3: field("created", "u64"),
  4: field("items", "messages"),
  5: field("root", "bytes"),
  6: field("bundle", "bytes"),
  7: field("claim", "u32"),
  8: field("key", "bytes"),
  9: field("scheme", "u32"),
  10: field("signature", "bytes"),
  11: field("signed", "u64"),
};
const ITEM = { 1: field("id", "text"), 2: field("label", "text"), 3: field("content", "bytes") };

function readCompletion(message) {
  const { success, cost, provider, artifacts, results } = readMessage(message, COMPLETION, "completion");
  within(success, 0n, 1_000_000n, "success_rate, in millionths");
  within(cost, 0n, MICROS_MAX, "final cost, in millionths");
  if (provider !== null) {
    const { job, compiled, raw } = readMessage(provider, PROVIDER, "provider");
    for (const text of [job, compiled, raw]) bounded(text, 1, 100, "provider");
  }
  within(artifacts.length, 1, 64, "artifacts");
  within(results, 0n, BigInt(artifacts.length - 1), "results");
  const names = new Set();
  for (const bytes of artifacts) {
    const { name: file, sha256, type } = readMessage(bytes, ARTIFACT, "artifact");
    bounded(file, 1, 255, "artifact name");
    require(file !== "." && file !== ".." && !/[/\\]/.test(file), "an artifact's name has no slashes and is not a dot or two");
    require(!names.has(file), "an artifact is named twice");
    names.add(file);
    digest(sha256, "sha256");
    bounded(type, 1, 127, "content_type");
  }
}

/** What each of these operations must hold; gives the key that has to consent, if one does. */
export const JOBS = {
  "job.open"(bytes) {
    const open = readMessage(bytes, OPEN, "job.open");
    name(open.job, "job");
    bounded(open.backend, 1, 100, "backend_id");
    for (const what of ["version", "provider", "status", "commit", "compiler"]) bounded(open[what], 0, 100, what);
    for (const what of ["image", "config", "circuit"]) hash(open[what], what);
    within(open.estimate, 0n, MICROS_MAX, "estimate, in millionths");
    require(CURRENCY.test(open.currency) && open.currency.length === 3, "currency: three capital letters");
    within(open.tags.length, 0, 16, "tags");
    for (const tag of open.tags) bounded(fromUtf8(tag, "tags"), 1, 100, "tags");
    within(open.retention, 1n, 3n, "retention");
    if (open.retention === 3n) within(open.days, 1n, 36_525n, "retention, in days");
    else require(open.days === 0n && !open.writeOnce, "a class that says it all has no days");
    time(open.submitted, "submitted_at");
    time(open.queued, "queued_at");
    return {};
  },
  "job.state"(bytes) {
    const { job, state, at, completion, reason } = readMessage(bytes, STATE, "job.state");
    name(job, "job");
    within(state, 2n, 4n, "state");
    time(at, "at_ms");
    require((state === 3n) === (completion !== null), "what came of a job is said when it is completed");
    require(state === 4n || reason === "", "a reason is said when it failed");
    if (completion !== null) readCompletion(completion);
    bounded(reason, 0, 1_024, "reason");
    return {};
  },
  "evidence.seal"(bytes) {
    const { job, record, items, root, bundle, claim, key, scheme: number, signature } = readMessage(bytes, SEAL, "evidence.seal");
    within(items.length, 0, 70, "items");
    for (const item of items) {
      const { id, label, content } = readMessage(item, ITEM, "item");
      bounded(id, 1, 64, "item.id");
      bounded(label, 0, 64, "item.label");
      digest(content, "item.content");
    }
    name(job, "job");
    name(record, "record");
    digest(root, "root");
    digest(bundle, "bundle");
    within(claim, 1n, 4n, "claim");
    digest(key, "key");
    parseSignature(scheme(number), signature);
    return {};
  },
  "signer.list"(bytes) {
    const schema = {
      1: field("name", "text"),
      2: field("scheme", "u32"),
      3: field("key", "bytes"),
      4: field("roles", "u32"),
      5: field("from", "u64"),
      6: field("until", "u64"),
      7: field("possession", "bytes"),
    };
    const listed = readMessage(bytes, schema, "signer.list");
    const kind = scheme(listed.scheme);
    require(listed.until > listed.from, "valid_until_ms is not later than valid_from_ms");
    name(listed.name, "name");
    within(listed.roles, 1n, 3n, "roles");
    const numbers = concat(u64be(listed.roles).slice(4), u64be(listed.from), u64be(listed.until));
    const key = PublicKey.parse(kind, listed.key);
    const consent = { tag: SIGNER_TAG, names: (author) => [author, listed.name], numbers };
    return { signer: { ...consent, key, possession: parseSignature(kind, listed.possession) } };
  },
  "signer.revoke"(bytes) {
    const schema = { 1: field("key", "bytes"), 2: field("reason", "text"), 3: field("from", "u64") };
    const { key, reason } = readMessage(bytes, schema, "signer.revoke");
    digest(key, "key");
    bounded(reason, 0, 1_024, "reason");
    return {};
  },
  "evidence.verified"(bytes) {
    name(readMessage(bytes, { 1: field("job", "text") }, "evidence.verified").job, "job");
    return {};
  },
  "evidence.delete"(bytes) {
    const { job, reason } = readMessage(bytes, { 1: field("job", "text"), 2: field("reason", "text") }, "evidence.delete");
    name(job, "job");
    bounded(reason, 0, 1_024, "reason");
    return {};
  },
};
