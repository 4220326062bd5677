// Are these trust documents to be believed, and what do they say of a key?
//
// From the pinned root outwards: the roots that follow from it, the bundle that the last of them vouches for, and the list
// of revocations in it. Judged once, then asked for each record. Rules T, B and C of `ledger/verify/EVIDENCE.md`.

import { digestFromHex, digestGiven, equal, fromUtf8, require, sha256, toHex } from "../bytes.js";
import { byCodePoints } from "../canonical.js";
import { UsageError } from "../errors.js";
import { rootOver } from "../merkle.js";
import { made, Otherwise, PASSED } from "./check.js";
import { readBundle, readHead, readRoot, writeHead } from "./documents.js";
import { isKnown, verifyOutside } from "./outside.js";
import { readTime } from "./time.js";

/** How far a clock may be behind the one that dated a document, in microseconds. */
const SKEW = 300_000_000n;
const BUNDLE_SIGNING = "bundle_signing";
const EVIDENCE_SIGNING = "evidence_signing";
const NO_BUNDLE = { outcome: "skipped", detail: "no trust bundle was given" };
const UNTOLD = "what was revoked was not told";

const named = (keys, name) => keys.find(({ keyId }) => keyId === name) ?? null;
const shown = (name) => JSON.stringify(name);

/** That a root gives a key this role. */
function may({ keyId, roles }, role) {
  require(roles.includes(role), `the trust root does not let ${shown(keyId)} do ${role}`);
}

/** The revocation that reaches back furthest; of equal ones the first; undefined of none. */
function earliest([first, ...others]) {
  return others.reduce((found, one) => (one.revokedAt.instant < found.revokedAt.instant ? one : found), first);
}

/** RFC 9162's root over digests: each is the content of a leaf. @param {string[]} digests @returns {Promise<string>} */
export const rootOverDigests = async (digests) => toHex(await rootOver(digests.map((digest) => digestFromHex(digest))));

/** Rule S4: good from `from` on, and before `until`. @throws {Refused} */
export function validAt({ from, until }, { text, instant }) {
  require(from === null || instant >= from.instant, `signed at ${text}, the key is good from ${from?.text} on`);
  require(until === null || instant < until.instant, `signed at ${text}, the key was good before ${until?.text}`);
}

/** Rule S5: what was signed before the earliest revocation stays good. @throws {Refused} */
export function notRevokedAt(revocations, { text, instant }) {
  const { revokedAt, reason } = earliest(revocations) ?? {};
  require(revokedAt === undefined || revokedAt.instant > instant,
    `signed at ${text}, the key is revoked from ${revokedAt?.text} on: ${reason ?? "no reason is given"}`);
}

/** That what is signed is signed by a key, if its algorithm is known here. @throws {Refused} @throws {Otherwise} */
export async function signedBy({ algorithm, publicKey }, signed, value) {
  if (!isKnown(algorithm)) throw new Otherwise("unknown", `the algorithm ${shown(algorithm)} is not known here`);
  await verifyOutside(algorithm, publicKey, signed, value);
}

/** Rule T1: what a root says of itself fits together. */
function wellFormed({ version, previous, rootKeys, threshold, issuedAt, expiresAt }) {
  const keys = new Set(rootKeys.map(({ publicKey }) => toHex(publicKey)));
  const that = (holds, why) => require(holds, `trust root ${version}: ${why}`);
  that(version > 0n, "versions are counted from 1");
  that((version === 1n) === (previous === null), "the first root alone has none before it");
  that(keys.size === rootKeys.length, "one key stands there twice");
  that(threshold > 0n && threshold <= BigInt(keys.size), "the threshold is not one that its keys can reach and must");
  that(issuedAt.instant < expiresAt.instant, "it ends before it begins");
}

/** Rule T2: as many root keys of `by` as that says signed `root`. A key counts once, whatever it signed. */
async function endorsed(root, by) {
  let [found, untold] = [0n, null];
  for (const key of by.rootKeys.filter(({ algorithm }) => isKnown(algorithm))) {
    for (const { value } of root.signatures.filter(({ keyId }) => keyId === key.keyId)) {
      const { outcome, detail } = await made(() => signedBy(key, root.signed, value));
      if (outcome === "unknown") untold = detail;
      if (outcome !== "passed") continue;
      found += 1n;
      break;
    }
  }
  if (found < by.threshold && untold !== null) throw new Otherwise("unknown", untold);
  require(found >= by.threshold,
    `trust root ${root.version}: signed by ${found} of the keys of version ${by.version}, ${by.threshold} are needed`);
}

/** Rule T3: the next root is the next one, names the one before, and is signed by the keys of both. */
async function follows(root, next) {
  const that = (holds, why) => require(holds, `trust root ${next.version}: ${why}`);
  that(next.version === root.version + 1n, "a version is missing before it");
  that(next.previous === root.pin, "it names another root before it");
  that(next.issuer === root.issuer, "it is of another issuer than the one before");
  that(next.issuedAt.instant >= root.issuedAt.instant, "it is older than the one before");
  await endorsed(next, root);
  await endorsed(next, next);
}

