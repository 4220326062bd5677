// Checks receipts of a Quorate ledger offline; submits, waits and follows events.

export { Client } from "./client.js";
export { ClientError, NotFinalError, NotVerifiedError, PolicyError, UsageError } from "./errors.js";
export { Policy } from "./policy.js";
export { attestationIssue, batchAnchor, digestOf, proofSubmit, sign, Signer } from "./submission.js";
export { CODES, verifyReceipt } from "./verify.js";
