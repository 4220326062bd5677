// Checks receipts of a Quorate ledger and records of evidence offline; submits, waits and follows events.

export { Client } from "./client.js";
export { ClientError, NotFinalError, NotVerifiedError, PolicyError, UsageError } from "./errors.js";
export { EVIDENCE_CODES, verifyEvidence } from "./evidence.js";
export { EvidenceTrust } from "./evidence/trust.js";
export { Policy } from "./policy.js";
export { attestationIssue, batchAnchor, digestOf, proofSubmit, sign, Signer } from "./submission.js";
export { CODES, verifyReceipt } from "./verify.js";
