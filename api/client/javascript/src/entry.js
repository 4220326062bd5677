// Entries of the log, and the submissions in them: read from their one encoding, or refused.
//
// Source: `proto/quorate.proto` and `proto/ENCODING.md`.

import { concat, equal, Refused, require, sha256, u64be, utf8 } from "./bytes.js";
import { didName, originName, plainText, tenantName } from "./names.js";
import { readMessage } from "./protobuf.js";
import { ED25519, ML_DSA_65, parseSignature, PublicKey } from "./schemes.js";

export const ENTRY_BYTES_MAX = 65_535;
export const SUBMISSION_BYTES_MAX = 60 << 10;
const PREDICATE_BYTES_MAX = 32 << 10;
const VALIDATORS_MAX = 100;

const field = (name, kind) => ({ name, kind });

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
};
const ENTRY = {
  1: field("genesis", "one"),
  2: field("epoch", "one"),
  3: field("submission", "one"),
  4: field("block", "one"),
};
const KEY = { 1: field("scheme", "u32"), 2: field("key", "bytes") };
const SIGNATURE = { 1: field("scheme", "u32"), 2: field("signature", "bytes") };
const SUBMISSION = { 1: field("body", "message"), 2: field("signature", "message") };
const BODY = {
  1: field("network", "bytes"),
  2: field("tenant", "text"),
  3: field("author", "text"),
  4: field("key", "message"),
  5: field("nonce", "u64"),
  6: field("expires", "u64"),
  16: field("identity.create", "one"),
  17: field("key.add", "one"),
  18: field("key.rotate", "one"),
  19: field("key.revoke", "one"),
  20: field("proof.submit", "one"),
  21: field("attestation.issue", "one"),
  22: field("attestation.revoke", "one"),
  23: field("batch.anchor", "one"),
  24: field("validator.join", "one"),
  25: field("validator.leave", "one"),
  30: field("artifact.commit", "one"),
  31: field("retention.tombstone", "one"),
};

function digest(bytes, what) {
  require(bytes.length === 32, `${what}: a digest has 32 bytes, this has ${bytes.length}`);
  return bytes;
}

function given(message, what) {
  require(message !== null, `${what} is missing`);
  return message;
}

function readKey(message, what) {
  const { scheme, key } = readMessage(given(message, what), KEY, what);
  return PublicKey.parse(Number(scheme), key);
}

function readSignature(message, what) {
  const { scheme, signature } = readMessage(given(message, what), SIGNATURE, what);
  return parseSignature(Number(scheme), signature);
}

const u16 = (number, what) => require(number <= 65_535n, `${what}: ${number} is beyond 65535`);

function readApprovals(approvals) {
  require(approvals.length <= VALIDATORS_MAX, `more than ${VALIDATORS_MAX} approvals`);
  for (const bytes of approvals) {
    const approval = readMessage(bytes, { 1: field("approver", "u32"), 2: field("signature", "bytes") }, "approval");
    u16(approval.approver, "approval.approver");
    parseSignature(ED25519, approval.signature);
  }
}

function readValidator(message) {
  const roles = ["consensus", "network", "log", "cosigner_ed25519"];
  const schema = { 1: field("name", "text"), 2: field("power", "u64"), 7: field("cosigner_ml_dsa_65", "bytes") };
  for (const [at, role] of roles.entries()) schema[at + 3] = field(role, "bytes");
  const validator = readMessage(given(message, "validator"), schema, "validator");
  for (const role of roles) PublicKey.parse(ED25519, validator[role]);
  PublicKey.parse(ML_DSA_65, validator.cosigner_ml_dsa_65);
}