/** Rules T1 to T3: the pinned root, and those in the bundle that follow it one by one. @returns the last */
async function lastRoot({ root, pin, bundle }) {
  const chain = bundle?.chain ?? [];
  let last = root ?? chain.find((one) => one.pin === pin);
  if (last === undefined) throw new Otherwise("unknown", "no trust root was given");
  require(pin === null || last.pin === pin, `the trust root is sha256:${last.pin}, sha256:${pin} is pinned`);
  wellFormed(last);
  await endorsed(last, last);
  for (const next of chain) {
    // One older than what is believed says nothing.
    if (next.version < last.version) continue;
    if (next.version === last.version) {
      require(next.pin === last.pin, `trust root ${next.version}: two roots of this version`);
      continue;
    }
    wellFormed(next);
    await follows(last, next);
    last = next;
  }
  return last;
}

/** Rules T4 and B3: it has begun and not ended. */
function ofTime(what, issuedAt, until, text, now) {
  require(issuedAt.instant <= now + SKEW, `${what} is of ${issuedAt.text}, which is not yet`);
  if (now >= until) throw new Otherwise("stale", `${what} is good until ${text}`);
}

/** Rules B1 to B3: made under the root that is believed, signed by a key that may, and recent. */
async function bundleHolds({ issuedAt, root: under, list, signature, signed }, root, now) {
  if (root === null) throw new Otherwise("skipped", "no trust root is believed");
  const [madeUnder, believed] = [under, root].map(({ version, pin }) => `${version} (sha256:${pin})`);
  require(madeUnder === believed, `the trust bundle is made under root ${madeUnder}, believed is ${believed}`);
  const { keyId, algorithm, value } = signature;
  const key = named(root.operationalKeys, keyId);
  require(key !== null, `the key ${shown(keyId)} is not listed`);
  may(key, BUNDLE_SIGNING);
  require(key.algorithm === algorithm, `signed with ${shown(algorithm)}, the key is one of ${shown(key.algorithm)}`);
  await signedBy(key, signed, value);
  validAt(key, issuedAt);
  notRevokedAt(list?.events.filter((event) => event.keyId === keyId) ?? [], issuedAt);
  const until = issuedAt.instant + root.freshnessS * 1_000_000n;
  ofTime("the trust bundle", issuedAt, until, `${root.freshnessS} s after ${issuedAt.text}`, now);
}

/** Whether a revocation stands before another: by when it was made known, then by the bytes of the key's name. */
function isBefore(one, other) {
  if (one.published.instant !== other.published.instant) return one.published.instant < other.published.instant;
  return byCodePoints(one.keyId, other.keyId) < 0;
}

/** Rules C1 to C4: the list of revocations is whole, in order, and has grown from the one that was kept. */
async function revocationsHold({ list }, kept) {
  if (list === null) {
    require(kept === null || kept.size === 0n, `0 revocations, ${kept?.size} were known before`);
    throw new Otherwise("without_status", UNTOLD);
  }
  const { head, events } = list;
  for (const [at, { said, contentHash }] of events.entries()) {
    const found = toHex(await sha256(said));
    require(found === contentHash, `revocation ${at}: its digest is ${found}, ${contentHash} is stated`);
  }
  for (const [at, event] of events.entries()) {
    require(at === 0 || isBefore(events[at - 1], event), `revocation ${at} stands behind a later one`);
  }
  const digests = events.map(({ contentHash }) => contentHash);
  const root = await rootOverDigests(digests);
  require(BigInt(digests.length) === head.size && root === head.root,
    `${digests.length} revocations with the root ${root}; the head says ${head.size} with the root ${head.root}`);
  if (kept === null) return;
  require(kept.size <= BigInt(digests.length), `${digests.length} revocations, ${kept.size} were known before`);
  const found = await rootOverDigests(digests.slice(0, Number(kept.size)));
  require(found === kept.root, `the first ${kept.size} revocations have the root ${found}, ${kept.root} was known before`);
}

/** Reads the documents that were given; the first that is none is told by its code. */
async function readDocuments({ root, bundle, checkpoint }) {
  const found = { root: null, bundle: null, kept: null, unread: null };
  const readers = [
    ["trust_root_format", root, async (source) => void (found.root = await readRoot(source))],
    ["trust_bundle_format", bundle, async (source) => void (found.bundle = await readBundle(source))],
    ["checkpoint_format", checkpoint, (source) => void (found.kept = readHead(source))],
  ];
  for (const [code, source, read] of readers) {
    if (source === undefined || source === null) continue;
    const end = await made(() => read(source));
    if (end !== PASSED) return { ...found, unread: { code, ...end } };
  }
  return found;
}

function pinOption(pin) {
  if (pin === undefined || pin === null) return null;
  return digestGiven(typeof pin === "string" ? pin.replace(/^sha256:/, "") : pin, "pin");
}

