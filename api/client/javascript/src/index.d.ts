/** Checks receipts of a Quorate ledger and records of evidence offline; submits, waits and follows events. */

/** Text, or the UTF-8 bytes of it. */
export type Text = string | Uint8Array;
/** A SHA-256: 64 lower-case hex digits, or 32 bytes. */
export type Digest = string | Uint8Array;

/** A check, in the order in which they are made. */
export type Code =
  | "receipt_format"
  | "policy"
  | "checkpoint_signatures"
  | "quorum"
  | "index"
  | "proof_length"
  | "root"
  | "entry"
  | "author_signature"
  | "key_standing"
  | "batch_item"
  | "artifact"
  | "freshness";

export const CODES: readonly Code[];

export interface Check {
  code: Code;
  outcome: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped; for people. */
  detail: string;
}

/** A number; above 2^53 - 1 a string of digits. */
export type Uint = number | string;

/** What a receipt shows; null where nothing is believed. */
export interface Facts {
  origin: string | null;
  checkpoint_size: Uint | null;
  root: string | null;
  cosigners: string[];
  vouched_time_s: Uint | null;
  index: Uint | null;
  entry: "genesis" | "epoch" | "submission" | "block" | null;
  id: string | null;
  height: Uint | null;
  time_ms: Uint | null;
  network: string | null;
  operation: string | null;
  tenant: string | null;
  author: string | null;
  key: string | null;
  key_standing: "self_certified" | "attested_by_log" | "listed" | null;
  /** How the key ended, if the leaf that ended it came along. */
  key_end?: { kind: "retired" | "revoked"; index: Uint; from: string };
  content: string | null;
  /** What a statement that was signed elsewhere says of itself; height, time and network are null where it says none. */
  statement?: {
    format: "cose" | "jws" | "jws-json" | "dsse" | "http-signature";
    issuer: string;
    subject: string;
    media_type: string;
    /** SHA-256 of the payload. */
    payload: string;
  };
  item: { digest: string; index: Uint; count: Uint } | null;
}

/** What `quorate verify --output json` prints. */
export interface Report {
  verified: boolean;
  /** The code of the check that failed. */
  failed: Code | null;
  checks: Check[];
  facts: Facts;
}

export interface VerifyOptions {
  /** The entry's bytes, which travel beside a tlog-proof. */
  entry?: Uint8Array;
  /** The submission it should be a receipt of. */
  submission?: Digest;
  /** The SHA-256 of what it should be about. */
  artifact?: Digest;
  /** How old the checkpoint may be at most, in seconds; `nowS` is the caller's time, if not the clock's. */
  freshness?: { maxAgeS: number | bigint; nowS?: number | bigint };
  /** The same, by the clock. */
  maxAgeS?: number | bigint;
}

/** What a verifier believes. Reading one that serves many receipts once saves time. */
export class Policy {
  /** @throws PolicyError */
  static parse(policy: Text): Promise<Policy>;
}

/**
 * Checks a receipt under a policy: JSON, C2SP tlog-proof, COSE (as bytes), or a bundle. Opens no socket.
 * @throws PolicyError when the policy cannot be read; UsageError when the options do not fit the receipt
 */
export function verifyReceipt(policy: Text | Policy, receipt: Text, options?: VerifyOptions): Promise<Report>;

/** A check of a record of evidence, in the order in which they are told. */
export type EvidenceCode =
  | "record_format"
  | "content_hashes"
  | "merkle_root"
  | "bundle_hash"
  | "trust_root"
  | "trust_bundle"
  | "revocations"
  | "attestation"
  | "key"
  | "signature"
  | "key_validity"
  | "key_revocation"
  | "claim"
  | "artifacts"
  | "level";

export const EVIDENCE_CODES: readonly EvidenceCode[];

/** A document of trust that cannot be read is told by one of these, and nothing else is checked. */
export type DocumentCode = "trust_root_format" | "trust_bundle_format" | "checkpoint_format";

/** How much a record shows, from nothing up. */
export type EvidenceLevel =
  | "INVALID"
  | "SEALED_UNSIGNED"
  | "SEALED_ATTESTED"
  | "SEALED_ATTESTED_PQC"
  | "PROVIDER_ATTESTED";

export interface EvidenceCheck {
  code: EvidenceCode | DocumentCode;
  outcome: "passed" | "failed" | "unknown" | "stale" | "without_status" | "skipped";
  /** Why it is not passed; for people. */
  detail: string;
}

/** What `quorate verify-evidence --output json` prints. */
export interface EvidenceReport {
  verdict: "VERIFIED" | "FAILED" | "UNKNOWN" | "STALE" | "OFFLINE_WITHOUT_STATUS";
  /** 0 to 4, in the order of the verdicts above. */
  exit_code: number;
  /** The first check that decides the verdict. */
  decided_by: EvidenceCode | DocumentCode | null;
  record_id: string | null;
  tenant_id: string | null;
  bundle_hash: string | null;
  claimed_level: EvidenceLevel | null;
  /** The lower of what is claimed and what is shown. */
  confirmed_level: EvidenceLevel;
  /** From the root to the key that signed, where that is believed. */
  trust_chain: string | null;
  /** Each by itself; null where it is not known. */
  details: {
    bundle_hash_verified: boolean | null;
    signature_valid: boolean | null;
    key_not_revoked: boolean | null;
    timestamp_within_validity: boolean | null;
  };
  checks: EvidenceCheck[];
  /** The files that the record describes. */
  artifacts: { name: string; outcome: "matches" | "differs" | "absent" }[];
}

