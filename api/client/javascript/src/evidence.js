// Is this record of evidence what it says, and did a key sign it that was good at the time? Opens no socket.
//
// Other than for receipts the checks do not end at the first that fails: each is told alone, and the verdict is the worst of
// them. Codes, order, verdicts and their numbers are those of `quorate verify-evidence --output json`; the rules are in
// `ledger/verify/EVIDENCE.md`.

import { digestGiven, require, sha256, toHex, utf8 } from "./bytes.js";
import { canonicalJson } from "./canonical.js";
import { UsageError } from "./errors.js";
import { ended, made, PASSED } from "./evidence/check.js";
import { isDigest } from "./evidence/members.js";
import { isKnown, isPostQuantum } from "./evidence/outside.js";
import { LEVELS, PROTOCOL, readRecord } from "./evidence/record.js";
import { EvidenceTrust, notRevokedAt, rootOverDigests, signedBy, validAt } from "./evidence/trust.js";

export const EVIDENCE_CODES = [
  "record_format",
  "content_hashes",
  "merkle_root",
  "bundle_hash",
  "trust_root",
  "trust_bundle",
  "revocations",
  "attestation",
  "key",
  "signature",
  "key_validity",
  "key_revocation",
  "claim",
  "artifacts",
  "level",
];
/** Verdicts by the outcome that decides them, the worst first, with the number with which a command ends. */
const VERDICTS = [
  { outcome: "failed", verdict: "FAILED", exit_code: 1 },
  { outcome: "unknown", verdict: "UNKNOWN", exit_code: 2 },
  { outcome: "stale", verdict: "STALE", exit_code: 3 },
  { outcome: "without_status", verdict: "OFFLINE_WITHOUT_STATUS", exit_code: 4 },
];
const VERIFIED = { verdict: "VERIFIED", exit_code: 0 };
/** The label of the item that tells of the execution, and the members by which that binds a provider. */
const EXECUTION = "Execution";
const BINDING = ["compiled_artifact_hash", "provider_job_id", "raw_provider_result_hash"];

const hashOf = async (value) => toHex(await sha256(canonicalJson(value)));
const skipped = (detail) => ({ outcome: "skipped", detail });
const shown = (text) => JSON.stringify(text);

/** A text among the members of an item's data; null where there is none. */
function textIn(data, name) {
  const text = data instanceof Map ? data.get(name) : null;
  return typeof text === "string" ? text : null;
}

/** The name and the digest of the file that an item's data describe; null where they describe none. */
function artifactOf({ data }) {
  const [name, hash] = [textIn(data, "name"), textIn(data, "hash")];
  const digest = hash?.startsWith("sha256:") ? hash.slice("sha256:".length) : "";
  return name !== null && isDigest(digest) ? { name, digest } : null;
}

/** Rules R1 to R3: the digests, each against what it is about as it is stated, so that one fault is one. */
async function sealChecks({ recordId, tenantId, createdAt, items, merkleRoot, bundleHash }) {
  const content = async () => {
    for (const { id, contentHash, data } of items) {
      const found = await hashOf(data);
      require(found === contentHash, `the data of item ${shown(id)} have the digest ${found}, ${contentHash} is stated`);
    }
  };
  const root = async () => {
    const found = await rootOverDigests(items.map(({ contentHash }) => contentHash));
    require(found === merkleRoot, `the items have the root ${found}, ${merkleRoot} is stated`);
  };
  const bundle = async () => {
    const sealed = items.map(({ id, contentHash }) => new Map([["id", id], ["content_hash", contentHash]]));
    const header = { protocol: PROTOCOL, record_id: recordId, tenant_id: tenantId, created_at: createdAt };
    const found = await hashOf(new Map(Object.entries({ ...header, items: sealed, merkle_root: merkleRoot })));
    require(found === bundleHash, `the record has the bundle hash ${found}, ${bundleHash} is stated`);
  };
  return { content_hashes: await made(content), merkle_root: await made(root), bundle_hash: await made(bundle) };
}

/** Rule S2: the key is the one that the envelope names, by its fingerprint and its algorithm. */
async function isNamed({ fingerprint, algorithm }, key) {
  const found = toHex(await sha256(key.publicKey));
  require(found === fingerprint, `the listed key has the fingerprint ${found}, the envelope names ${fingerprint}`);
  require(algorithm === key.algorithm, `signed with ${shown(algorithm)}, the key is one of ${shown(key.algorithm)}`);
}

