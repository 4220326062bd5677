// Is this receipt true? A function of a policy, a receipt and what the caller wants to know; opens no socket.
//
// The checks are made in one fixed order, from the policy inwards, and end at the first that fails: what comes after
// would rest on something that was not believed. Codes, order and facts are those of `quorate verify --output json`.

import { digestGiven, equal, plain, Refused, require, toHex } from "./bytes.js";
import { checkSignatures, readCheckpoint, vouchedTime } from "./checkpoint.js";
import { checkIssuers } from "./cose.js";
import { readEntry, verifySignatures } from "./entry.js";
import { UsageError } from "./errors.js";
import { leafHash, proofLength, rootFrom } from "./merkle.js";
import { isDidOf } from "./names.js";
import { Policy } from "./policy.js";
import { readReceipt } from "./receipt.js";

export const CODES = [
  "receipt_format",
  "policy",
  "checkpoint_signatures",
  "quorum",
  "index",
  "proof_length",
  "root",
  "entry",
  "author_signature",
  "key_standing",
  "batch_item",
  "artifact",
  "freshness",
];

export const BATCH_TREE = "rfc6962-sha256-digests";
/** How far a quorum's clocks may be ahead of the caller's, in seconds. */
const CLOCK_SKEW_S = 300n;
const U64_MAX = (1n << 64n) - 1n;

const NO_FACTS = {
  origin: null,
  checkpoint_size: null,
  root: null,
  cosigners: [],
  vouched_time_s: null,
  index: null,
  entry: null,
  id: null,
  height: null,
  time_ms: null,
  network: null,
  operation: null,
  tenant: null,
  author: null,
  key: null,
  key_standing: null,
  content: null,
  item: null,
};

/** The checks made so far, in order. */
class Run {
  checks = [];
  facts = { ...NO_FACTS, cosigners: [] };

  code() {
    return CODES[this.checks.length];
  }

  skip(detail) {
    this.checks.push({ code: this.code(), outcome: "skipped", detail });
  }

  /** Makes the next check; a refusal ends the run. */
  async make(work) {
    const code = this.code();
    let found;
    try {
      found = await work();
    } catch (fault) {
      if (fault instanceof Refused) this.checks.push({ code, outcome: "failed", detail: fault.message });
      throw fault;
    }
    this.checks.push({ code, outcome: "passed", detail: "" });
    return found;
  }

  report() {
    const failed = this.checks.find(({ outcome }) => outcome === "failed")?.code ?? null;
    while (this.checks.length < CODES.length) this.skip("an earlier check failed");
    return { verified: failed === null, failed, checks: this.checks, facts: this.facts };
  }
}

async function inclusion({ leaf, index, size, proof, root }) {
  const found = await rootFrom(leaf, index, size, proof);
  require(equal(found, root), `the proof leads to root ${toHex(found)}, claimed was ${toHex(root)}`);
}

/** The subject of a COSE receipt: a statement's own, if that is the leaf; else the submission's or the leaf's name. */
function subjectOf({ kind, submission }, { id }, index) {
  if (kind !== "submission") return `urn:quorate:leaf:${index}`;
  return submission.isLeaf ? submission.statement.subject : `urn:quorate:submission:${id}`;
}

/** That what came with the receipt is about this entry. */
function checkBeside(entry, facts, { submission, cose, index }) {
  require(submission === null || (entry.kind === "submission" && equal(submission, entry.submission.bytes)),
    "the submission beside the entry is not the one in it");
  const expected = subjectOf(entry, facts, index);
  for (const { subject } of cose) {
    require(subject === expected, `the COSE receipt is about ${JSON.stringify(subject)}, the entry is ${expected}`);
  }
}

/** What a leaf that stands in the log and is signed says of the key; null: something else. */
async function provenLeaf({ index, entry, proof }, { size, root }, what, says) {
  const needed = proofLength(index, size);
  require(needed !== null && proof.length === needed, `the leaf that ${what} the key does not stand at ${index} of ${size}`);
  await inclusion({ leaf: await leafHash(entry), index, size, proof, root });
  const { kind, submission } = await readEntry(entry);
  require(kind === "submission" && (await says(submission)),
    `leaf ${index} is a ${submission?.operation ?? kind}, which is not one that ${what} this key of this author`);
  await verifySignatures(submission);
  return submission;
}

/** How a key ended, as `quorate verify --output json` says it. */
function keyEnd({ how, fromSize = 0n, fromTime = 0n }, at) {
  const from = fromSize > 0n ? `size ${fromSize}` : fromTime > 0n ? `block time ${fromTime} ms` : "its own leaf";
  return { kind: how, index: plain(at), from };
}

/** Whether a leaf of a block of that time is not believed, signed by a key that ended at `at`. */
function reaches({ fromSize = 0n, fromTime = 0n }, at, { index, time }) {
  if (index >= at) return index > at;
  return (fromSize > 0n && index >= fromSize) || (fromTime > 0n && time >= fromTime);
}

/**
 * That the key was the author's when it signed, by the leaf that listed it and the one that ended it, if they came along.
 * Without them there is nothing to compute: either the DID shows the key, or the entry's place in the log does.
 */