/** What each operation must hold; gives what verification needs of it. */
const OPERATIONS = {
  "identity.create"(bytes) {
    const schema = { 1: field("identity", "text"), 2: field("keys", "messages"), 3: field("possessions", "messages") };
    const { identity, keys, possessions } = readMessage(bytes, schema, "identity.create");
    require(keys.length >= 1 && keys.length <= 8, `an identity begins with 1 to 8 keys, not ${keys.length}`);
    require(possessions.length <= 8, `more than 8 possessions`);
    return {
      listing: { identity: didName(identity), keys: keys.map((key) => readKey(key, "keys")) },
      consents: possessions.map((possession) => readSignature(possession, "possessions")),
    };
  },
  "key.add"(bytes) {
    const schema = { 1: field("identity", "text"), 2: field("key", "message"), 3: field("possession", "message") };
    const { identity, key, possession } = readMessage(bytes, schema, "key.add");
    return {
      listing: { identity: didName(identity), keys: [readKey(key, "key")] },
      consents: possession === null ? [] : [readSignature(possession, "possession")],
    };
  },
  "key.rotate"(bytes) {
    const schema = { 1: field("identity", "text"), 2: field("retires", "bytes"), 3: field("key", "message"), 4: field("possession", "message") };
    const { identity, retires, key, possession } = readMessage(bytes, schema, "key.rotate");
    const listing = { identity: didName(identity), keys: [readKey(key, "key")] };
    const ending = { identity, key: digest(retires, "retires"), how: "retired" };
    return { listing, ending, consents: [readSignature(possession, "possession")] };
  },
  "key.revoke"(bytes) {
    const schema = {
      1: field("identity", "text"),
      2: field("key", "bytes"),
      3: field("reason", "text"),
      4: field("fromSize", "u64"),
      5: field("fromTime", "u64"),
    };
    const { identity, key, reason, fromSize, fromTime } = readMessage(bytes, schema, "key.revoke");
    plainText(reason, "reason");
    require(fromSize === 0n || fromTime === 0n, "from is a size or a time, and not both");
    return { ending: { identity: didName(identity), key: digest(key, "key"), how: "revoked", fromSize, fromTime } };
  },
  "proof.submit"(bytes) {
    const schema = { 1: field("content", "bytes"), 2: field("length", "u64"), 3: field("mediaType", "text"), 4: field("subject", "text") };
    const { content, mediaType, subject } = readMessage(bytes, schema, "proof.submit");
    plainText(mediaType, "media_type");
    plainText(subject, "subject");
    return { content: digest(content, "content") };
  },
  "attestation.issue"(bytes) {
    const schema = {
      1: field("subject", "text"),
      2: field("predicateType", "text"),
      3: field("predicate", "bytes"),
      4: field("content", "bytes"),
      5: field("expires", "u64"),
    };
    const { subject, predicateType, predicate, content } = readMessage(bytes, schema, "attestation.issue");
    require(predicate.length <= PREDICATE_BYTES_MAX, `a predicate of more than ${PREDICATE_BYTES_MAX} bytes`);
    require(subject !== "" && predicateType !== "", "an attestation needs a subject and a predicate type");
    plainText(subject, "subject");
    plainText(predicateType, "predicate_type");
    return content.length === 0 ? {} : { content: digest(content, "content") };
  },
  "attestation.revoke"(bytes) {
    const { attestation, reason } = readMessage(bytes, { 1: field("attestation", "bytes"), 2: field("reason", "text") }, "attestation.revoke");
    digest(attestation, "attestation");
    plainText(reason, "reason");
    return {};
  },
  "batch.anchor"(bytes) {
    const { root, count, tree } = readMessage(bytes, { 1: field("root", "bytes"), 2: field("count", "u64"), 3: field("tree", "text") }, "batch.anchor");
    require(count > 0n, "a tree that is anchored has at least one leaf");
    return { batch: { root: digest(root, "root"), count, tree: plainText(tree, "tree") } };
  },
  "validator.join"(bytes) {
    const schema = { 1: field("epoch", "u64"), 2: field("validator", "message"), 3: field("possession", "bytes"), 4: field("approvals", "messages") };
    const { validator, possession, approvals } = readMessage(bytes, schema, "validator.join");
    readValidator(validator);
    parseSignature(ED25519, possession);
    readApprovals(approvals);
    return {};
  },
  "validator.leave"(bytes) {
    const schema = { 1: field("epoch", "u64"), 2: field("name", "text"), 3: field("approvals", "messages") };
    const { name, approvals } = readMessage(bytes, schema, "validator.leave");
    plainText(name, "name", 32);
    readApprovals(approvals);
    return {};
  },
  "artifact.commit"(bytes) {
    const schema = {
      1: field("address", "bytes"),
      2: field("salted", "bool"),
      3: field("length", "u64"),
      4: field("mediaType", "text"),
      5: field("subject", "text"),
      6: field("keepUntil", "u64"),
      7: field("writeOnce", "bool"),
    };
    const { address, mediaType, subject, keepUntil, writeOnce } = readMessage(bytes, schema, "artifact.commit");
    plainText(mediaType, "media_type");
    plainText(subject, "subject");
    require(keepUntil > 0n || !writeOnce, "what nobody may erase needs a time until which it is kept");
    return { content: digest(address, "address") };
  },
  "retention.tombstone"(bytes) {
    const { artifact, reason } = readMessage(bytes, { 1: field("artifact", "bytes"), 2: field("reason", "text") }, "retention.tombstone");
    digest(artifact, "artifact");
    plainText(reason, "reason");
    return {};
  },
};

/** Reads a signed envelope. @param {Uint8Array} bytes @throws {Refused} */
export async function readSubmission(bytes) {
  require(bytes.length <= SUBMISSION_BYTES_MAX, `submission has ${bytes.length} bytes, at most ${SUBMISSION_BYTES_MAX} are allowed`);
  const { body, signature } = readMessage(bytes, SUBMISSION, "submission");
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
  const { height, proposer, time, batches, rejections, state } = readMessage(bytes, BLOCK, "block_entry");
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
  return { height, time };
}

/** Reads a leaf. @param {Uint8Array} bytes @throws {Refused} */
export async function readEntry(bytes) {
  require(bytes.length <= ENTRY_BYTES_MAX, `entry has ${bytes.length} bytes, at most ${ENTRY_BYTES_MAX} are allowed`);
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

/** Checks the consents that came with a submission: those of all keys that have to give one, or none. */
async function verifyConsents({ network, operation, key, listing, ending, consents = [] }) {
  if (consents.length === 0) return;
  const { identity, keys } = listing;
  // In a new identity, the key that signs the submission has agreed by that.
  const asked = operation === "identity.create" ? keys.filter((one) => !isSame(one, key)) : keys;
  require(asked.length === consents.length, `${consents.length} keys consented, ${asked.length} have to`);
  const name = utf8(identity);
  const retires = operation === "key.rotate" ? [ending.key] : [];
  const ids = await Promise.all(keys.map((one) => one.thumbprint()));
  const message = concat(CONSENT_TAGS[operation], network, u64be(BigInt(name.length)).slice(4), name, ...retires, ...ids);
  for (const [at, one] of asked.entries()) await one.verify(message, consents[at]);
}

/** Checks every signature in a submission. @throws {Refused} */
export async function verifySignatures(submission) {
  const { network, signed, key, signature } = submission;
  try {
    await key.verify(signedBytes(network, signed), signature);
  } catch (fault) {
    throw fault instanceof Refused ? new Refused(`the author's signature does not hold: ${fault.message}`) : fault;
  }
  try {
    await verifyConsents(submission);
  } catch (fault) {
    throw fault instanceof Refused ? new Refused(`a key's consent does not hold: ${fault.message}`) : fault;
  }
}
