// Entries of the log, and the submissions in them: read from their one encoding, or refused.
//
// Source: `proto/quorate.proto` and `proto/ENCODING.md`.

import { concat, equal, Refused, require, sha256, u64be, utf8 } from "./bytes.js";
import { didName, originName, tenantName } from "./names.js";
import { OPERATION_FIELDS, OPERATIONS } from "./operations.js";
import { digest, field, given, readKey, readSignature, u16 } from "./operations/parts.js";
import { readMessage } from "./protobuf.js";
import { isCose, readCoseLeaf, readStatement } from "./statement.js";

export const ENTRY_BYTES_MAX = 65_535;
export const SUBMISSION_BYTES_MAX = 60 << 10;

const GENESIS = { 1: field("network", "bytes"), 2: field("origin", "text") };
const EPOCH = {
  1: field("epoch", "u64"),
  2: field("height", "u64"),
  3: field("validators", "bytes"),
  4: field("policy", "bytes"),
};
const SUBMITTED = { 1: field("height", "u64"), 2: field("time", "u64"), 3: field("submission", "bytes") };
const BATCH_REF = { 1: field("id", "bytes"), 2: field("count", "u32"), 3: field("bytes", "u32") };
const BLOCK = {
  1: field("height", "u64"),
  2: field("view", "u64"),
  3: field("proposer", "u32"),
  4: field("time", "u64"),
  5: field("batches", "messages"),
  6: field("accepted", "u32"),
  7: field("rejected", "u32"),
  8: field("rejections", "bytes"),
  9: field("state", "bytes"),
  10: field("lookup", "bytes"),
};
const ENTRY = {
  1: field("genesis", "one"),
  2: field("epoch", "one"),
  3: field("submission", "one"),
  4: field("block", "one"),
};
const SUBMISSION = { 1: field("body", "message"), 2: field("signature", "message"), 3: field("statement", "message") };
const STATEMENT = { 1: field("format", "u32"), 2: field("bytes", "bytes"), 3: field("keys", "messages") };
const BODY = {
  1: field("network", "bytes"),
  2: field("tenant", "text"),
  3: field("author", "text"),
  4: field("key", "message"),
  5: field("nonce", "u64"),
  6: field("expires", "u64"),
  ...OPERATION_FIELDS,
};

const bounded = ({ length }) => require(length <= SUBMISSION_BYTES_MAX, `submission has ${length} bytes, at most ${SUBMISSION_BYTES_MAX} are allowed`);

/** A statement of COSE, which is the leaf and says nothing of its place. */
async function readLeaf(bytes) {
  bounded(bytes);
  return { bytes, id: await sha256(bytes), isLeaf: true, ...(await readCoseLeaf(bytes)) };
}

/** Reads an envelope: what an author signed for a network, or a statement that was signed elsewhere. @throws {Refused} */
export async function readSubmission(bytes) {
  bounded(bytes);
  // One statement has one leaf.
  require(!isCose(bytes), "a statement of COSE is a leaf by itself");
  const { body, signature, statement } = readMessage(bytes, SUBMISSION, "submission");
  if (statement !== null) {
    require(body === null && signature === null, "submission holds a statement and a body");
    const { format, bytes: written, keys } = readMessage(statement, STATEMENT, "statement");
    require(keys.length <= 2, `statement.keys: ${keys.length} found, at most 2 are allowed`);
    const beside = keys.map((key) => readKey(key, "statement.keys"));
    return { bytes, id: await sha256(bytes), ...(await readStatement(Number(format), written, beside)) };
  }
  const { network, tenant, author, key, nonce, expires, one } = readMessage(given(body, "submission.body"), BODY, "body");
  require(one !== null, "operation is missing or of an unknown kind");
  return {
    bytes,
    id: await sha256(bytes),
    signed: body,
    signature: readSignature(signature, "submission.signature"),
    network: digest(network, "network"),
    tenant: tenantName(tenant),
    author: didName(author),
    key: readKey(key, "key"),
    nonce,
    expires,
    operation: one.name,
    ...OPERATIONS[one.name](one.bytes),
  };
}

function readBlock(bytes) {
  const { height, proposer, time, batches, rejections, state, lookup } = readMessage(bytes, BLOCK, "block_entry");
  u16(proposer, "block_entry.proposer");
  require(batches.length <= 64, `block_entry.batches: ${batches.length} found, at most 64 are allowed`);
  for (const batch of batches) {
    const { id, count, bytes: length } = readMessage(batch, BATCH_REF, "batch");
    require(count >= 1n && count <= 1_000n, `batch.count: ${count} found, 1 to 1000 are allowed`);
    require(length <= 524_288n, `batch.bytes: ${length} found, at most 524288 are allowed`);
    digest(id, "batch.id");
  }
  digest(rejections, "block_entry.rejections");
  digest(state, "block_entry.state");
  // Logs that were begun without an index state none.
  if (lookup.length > 0) digest(lookup, "block_entry.lookup");
  return { height, time };
}