async function checkStanding(standing, head, signed, facts) {
  if (standing === null) return;
  const { author, key } = signed.submission;
  const id = await key.thumbprint();
  const { listed, ended } = standing;
  await provenLeaf(listed, head, "listed", async ({ listing }) => {
    if (listing?.identity !== author) return false;
    const ids = await Promise.all(listing.keys.map((one) => one.thumbprint()));
    return ids.some((one) => equal(one, id));
  });
  let end = null;
  if (ended !== null) {
    const isEnd = ({ ending }) => ending?.identity === author && equal(ending.key, id);
    ({ ending: end } = await provenLeaf(ended, head, "ended", isEnd));
    facts.key_end = keyEnd(end, ended.index);
  }
  const self = facts.key_standing === "self_certified";
  // Before an identity is registered it speaks by the key that its DID names.
  require(self || signed.index >= listed.index,
    `the key signed entry ${signed.index}, and was listed by entry ${listed.index}, later`);
  require(end === null || !reaches(end, ended.index, signed),
    `the key was ${end?.how} by entry ${ended?.index}, and signed entry ${signed.index}, which is not believed`);
  if (!self) facts.key_standing = "listed";
}

async function checkItem({ digest, index, path }, submission) {
  const batch = submission?.batch;
  require(batch !== undefined,
    `the receipt is about an item of a batch, and the entry is ${submission?.operation ?? "the network's own"}, not batch.anchor`);
  require(batch.tree === BATCH_TREE,
    `the batch is a tree ${JSON.stringify(batch.tree)}, items are proven in "${BATCH_TREE}" alone`);
  const needed = proofLength(index, batch.count);
  require(needed !== null, `in the batch, leaf ${index} is not within a log of ${batch.count} leaves`);
  require(path.length === needed, `in the batch, the proof has ${path.length} hashes, ${needed} are needed`);
  await inclusion({ leaf: await leafHash(digest), index, size: batch.count, proof: path, root: batch.root });
}

/** A leaf that does not state its time is no younger than the word of the quorum that it was there. */
const latest = (time) => (time === null || time > (U64_MAX - 999n) / 1_000n ? U64_MAX : time * 1_000n + 999n);

function checkFreshness(time, { nowS, maxAgeS }) {
  const [now, max] = [BigInt(nowS), BigInt(maxAgeS)];
  require(time !== null, "the policy asks for no cosigners, so nothing says how old the checkpoint is");
  require(time <= now + CLOCK_SKEW_S, `the quorum cosigned at ${time} s, and it is only ${now} s`);
  const age = now > time ? now - time : 0n;
  require(age <= max, `the quorum cosigned ${age} s ago, at most ${max} s are wanted`);
}

async function submissionFacts({ height, time, submission }) {
  const { id, network, tenant, author, key, operation, content, statement } = submission;
  return {
    entry: "submission",
    id: toHex(id),
    height: height === undefined ? null : plain(height),
    time_ms: time === undefined ? null : plain(time),
    network: network === undefined ? null : toHex(network),
    operation,
    tenant,
    author,
    key: await key.id(),
    key_standing: (await isDidOf(author, key)) ? "self_certified" : "attested_by_log",
    content: content === undefined ? null : toHex(content),
    ...(statement === undefined ? {} : { statement }),
  };
}

async function entryFacts(entry, origin) {
  switch (entry.kind) {
    case "genesis":
      require(entry.origin === origin, `the genesis is of ${entry.origin}, the log is ${origin}`);
      return { entry: "genesis", network: toHex(entry.network) };
    case "epoch":
      return { entry: "epoch", height: plain(entry.height) };
    case "block":
      return { entry: "block", height: plain(entry.height), time_ms: plain(entry.time) };
    default:
      return submissionFacts(entry);
  }
}

