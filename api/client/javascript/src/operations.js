// What each operation of a submission must hold, and what verification needs of it.
//
// Source: `proto/quorate.proto`, `proto/src/operation.rs`.

import { require } from "./bytes.js";
import { didName, plainText } from "./names.js";
import { ISSUERS } from "./operations/issuer.js";
import { JOBS } from "./operations/job.js";
import { digest, field, given, readKey, readSignature, u16 } from "./operations/parts.js";
import { PRIMITIVES } from "./operations/primitive.js";
import { SESSIONS } from "./operations/session.js";
import { readMessage } from "./protobuf.js";
import { ED25519, ML_DSA_65, parseSignature, PublicKey } from "./schemes.js";

const PREDICATE_BYTES_MAX = 32 << 10;
const VALIDATORS_MAX = 100;

/** By their numbers in a body: the members of its only oneof. */
export const OPERATION_FIELDS = {
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
  40: field("session.open", "one"),
  41: field("session.sample", "one"),
  42: field("session.finalize", "one"),
  43: field("session.delete", "one"),
  44: field("service.endorse", "one"),
  45: field("issuer.set", "one"),
  46: field("issuer.key", "one"),
  47: field("attestation.seal", "one"),
  50: field("proof.primitive", "one"),
  60: field("job.open", "one"),
  61: field("job.state", "one"),
  62: field("evidence.seal", "one"),
  63: field("signer.list", "one"),
  64: field("signer.revoke", "one"),
  65: field("evidence.verified", "one"),
  66: field("evidence.delete", "one"),
};

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
export const OPERATIONS = {
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
      8: field("class", "u32"),
    };
    const { address, mediaType, subject, keepUntil, writeOnce, class: kind } = readMessage(bytes, schema, "artifact.commit");
    plainText(mediaType, "media_type");
    plainText(subject, "subject");
    require(keepUntil > 0n || !writeOnce, "what nobody may erase needs a time until which it is kept");
    require(kind <= 2n, "there is no such class of retention");
    require(kind === 0n || keepUntil === 0n, "a class says by itself how long, and whether it may be erased");
    return { content: digest(address, "address") };
  },
  "retention.tombstone"(bytes) {
    const { artifact, reason } = readMessage(bytes, { 1: field("artifact", "bytes"), 2: field("reason", "text") }, "retention.tombstone");
    digest(artifact, "artifact");
    plainText(reason, "reason");
    return {};
  },
  ...SESSIONS,
  ...ISSUERS,
  ...PRIMITIVES,
  ...JOBS,
};