/** Rules S1 to S5: what is said of the signature and of its key. */
async function signatureChecks({ envelope, bundleHash }, trust) {
  const without = (why) => ({ signature: skipped(why), key_validity: skipped(why), key_revocation: skipped(why) });
  if (envelope === null) {
    const nobody = "nobody signed it";
    const attestation = { outcome: "unknown", detail: `${nobody}: whoever wrote it computed the digests` };
    return { attestation, key: skipped(nobody), ...without(nobody) };
  }
  const { digest, keyId, signature, signedAt } = envelope;
  const isItsOwn = () => require(digest === bundleHash, `the envelope is about ${digest}, the record is ${bundleHash}`);
  const attestation = await made(isItsOwn);
  let key;
  try {
    key = trust.key(keyId);
  } catch (fault) {
    return { attestation, key: ended(fault), ...without("its key is not known") };
  }
  return {
    attestation,
    key: await made(() => isNamed(envelope, key)),
    signature: await made(() => signedBy(key, utf8(bundleHash), signature)),
    key_validity: await made(() => validAt(key, signedAt)),
    key_revocation: await made(() => notRevokedAt(key.revocations, signedAt)),
  };
}

/** The level that is shown: by digests that hold or not, and by the algorithm of a signature that holds, if there is one. */
function levelOf(isSealed, algorithm, isBound) {
  if (!isSealed) return "INVALID";
  if (algorithm === null) return "SEALED_UNSIGNED";
  if (!isPostQuantum(algorithm)) return "SEALED_ATTESTED";
  return isBound ? "PROVIDER_ATTESTED" : "SEALED_ATTESTED_PQC";
}

const reaches = (level, asked) => LEVELS.indexOf(level) >= LEVELS.indexOf(asked);
const lower = (one, other) => (reaches(one, other) ? other : one);

/** Rule L2: nothing claims more than its parts would show if they held; whether they do is told apart. */
function claimHolds(claim, possible) {
  require(claim !== "INVALID", "it claims to be invalid");
  require(reaches(possible, claim), `it claims to be ${claim} and can be ${possible} at best`);
}

/** Rule F1: every file that was found has the digest that stands in the record. @param {[string, string][]} files */
function filesHold(described, files) {
  for (const [name, found] of files) {
    const expected = described.find((one) => one.name === name)?.digest;
    require(expected !== undefined, `no item describes a file ${shown(name)}`);
    require(found === expected, `the file ${shown(name)} has the digest ${found}, the record says ${expected}`);
  }
}

function filesCheck(isSealed, described, files) {
  if (files.length === 0) return skipped("no file was given");
  if (!isSealed) return skipped("an item is not what it says");
  return made(() => filesHold(described, files));
}

/** Rule L3: as much is confirmed as was asked for; unknown where what cannot be told could be enough. */
function levelCheck(asked, confirmed, couldBe) {
  if (asked === null) return skipped("no level was asked for");
  if (reaches(confirmed, asked)) return PASSED;
  const detail = `${confirmed} is confirmed, ${asked} was asked for`;
  return { outcome: reaches(couldBe, asked) ? "unknown" : "failed", detail };
}

/** Whether all of these checks held: null where that is not known. */
function held(checks, ...codes) {
  const outcomes = codes.map((code) => checks[code].outcome);
  if (outcomes.includes("failed")) return false;
  return outcomes.some((outcome) => outcome === "unknown" || outcome === "skipped") ? null : true;
}

/** The four details that others ask for, each by itself. */
function detailsOf(checks) {
  const isSealed = held(checks, "content_hashes", "merkle_root", "bundle_hash");
  return {
    bundle_hash_verified: held(checks, "attestation") === false ? false : isSealed,
    signature_valid: held(checks, "key", "signature"),
    key_not_revoked: held(checks, "key_revocation"),
    timestamp_within_validity: held(checks, "key_validity"),
  };
}