/** Reads a leaf. @param {Uint8Array} bytes @throws {Refused} */
export async function readEntry(bytes) {
  require(bytes.length <= ENTRY_BYTES_MAX, `entry has ${bytes.length} bytes, at most ${ENTRY_BYTES_MAX} are allowed`);
  if (isCose(bytes)) return { kind: "submission", submission: await readLeaf(bytes) };
  const { one } = readMessage(bytes, ENTRY, "entry");
  require(one !== null, "entry is missing or of an unknown kind");
  switch (one.name) {
    case "genesis": {
      const { network, origin } = readMessage(one.bytes, GENESIS, "genesis_entry");
      return { kind: "genesis", origin: originName(origin), network: digest(network, "genesis_entry.network") };
    }
    case "epoch": {
      const { height, validators, policy } = readMessage(one.bytes, EPOCH, "epoch_entry");
      digest(validators, "epoch_entry.validators");
      digest(policy, "epoch_entry.policy");
      return { kind: "epoch", height };
    }
    case "submission": {
      const { height, time, submission } = readMessage(one.bytes, SUBMITTED, "submission_entry");
      return { kind: "submission", height, time, submission: await readSubmission(submission) };
    }
    default:
      return { kind: "block", ...readBlock(one.bytes) };
  }
}

const SUBMISSION_TAG = utf8("quorate/v1/submission\0");
/** What the consents to each operation begin with. */
const CONSENT_TAGS = {
  "identity.create": utf8("quorate/v1/identity-possession\0"),
  "key.add": utf8("quorate/v1/addition-possession\0"),
  "key.rotate": utf8("quorate/v1/key-possession\0"),
};

/** What an author signs: tag, network, canonical body. */
export const signedBytes = (network, body) => concat(SUBMISSION_TAG, network, body);

const isSame = (a, b) => a.scheme === b.scheme && equal(a.bytes, b.bytes);

/** A text behind its length. */
function counted(text) {
  const bytes = utf8(text);
  return concat(u64be(BigInt(bytes.length)).slice(4), bytes);
}

/** Checks the consent of a key that is listed to sign attestations or evidence. */
async function verifySigner({ network, author, signer }) {
  if (signer === undefined) return;
  const { tag, names, numbers, key, possession } = signer;
  await key.verify(concat(tag, network, ...names(author).map(counted), numbers, await key.thumbprint()), possession);
}

/** Checks the consents that came with a submission: those of all keys that have to give one, or none. */
async function verifyConsents({ network, operation, key, listing, ending, consents = [] }) {
  if (consents.length === 0) return;
  const { identity, keys } = listing;
  // In a new identity, the key that signs the submission has agreed by that.
  const asked = operation === "identity.create" ? keys.filter((one) => !isSame(one, key)) : keys;
  require(asked.length === consents.length, `${consents.length} keys consented, ${asked.length} have to`);
  const retires = operation === "key.rotate" ? [ending.key] : [];
  const ids = await Promise.all(keys.map((one) => one.thumbprint()));
  const message = concat(CONSENT_TAGS[operation], network, counted(identity), ...retires, ...ids);
  for (const [at, one] of asked.entries()) await one.verify(message, consents[at]);
}

/** Checks every signature in a submission. @throws {Refused} */
export async function verifySignatures(submission) {
  const { network, signed, key, signature, signatures, issued } = submission;
  const own = () => [{ key, message: signedBytes(network, signed), signature }];
  try {
    // Those of a statement are over what its format says.
    for (const one of signatures ?? own()) await one.key.verify(one.message, one.signature);
  } catch (fault) {
    throw fault instanceof Refused ? new Refused(`the author's signature does not hold: ${fault.message}`) : fault;
  }
  try {
    await issued?.key.verify(issued.message, issued.signature);
  } catch (fault) {
    throw fault instanceof Refused ? new Refused(`the issuer's signature of the proof does not hold: ${fault.message}`) : fault;
  }
  try {
    await verifyConsents(submission);
    await verifySigner(submission);
  } catch (fault) {
    throw fault instanceof Refused ? new Refused(`a key's consent does not hold: ${fault.message}`) : fault;
  }
}