/** Trust documents that were judged. */
export class EvidenceTrust {
  /**
   * Judges what was given.
   *
   * @param {import("../index.d.ts").TrustDocuments} [given]
   * @returns {Promise<EvidenceTrust>}
   * @throws {UsageError} when pin or time are none
   */
  static async judge({ root, pin, bundle, checkpoint, at = new Date().toISOString() } = {}) {
    const now = readTime(at);
    if (now === null) throw new UsageError("at is a time of RFC 3339 with its offset");
    const given = { ...(await readDocuments({ root, bundle, checkpoint })), pin: pinOption(pin) };
    const trust = new EvidenceTrust(given);
    if (given.unread === null) await trust.#judge(given, now);
    return trust;
  }

  /** The last root, where it is believed. */
  #root = null;
  #bundle;
  /** The listed keys, by every name they have. */
  #listed = new Map();
  /** The earliest revocation of each name. */
  #revoked = new Map();

  constructor({ bundle, unread }) {
    /** The document that could not be read: its code, and how that ended. */
    this.unread = unread;
    /** How each check ended. */
    this.checks = {};
    /** The head of the list of revocations to keep for the next time: that of a list that holds. */
    this.headToKeep = null;
    this.#bundle = bundle;
    const keys = bundle?.keys ?? [];
    for (const key of keys) if (key.keyRef !== null) this.#listed.set(key.keyRef, key);
    // A name of its own comes before what another key is called besides.
    for (const key of keys) this.#listed.set(key.keyId, key);
    for (const event of bundle?.list?.events ?? []) {
      for (const name of [event.keyId, event.keyRef].filter((one) => one !== null)) {
        this.#revoked.set(name, earliest([this.#revoked.get(name) ?? event, event]));
      }
    }
  }

  async #judge({ root, pin, bundle, kept }, now) {
    this.checks.trust_root = await made(async () => {
      this.#root = await lastRoot({ root, pin, bundle });
      const { issuedAt, expiresAt } = this.#root;
      ofTime("the trust root", issuedAt, expiresAt.instant, expiresAt.text, now);
    });
    if (bundle === null) {
      this.checks.trust_bundle = NO_BUNDLE;
      this.checks.revocations = this.#root === null ? NO_BUNDLE : { outcome: "without_status", detail: UNTOLD };
      return;
    }
    this.checks.trust_bundle = await made(() => bundleHolds(bundle, this.#root, now));
    this.checks.revocations = await made(() => revocationsHold(bundle, kept));
    const holds = this.isBelieved && this.checks.revocations === PASSED;
    if (holds) this.headToKeep = fromUtf8(writeHead(bundle.list.head), "the head");
  }

  /** Whether what they say of keys is believed, if perhaps not up to date. */
  get isBelieved() {
    const holds = ({ outcome }) => outcome !== "failed" && outcome !== "unknown";
    return this.#root !== null && Object.values(this.checks).every(holds);
  }

  /** The key of that name, whose signatures of evidence count. @throws {Refused} @throws {Otherwise} */
  key(name) {
    if (Object.values(this.checks).some(({ outcome }) => outcome === "failed")) {
      throw new Otherwise("skipped", "the trust documents are not believed");
    }
    const inRoot = this.#root === null ? null : named(this.#root.operationalKeys, name);
    const listed = this.#listed.get(name);
    if (listed !== undefined) {
      if (inRoot !== null) {
        const isSame = equal(inRoot.publicKey, listed.publicKey);
        require(isSame, `the trust root has another key ${shown(name)} than the trust bundle`);
        may(inRoot, EVIDENCE_SIGNING);
      }
      return { ...listed, revocations: this.#revocationsOf(name, listed) };
    }
    if (inRoot !== null && this.#bundle === null) {
      may(inRoot, EVIDENCE_SIGNING);
      return { ...inRoot, revocations: [] };
    }
    if (this.#root === null && this.#bundle === null) throw new Otherwise("skipped", "nobody says which keys are good");
    if (this.#root === null) throw new Otherwise("unknown", `the key ${shown(name)} is not listed`);
    return require(false, `the key ${shown(name)} is not listed`);
  }

  /** What key and list say of its end, under any name it has. */
  #revocationsOf(name, listed) {
    const names = [name, listed.keyId, listed.keyRef].filter((one) => one !== null);
    const told = names.map((one) => this.#revoked.get(one)).filter((event) => event !== undefined);
    return listed.revokedAt === null ? told : [...told, listed];
  }

  /** From the root to the key that signed, in words; null unless all of it is believed. */
  async chainTo(name) {
    const found = this.isBelieved ? await made(() => this.key(name)) : null;
    if (found !== PASSED) return null;
    const by = this.#bundle === null ? [] : [this.#bundle.signature.keyId];
    return [`${this.#root.issuer} root ${this.#root.version}`, ...by, name].join(" → ");
  }
}
