"""What each operation of a submission must hold, and what verification needs of it.

Source: ``proto/quorate.proto``, ``proto/src/operation.rs``.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import require
from ..names import did_name, plain_text
from ..protobuf import Schema, read_message
from ..schemes import ED25519, ML_DSA_65, PublicKey, Signature
from .asked import Asked, Batch, Ending, Listing
from .issuer import ISSUERS
from .job import JOBS
from .parts import digest, given, read_key, read_signature, u16
from .primitive import PRIMITIVES
from .session import SESSIONS

__all__ = ["OPERATIONS", "OPERATION_FIELDS", "Asked", "Batch", "Ending", "Listing"]

PREDICATE_BYTES_MAX = 32 << 10
VALIDATORS_MAX = 100

#: By their numbers in a body: the members of its only oneof.
OPERATION_FIELDS: Schema = {
    16: ("identity.create", "one"),
    17: ("key.add", "one"),
    18: ("key.rotate", "one"),
    19: ("key.revoke", "one"),
    20: ("proof.submit", "one"),
    21: ("attestation.issue", "one"),
    22: ("attestation.revoke", "one"),
    23: ("batch.anchor", "one"),
    24: ("validator.join", "one"),
    25: ("validator.leave", "one"),
    30: ("artifact.commit", "one"),
    31: ("retention.tombstone", "one"),
    40: ("session.open", "one"),
    41: ("session.sample", "one"),
    42: ("session.finalize", "one"),
    43: ("session.delete", "one"),
    44: ("service.endorse", "one"),
    45: ("issuer.set", "one"),
    46: ("issuer.key", "one"),
    47: ("attestation.seal", "one"),
    50: ("proof.primitive", "one"),
    60: ("job.open", "one"),
    61: ("job.state", "one"),
    62: ("evidence.seal", "one"),
    63: ("signer.list", "one"),
    64: ("signer.revoke", "one"),
    65: ("evidence.verified", "one"),
    66: ("evidence.delete", "one"),
}
_APPROVAL: Schema = {1: ("approver", "u32"), 2: ("signature", "bytes")}


def _approvals(approvals: list[bytes]) -> None:
    require(len(approvals) <= VALIDATORS_MAX, f"more than {VALIDATORS_MAX} approvals")
    for message in approvals:
        found = read_message(message, _APPROVAL, "approval")
        u16(found["approver"], "approval.approver")
        Signature.parse(ED25519, found["signature"])


def _validator(message: bytes | None) -> None:
    roles = ("consensus", "network", "log", "cosigner_ed25519")
    schema: Schema = {1: ("name", "text"), 2: ("power", "u64"), 7: ("cosigner_ml_dsa_65", "bytes")}
    schema |= {number: (role, "bytes") for number, role in enumerate(roles, 3)}
    found = read_message(given(message, "validator"), schema, "validator")
    for role in roles:
        PublicKey.parse(ED25519, found[role])
    PublicKey.parse(ML_DSA_65, found["cosigner_ml_dsa_65"])


def _identity_create(data: bytes) -> Asked:
    schema: Schema = {1: ("identity", "text"), 2: ("keys", "messages"), 3: ("possessions", "messages")}
    found = read_message(data, schema, "identity.create")
    count = len(found["keys"])
    require(1 <= count <= 8, f"an identity begins with 1 to 8 keys, not {count}")
    require(len(found["possessions"]) <= 8, "more than 8 possessions")
    keys = tuple(read_key(key, "keys") for key in found["keys"])
    consents = tuple(read_signature(possession, "possessions") for possession in found["possessions"])
    return Asked(listing=Listing(did_name(found["identity"]), keys), consents=consents)


def _key_add(data: bytes) -> Asked:
    schema: Schema = {1: ("identity", "text"), 2: ("key", "message"), 3: ("possession", "message")}
    found = read_message(data, schema, "key.add")
    consents = () if found["possession"] is None else (read_signature(found["possession"], "possession"),)
    return Asked(listing=Listing(did_name(found["identity"]), (read_key(found["key"], "key"),)), consents=consents)


def _key_rotate(data: bytes) -> Asked:
    schema: Schema = {
        1: ("identity", "text"),
        2: ("retires", "bytes"),
        3: ("key", "message"),
        4: ("possession", "message"),
    }
    found = read_message(data, schema, "key.rotate")
    identity, retires = did_name(found["identity"]), digest(found["retires"], "retires")
    return Asked(
        listing=Listing(identity, (read_key(found["key"], "key"),)),
        ending=Ending(identity, retires, "retired"),
        consents=(read_signature(found["possession"], "possession"),),
    )


def _key_revoke(data: bytes) -> Asked:
    schema: Schema = {
        1: ("identity", "text"),
        2: ("key", "bytes"),
        3: ("reason", "text"),
        4: ("from_size", "u64"),
        5: ("from_time_ms", "u64"),
    }
    found = read_message(data, schema, "key.revoke")
    plain_text(found["reason"], "reason")
    size, time_ms = found["from_size"], found["from_time_ms"]
    require(size == 0 or time_ms == 0, "from is a size or a time, and not both")
    identity, key = did_name(found["identity"]), digest(found["key"], "key")
    return Asked(ending=Ending(identity, key, "revoked", size, time_ms))


def _proof_submit(data: bytes) -> Asked:
    schema: Schema = {1: ("content", "bytes"), 2: ("length", "u64"), 3: ("media_type", "text"), 4: ("subject", "text")}
    found = read_message(data, schema, "proof.submit")
    plain_text(found["media_type"], "media_type")
    plain_text(found["subject"], "subject")
    return Asked(content=digest(found["content"], "content"))


def _attestation_issue(data: bytes) -> Asked:
    schema: Schema = {
        1: ("subject", "text"),
        2: ("predicate_type", "text"),
        3: ("predicate", "bytes"),
        4: ("content", "bytes"),
        5: ("expires", "u64"),
    }
    found = read_message(data, schema, "attestation.issue")
    require(len(found["predicate"]) <= PREDICATE_BYTES_MAX, f"a predicate of more than {PREDICATE_BYTES_MAX} bytes")
    for name in ("subject", "predicate_type"):
        require(found[name] != "", f"an attestation needs a {name}")
        plain_text(found[name], name)
    return Asked(content=digest(found["content"], "content") if found["content"] else None)


def _attestation_revoke(data: bytes) -> Asked:
    found = read_message(data, {1: ("attestation", "bytes"), 2: ("reason", "text")}, "attestation.revoke")
    digest(found["attestation"], "attestation")
    plain_text(found["reason"], "reason")
    return Asked()


def _batch_anchor(data: bytes) -> Asked:
    found = read_message(data, {1: ("root", "bytes"), 2: ("count", "u64"), 3: ("tree", "text")}, "batch.anchor")
    require(found["count"] > 0, "a tree that is anchored has at least one leaf")
    return Asked(batch=Batch(digest(found["root"], "root"), found["count"], plain_text(found["tree"], "tree")))


def _validator_join(data: bytes) -> Asked:
    schema: Schema = {
        1: ("epoch", "u64"),
        2: ("validator", "message"),
        3: ("possession", "bytes"),
        4: ("approvals", "messages"),
    }
    found = read_message(data, schema, "validator.join")
    _validator(found["validator"])
    Signature.parse(ED25519, found["possession"])
    _approvals(found["approvals"])
    return Asked()


def _validator_leave(data: bytes) -> Asked:
    schema: Schema = {1: ("epoch", "u64"), 2: ("name", "text"), 3: ("approvals", "messages")}
    found = read_message(data, schema, "validator.leave")
    plain_text(found["name"], "name", 32)
    _approvals(found["approvals"])
    return Asked()


def _artifact_commit(data: bytes) -> Asked:
    schema: Schema = {
        1: ("address", "bytes"),
        2: ("salted", "bool"),
        3: ("length", "u64"),
        4: ("media_type", "text"),
        5: ("subject", "text"),
        6: ("keep_until_ms", "u64"),
        7: ("write_once", "bool"),
        8: ("class", "u32"),
    }
    found = read_message(data, schema, "artifact.commit")
    plain_text(found["media_type"], "media_type")
    plain_text(found["subject"], "subject")
    kept = found["keep_until_ms"] > 0 or not found["write_once"]
    require(kept, "what nobody may erase needs a time until which it is kept")
    require(found["class"] <= 2, "there is no such class of retention")
    alone = found["class"] == 0 or found["keep_until_ms"] == 0
    require(alone, "a class says by itself how long, and whether it may be erased")
    return Asked(content=digest(found["address"], "address"))


def _retention_tombstone(data: bytes) -> Asked:
    found = read_message(data, {1: ("artifact", "bytes"), 2: ("reason", "text")}, "retention.tombstone")
    digest(found["artifact"], "artifact")
    plain_text(found["reason"], "reason")
    return Asked()


OPERATIONS: dict[str, Callable[[bytes], Asked]] = {
    "identity.create": _identity_create,
    "key.add": _key_add,
    "key.rotate": _key_rotate,
    "key.revoke": _key_revoke,
    "proof.submit": _proof_submit,
    "attestation.issue": _attestation_issue,
    "attestation.revoke": _attestation_revoke,
    "batch.anchor": _batch_anchor,
    "validator.join": _validator_join,
    "validator.leave": _validator_leave,
    "artifact.commit": _artifact_commit,
    "retention.tombstone": _retention_tombstone,
    **SESSIONS,
    **ISSUERS,
    **PRIMITIVES,
    **JOBS,
}