/** Whom to believe about evidence. Whoever gives none of it learns what a record says, and not who signed it. */
export interface TrustDocuments {
  /** A `quantumlock-trust-root/1`, from somebody who is trusted. */
  root?: Text | null;
  /** The SHA-256 that pins a root, with or without `sha256:`: the one given, or one in the bundle. */
  pin?: Digest | null;
  /** The keys that sign evidence and what was revoked, from anybody. */
  bundle?: Text | null;
  /** What was kept of the list of revocations the last time. */
  checkpoint?: Text | null;
  /** As of when, in RFC 3339 with its offset; now, if it is not given. */
  at?: string;
}

/** Documents of trust that were judged. One that serves many records saves time. */
export class EvidenceTrust {
  /** A document that is none is in the reports. @throws UsageError when pin or time are none */
  static judge(documents?: TrustDocuments): Promise<EvidenceTrust>;
  /** What to keep as `checkpoint` for the next time; null unless the list of revocations holds. */
  readonly headToKeep: string | null;
}

export interface EvidenceOptions {
  /** The SHA-256 of files that were found beside the record, by name. */
  artifacts?: Record<string, Digest> | Map<string, Digest>;
  /** How much it should show at least. */
  atLeast?: EvidenceLevel | null;
}

/**
 * Checks a record of evidence, `qcos-evidence/1`. Opens no socket.
 * @throws UsageError when the options are none
 */
export function verifyEvidence(
  trust: EvidenceTrust | TrustDocuments,
  record: Text,
  options?: EvidenceOptions,
): Promise<EvidenceReport>;

export type Scheme = "ed25519" | "ml-dsa-65" | "ed25519+ml-dsa-65";

/** One who signs submissions with one key. */
export class Signer {
  /** @param seed 32 bytes, kept secret */
  static fromSeed(seed: Uint8Array, scheme?: Scheme): Promise<Signer>;
  /** A new key, whose seed is not kept. */
  static generate(scheme?: Scheme): Promise<Signer>;
  readonly did: string;
  readonly keyId: string;
}

/** What is sent, and the id under which it will be known. */
export interface Signed {
  id: string;
  envelope: Uint8Array;
}

/** An operation in its canonical encoding. */
export type Operation = Uint8Array;

export function proofSubmit(of: {
  content: Digest;
  contentBytes: number | bigint;
  mediaType?: string;
  subject?: string;
}): Operation;
export function attestationIssue(of: {
  subject: string;
  predicateType: string;
  predicate?: Uint8Array;
  content?: Digest;
  expiresAtMs?: number | bigint;
}): Operation;
export function batchAnchor(of: { root: Digest; count: number | bigint; tree?: string }): Operation;

/** Signs an operation. With Ed25519 the same arguments give the same id; ML-DSA-65 signs with chance. */
export function sign(
  signer: Signer,
  what: {
    network: Digest;
    operation: Operation;
    tenant?: string;
    author?: string;
    nonce?: number | bigint;
    expiresAtMs?: number | bigint;
  },
): Promise<Signed>;

/** The SHA-256 of content. */
export function digestOf(bytes: Uint8Array): Promise<string>;

export interface Ticket {
  id: string;
  state: "accepted" | "committed" | "finalized" | "rejected" | "expired";
  height: Uint | null;
  index: Uint | null;
  checkpoint_size: Uint | null;
  time_ms?: Uint;
  rejection?: { code: string; reason: string };
  retry_after_ms?: number;
  self: string;
}

export interface Event {
  type: "committed" | "finalized";
  sequence: Uint;
  [member: string]: unknown;
}

/** A node's address, and whom to believe. */
export class Client {
  constructor(url: string, options?: { policy?: Text | Policy; token?: string });
  status(): Promise<Record<string, unknown> & { network: string; checkpoint_size: Uint }>;
  /** The policy as the node tells it: a first look, no root of trust. */
  policyText(): Promise<string>;
  /** Not verified. */
  entry(name: string | number | bigint): Promise<Record<string, unknown>>;
  /** That it has not come so far in time is no error: the ticket says how far it has come. */
  submit(
    submission: Signed,
    options?: { wait?: "accepted" | "committed" | "finalized"; timeoutMs?: number },
  ): Promise<Ticket>;
  /** A receipt that holds, of this very submission or index. @throws NotVerifiedError */
  receipt(
    name: string | number | bigint,
    options?: { size?: number | bigint },
  ): Promise<{ receipt: string; report: Report }>;
  /** Submits, waits until it is final, gets the receipt and verifies it. @throws NotFinalError, NotVerifiedError */
  prove(
    submission: Signed,
    options?: { timeoutMs?: number },
  ): Promise<{ ticket: Ticket; receipt: string; report: Report }>;
  /** The newest checkpoint, if it is the quorum's and extends the one believed before. @throws NotVerifiedError */
  checkpoint(): Promise<{
    origin: string;
    size: bigint;
    root: string;
    note: string;
    cosigners: { name: string; time: bigint }[];
  }>;
  /** The node's events; goes on where it was when the connection breaks. */
  events(options?: { from?: number | bigint; signal?: AbortSignal }): AsyncGenerator<Event, void, void>;
}

/** Nothing to judge a receipt by. */
export class PolicyError extends Error {}
/** The call cannot work. */
export class UsageError extends Error {}
/** Why there is no answer. */
export class ClientError extends Error {
  kind:
    | "address"
    | "cannot_connect"
    | "outcome_unknown"
    | "interrupted"
    | "not_found"
    | "refused"
    | "failed"
    | "unreadable";
  /** The submission whose outcome is not known. */
  id?: string;
  /** What the node said, if it said something. */
  problem?: { code: string; title: string; detail: string; hint: string; retry_after_ms?: number };
  get isPermanent(): boolean;
}
/** An answer came and is not believed. */
export class NotVerifiedError extends Error {
  report: Report | null;
}
/** The submission has not come as far as a receipt. */
export class NotFinalError extends Error {
  ticket: Ticket;
}