async function checks(run, policy, source, { entry: entryBytes, submission, artifact, freshness }) {
  const receipt = await run.make(() => readReceipt(source, entryBytes));

  // A note that cannot be read says no origin: the fault is the checkpoint's, unless no log is believed at all.
  let checkpoint = null;
  let unreadable = null;
  await run.make(() => {
    require(policy.logs.length > 0, "the policy names no log");
    try {
      checkpoint = readCheckpoint(receipt.checkpoint);
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      unreadable = fault;
      return;
    }
    require(policy.logs.some(({ key }) => key.name === checkpoint.origin),
      `the checkpoint is of ${checkpoint.origin}, and the policy names no log of that origin`);
  });
  const { index, proof, cose, item, standing } = receipt;
  const cosigners = await run.make(async () => {
    if (unreadable !== null) throw unreadable;
    const found = await checkSignatures(policy, checkpoint);
    await checkIssuers(policy, checkpoint, cose);
    return found;
  });
  if (policy.quorum === null) {
    run.skip("the policy asks for no cosigners");
  } else {
    await run.make(() => {
      const names = new Set(cosigners.map(({ name }) => name));
      require(policy.satisfied(names),
        `the policy's quorum ${JSON.stringify(policy.quorum)} is not reached by the cosigners ${[...names].sort().join(", ")}`);
    });
  }
  const { origin, size, root } = checkpoint;
  const time = vouchedTime(policy, cosigners);
  Object.assign(run.facts, {
    origin,
    checkpoint_size: plain(size),
    root: toHex(root),
    cosigners: cosigners.map(({ name }) => name),
    vouched_time_s: time === null ? null : plain(time),
  });

  const paths = [proof, ...cose.map(({ path }) => path)];
  const needed = await run.make(() => {
    const length = proofLength(index, size);
    require(length !== null, `leaf ${index} is not within a log of ${size} leaves`);
    for (const issued of cose) {
      require(issued.index === index && issued.size === size,
        `the COSE receipt is of leaf ${issued.index} of ${issued.size}, the receipt of leaf ${index} of ${size}`);
    }
    return length;
  });
  await run.make(() => {
    for (const { length } of paths) require(length === needed, `the proof has ${length} hashes, ${needed} are needed`);
  });
  await run.make(async () => {
    const leaf = await leafHash(receipt.entry);
    for (const path of paths) await inclusion({ leaf, index, size, proof: path, root });
  });
  run.facts.index = plain(index);

  const entry = await run.make(async () => {
    const read = await readEntry(receipt.entry);
    const facts = await entryFacts(read, origin);
    if (submission !== undefined) {
      require(read.kind === "submission", `the entry is a ${read.kind}, not submission ${submission}`);
      require(facts.id === submission, `the entry is submission ${facts.id}, asked for was ${submission}`);
    }
    checkBeside(read, facts, receipt);
    Object.assign(run.facts, facts);
    return read;
  });
  const said = entry.submission ?? null;
  if (said === null) {
    run.skip("the entry is the network's own and has no author");
    if (standing === null) run.skip("the entry is the network's own and has no author");
    else await run.make(() => require(false, "the entry has no author, so no key can be shown to be the author's"));
  } else {
    await run.make(() => verifySignatures(said));
    const signed = { index, time: entry.time ?? latest(time), submission: said };
    await run.make(() => checkStanding(standing, { size, root }, signed, run.facts));
  }

  if (item === null) {
    run.skip("the receipt is about no item of a batch");
  } else {
    await run.make(() => checkItem(item, said));
    run.facts.item = { digest: toHex(item.digest), index: plain(item.index), count: plain(said.batch.count) };
  }
  if (artifact === undefined) {
    run.skip("no artifact was given");
  } else {
    await run.make(() => {
      const content = item === null ? said?.content : item.digest;
      require(content !== undefined, `the entry is about no content, so not about the artifact ${artifact}`);
      require(toHex(content) === artifact, `the receipt is about content ${toHex(content)}, the artifact is ${artifact}`);
    });
  }
  if (freshness === undefined) {
    run.skip("no greatest age was given");
  } else {
    await run.make(() => checkFreshness(time, freshness));
  }
}

function digestOption(options, name) {
  const value = options[name];
  return value === undefined || value === null ? undefined : digestGiven(value, `options.${name}`);
}

function freshnessOption({ freshness, maxAgeS }) {
  const wanted = freshness ?? (maxAgeS === undefined ? undefined : { maxAgeS });
  if (wanted === undefined) return undefined;
  const { nowS = Math.floor(Date.now() / 1000), maxAgeS: most } = wanted;
  for (const seconds of [nowS, most]) {
    const fits = typeof seconds === "bigint" ? seconds >= 0n : Number.isSafeInteger(seconds) && seconds >= 0;
    if (!fits) throw new UsageError("options.freshness takes whole seconds: { maxAgeS, nowS }");
  }
  return { nowS, maxAgeS: most };
}

/**
 * Checks a receipt, in any of its spellings, under a policy.
 *
 * @param {string | Uint8Array | Policy} policy whom to believe: the text of a C2SP tlog-policy
 * @param {string | Uint8Array} receipt
 * @param {import("./index.d.ts").VerifyOptions} [options]
 * @returns {Promise<import("./index.d.ts").Report>}
 * @throws {PolicyError} when the policy cannot be read: there is nothing to judge by
 * @throws {UsageError} when the options do not fit the receipt
 */
export async function verifyReceipt(policy, receipt, options = {}) {
  const believed = policy instanceof Policy ? policy : await Policy.parse(policy);
  const asked = {
    entry: options.entry ?? undefined,
    submission: digestOption(options, "submission"),
    artifact: digestOption(options, "artifact"),
    freshness: freshnessOption(options),
  };
  const run = new Run();
  try {
    await checks(run, believed, receipt, asked);
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
  }
  return run.report();
}

/** Checks a checkpoint's note under a policy. @returns origin, size, root, cosigners and the time vouched for. */
export async function verifyCheckpoint(policy, note) {
  const checkpoint = readCheckpoint(note);
  require(policy.logs.some(({ key }) => key.name === checkpoint.origin), `the policy names no log ${checkpoint.origin}`);
  const cosigners = await checkSignatures(policy, checkpoint);
  require(policy.satisfied(new Set(cosigners.map(({ name }) => name))), "the policy's quorum is not reached");
  return { ...checkpoint, cosigners, time: vouchedTime(policy, cosigners) };
}