/** The first check that decides the verdict, and the verdict. */
function verdictOf(checks) {
  const decides = (found) => checks.find(({ outcome }) => outcome === found.outcome);
  const worst = VERDICTS.find(decides);
  const { verdict, exit_code } = worst ?? VERIFIED;
  return { verdict, exit_code, decided_by: worst === undefined ? null : decides(worst).code };
}

/** What is said of a document that is none. */
function unread(check) {
  return {
    ...verdictOf([check]),
    record_id: null,
    tenant_id: null,
    bundle_hash: null,
    claimed_level: null,
    confirmed_level: "INVALID",
    trust_chain: null,
    details: { bundle_hash_verified: null, signature_valid: null, key_not_revoked: null, timestamp_within_validity: null },
    checks: [check],
    artifacts: [],
  };
}

async function judge(record, trust, files, asked) {
  const { claim, envelope, items } = record;
  const seal = await sealChecks(record);
  const signing = await signatureChecks(record, trust);
  const isSealed = Object.values(seal).every((check) => check === PASSED);
  const ofSignature = Object.values(signing);
  const holds = trust.isBelieved && ofSignature.every((check) => check === PASSED);
  const mayHold = isSealed && ofSignature.every(({ outcome }) => outcome !== "failed");
  const execution = items.find(({ label }) => label === EXECUTION)?.data;
  const isBound = BINDING.every((name) => (textIn(execution, name) ?? "") !== "");
  const algorithm = envelope?.algorithm ?? null;
  const shownLevel = levelOf(isSealed, holds ? algorithm : null, isBound);
  // What its parts would show if all of them held; an algorithm that is not known here counts as the best.
  const possible = levelOf(true, algorithm === null || isKnown(algorithm) ? algorithm : "ML-DSA-65", isBound);
  const confirmed = lower(claim, shownLevel);
  const described = items.map(artifactOf).filter((one) => one !== null);
  const checks = {
    record_format: PASSED,
    ...seal,
    ...trust.checks,
    ...signing,
    claim: await made(() => claimHolds(claim, possible)),
    artifacts: await filesCheck(isSealed, described, files),
    level: levelCheck(asked, confirmed, mayHold ? lower(claim, possible) : confirmed),
  };
  const told = EVIDENCE_CODES.map((code) => ({ code, ...checks[code] }));
  const given = new Map(files);
  const fate = ({ name, digest }) => (!given.has(name) ? "absent" : given.get(name) === digest ? "matches" : "differs");
  return {
    ...verdictOf(told),
    record_id: record.recordId,
    tenant_id: record.tenantId,
    bundle_hash: record.bundleHash,
    claimed_level: claim,
    confirmed_level: confirmed,
    trust_chain: envelope === null ? null : await trust.chainTo(envelope.keyId),
    details: detailsOf(checks),
    checks: told,
    artifacts: described.map((one) => ({ name: one.name, outcome: fate(one) })),
  };
}

function filesOption(artifacts) {
  const files = artifacts instanceof Map ? [...artifacts] : Object.entries(artifacts ?? {});
  return files.map(([name, digest]) => [name, digestGiven(digest, `options.artifacts[${shown(name)}]`)]);
}

function levelOption(level) {
  if (level === undefined || level === null) return null;
  if (LEVELS.includes(level)) return level;
  throw new UsageError(`options.atLeast is one of ${LEVELS.slice(1).join(", ")}`);
}

/**
 * Checks a record of evidence, `qcos-evidence/1`, against documents of trust.
 *
 * @param {EvidenceTrust | import("./index.d.ts").TrustDocuments} trust judged once for many records, or as it is given
 * @param {string | Uint8Array} source the record
 * @param {import("./index.d.ts").EvidenceOptions} [options]
 * @returns {Promise<import("./index.d.ts").EvidenceReport>}
 * @throws {UsageError} when the options are none
 */
export async function verifyEvidence(trust, source, options = {}) {
  const [files, asked] = [filesOption(options.artifacts), levelOption(options.atLeast)];
  const believed = trust instanceof EvidenceTrust ? trust : await EvidenceTrust.judge(trust);
  if (believed.unread !== null) return unread(believed.unread);
  let record;
  try {
    record = readRecord(source);
  } catch (fault) {
    return unread({ code: "record_format", ...ended(fault) });
  }
  return judge(record, believed, files, asked);
}
