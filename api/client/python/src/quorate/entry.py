"""Entries of the log, and the submissions in them: read from their one encoding, or refused.

Source: ``proto/quorate.proto`` and ``proto/ENCODING.md``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .encoding import sha256
from .errors import Refused, require
from .names import did_name, origin_name, plain_text, tenant_name
from .protobuf import Schema, read_message
from .schemes import ED25519, ML_DSA_65, PublicKey, Signature

ENTRY_BYTES_MAX = 65_535
SUBMISSION_BYTES_MAX = 60 << 10
PREDICATE_BYTES_MAX = 32 << 10
VALIDATORS_MAX = 100

SUBMISSION_TAG = b"quorate/v1/submission\x00"
#: What the consents to each operation begin with.
CONSENT_TAGS = {
    "identity.create": b"quorate/v1/identity-possession\x00",
    "key.add": b"quorate/v1/addition-possession\x00",
    "key.rotate": b"quorate/v1/key-possession\x00",
}

_ENTRY: Schema = {1: ("genesis", "one"), 2: ("epoch", "one"), 3: ("submission", "one"), 4: ("block", "one")}
_GENESIS: Schema = {1: ("network", "bytes"), 2: ("origin", "text")}
_EPOCH: Schema = {1: ("epoch", "u64"), 2: ("height", "u64"), 3: ("validators", "bytes"), 4: ("policy", "bytes")}
_SUBMITTED: Schema = {1: ("height", "u64"), 2: ("time", "u64"), 3: ("submission", "bytes")}
_BLOCK: Schema = {
    1: ("height", "u64"),
    2: ("view", "u64"),
    3: ("proposer", "u32"),
    4: ("time", "u64"),
    5: ("batches", "messages"),
    6: ("accepted", "u32"),
    7: ("rejected", "u32"),
    8: ("rejections", "bytes"),
    9: ("state", "bytes"),
}
_BATCH_REF: Schema = {1: ("id", "bytes"), 2: ("count", "u32"), 3: ("bytes", "u32")}
_KEY: Schema = {1: ("scheme", "u32"), 2: ("key", "bytes")}
_SIGNATURE: Schema = {1: ("scheme", "u32"), 2: ("signature", "bytes")}
_APPROVAL: Schema = {1: ("approver", "u32"), 2: ("signature", "bytes")}
_SUBMISSION: Schema = {1: ("body", "message"), 2: ("signature", "message")}
_BODY: Schema = {
    1: ("network", "bytes"),
    2: ("tenant", "text"),
    3: ("author", "text"),
    4: ("key", "message"),
    5: ("nonce", "u64"),
    6: ("expires", "u64"),
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
}


@dataclass(frozen=True)
class Listing:
    """An identity, and the keys that it lists from here on."""

    identity: str
    keys: tuple[PublicKey, ...]


@dataclass(frozen=True)
class Ending:
    """An identity, and the id of its key that ends here: ``retired``, or ``revoked``, perhaps from an earlier size or time."""

    identity: str
    key: bytes
    how: str
    from_size: int = 0
    from_time_ms: int = 0


@dataclass(frozen=True)
class Batch:
    """An anchored tree."""

    root: bytes
    count: int
    tree: str


@dataclass(frozen=True)
class Asked:
    """What verification needs of an operation."""

    content: bytes | None = None
    batch: Batch | None = None
    listing: Listing | None = None
    ending: Ending | None = None
    #: Signatures by the keys that are listed.
    consents: tuple[Signature, ...] = ()


@dataclass(frozen=True)
class Submission:
    """A signed operation."""

    id: bytes
    envelope: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    signature: Signature
    network: bytes
    tenant: str
    author: str
    key: PublicKey
    nonce: int
    expires_at_ms: int
    operation: str
    asked: Asked


@dataclass(frozen=True)
class Entry:
    """A leaf: its kind, and what that kind says."""

    kind: str
    height: int | None = None
    time_ms: int | None = None
    network: bytes | None = None
    origin: str | None = None
    submission: Submission | None = None


def _digest(value: bytes, what: str) -> bytes:
    require(len(value) == 32, f"{what}: a digest has 32 bytes, this has {len(value)}")
    return value


def _given(message: bytes | None, what: str) -> bytes:
    if message is None:
        raise Refused(f"{what} is missing")
    return message


def _key(message: bytes | None, what: str) -> PublicKey:
    found = read_message(_given(message, what), _KEY, what)
    return PublicKey.parse(found["scheme"], found["key"])


def _signature(message: bytes | None, what: str) -> Signature:
    found = read_message(_given(message, what), _SIGNATURE, what)
    return Signature.parse(found["scheme"], found["signature"])


def _u16(number: int, what: str) -> None:
    require(number <= 65_535, f"{what}: {number} is beyond 65535")


def _approvals(approvals: list[bytes]) -> None:
    require(len(approvals) <= VALIDATORS_MAX, f"more than {VALIDATORS_MAX} approvals")
    for message in approvals:
        found = read_message(message, _APPROVAL, "approval")
        _u16(found["approver"], "approval.approver")
        Signature.parse(ED25519, found["signature"])


def _validator(message: bytes | None) -> None:
    roles = ("consensus", "network", "log", "cosigner_ed25519")
    schema: Schema = {1: ("name", "text"), 2: ("power", "u64"), 7: ("cosigner_ml_dsa_65", "bytes")}
    schema |= {number: (role, "bytes") for number, role in enumerate(roles, 3)}
    found = read_message(_given(message, "validator"), schema, "validator")
    for role in roles:
        PublicKey.parse(ED25519, found[role])
    PublicKey.parse(ML_DSA_65, found["cosigner_ml_dsa_65"])


def _identity_create(data: bytes) -> Asked:
    schema: Schema = {1: ("identity", "text"), 2: ("keys", "messages"), 3: ("possessions", "messages")}
    found = read_message(data, schema, "identity.create")
    count = len(found["keys"])
    require(1 <= count <= 8, f"an identity begins with 1 to 8 keys, not {count}")
    require(len(found["possessions"]) <= 8, "more than 8 possessions")
    keys = tuple(_key(key, "keys") for key in found["keys"])
    consents = tuple(_signature(possession, "possessions") for possession in found["possessions"])
    return Asked(listing=Listing(did_name(found["identity"]), keys), consents=consents)


def _key_add(data: bytes) -> Asked:
    schema: Schema = {1: ("identity", "text"), 2: ("key", "message"), 3: ("possession", "message")}
    found = read_message(data, schema, "key.add")
    consents = () if found["possession"] is None else (_signature(found["possession"], "possession"),)
    return Asked(listing=Listing(did_name(found["identity"]), (_key(found["key"], "key"),)), consents=consents)


def _key_rotate(data: bytes) -> Asked:
    schema: Schema = {
        1: ("identity", "text"),
        2: ("retires", "bytes"),
        3: ("key", "message"),
        4: ("possession", "message"),
    }
    found = read_message(data, schema, "key.rotate")
    identity, retires = did_name(found["identity"]), _digest(found["retires"], "retires")
    return Asked(
        listing=Listing(identity, (_key(found["key"], "key"),)),
        ending=Ending(identity, retires, "retired"),
        consents=(_signature(found["possession"], "possession"),),
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
    identity, key = did_name(found["identity"]), _digest(found["key"], "key")
    return Asked(ending=Ending(identity, key, "revoked", size, time_ms))


def _proof_submit(data: bytes) -> Asked:
    schema: Schema = {1: ("content", "bytes"), 2: ("length", "u64"), 3: ("media_type", "text"), 4: ("subject", "text")}
    found = read_message(data, schema, "proof.submit")
    plain_text(found["media_type"], "media_type")
    plain_text(found["subject"], "subject")
    return Asked(content=_digest(found["content"], "content"))


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
    return Asked(content=_digest(found["content"], "content") if found["content"] else None)


def _attestation_revoke(data: bytes) -> Asked:
    found = read_message(data, {1: ("attestation", "bytes"), 2: ("reason", "text")}, "attestation.revoke")
    _digest(found["attestation"], "attestation")
    plain_text(found["reason"], "reason")
    return Asked()


def _batch_anchor(data: bytes) -> Asked:
    found = read_message(data, {1: ("root", "bytes"), 2: ("count", "u64"), 3: ("tree", "text")}, "batch.anchor")
    require(found["count"] > 0, "a tree that is anchored has at least one leaf")
    return Asked(batch=Batch(_digest(found["root"], "root"), found["count"], plain_text(found["tree"], "tree")))


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
    }
    found = read_message(data, schema, "artifact.commit")
    plain_text(found["media_type"], "media_type")
    plain_text(found["subject"], "subject")
    kept = found["keep_until_ms"] > 0 or not found["write_once"]
    require(kept, "what nobody may erase needs a time until which it is kept")
    return Asked(content=_digest(found["address"], "address"))


def _retention_tombstone(data: bytes) -> Asked:
    found = read_message(data, {1: ("artifact", "bytes"), 2: ("reason", "text")}, "retention.tombstone")
    _digest(found["artifact"], "artifact")
    plain_text(found["reason"], "reason")
    return Asked()


_OPERATIONS: dict[str, Callable[[bytes], Asked]] = {
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
}


def read_submission(data: bytes) -> Submission:
    """Reads a signed envelope."""
    limit = SUBMISSION_BYTES_MAX
    require(len(data) <= limit, f"submission has {len(data)} bytes, at most {limit} are allowed")
    envelope = read_message(data, _SUBMISSION, "submission")
    signed = _given(envelope["body"], "submission.body")
    body = read_message(signed, _BODY, "body")
    if body["one"] is None:
        raise Refused("operation is missing or of an unknown kind")
    operation, asked = body["one"]
    return Submission(
        id=sha256(data),
        envelope=data,
        signed=signed,
        signature=_signature(envelope["signature"], "submission.signature"),
        network=_digest(body["network"], "network"),
        tenant=tenant_name(body["tenant"]),
        author=did_name(body["author"]),
        key=_key(body["key"], "key"),
        nonce=body["nonce"],
        expires_at_ms=body["expires"],
        operation=operation,
        asked=_OPERATIONS[operation](asked),
    )


def _block(data: bytes) -> Entry:
    found = read_message(data, _BLOCK, "block_entry")
    _u16(found["proposer"], "block_entry.proposer")
    require(len(found["batches"]) <= 64, f"block_entry.batches: {len(found['batches'])} found, at most 64 are allowed")
    for message in found["batches"]:
        batch = read_message(message, _BATCH_REF, "batch")
        require(1 <= batch["count"] <= 1_000, f"batch.count: {batch['count']} found, 1 to 1000 are allowed")
        require(batch["bytes"] <= 524_288, f"batch.bytes: {batch['bytes']} found, at most 524288 are allowed")
        _digest(batch["id"], "batch.id")
    _digest(found["rejections"], "block_entry.rejections")
    _digest(found["state"], "block_entry.state")
    return Entry("block", height=found["height"], time_ms=found["time"])


def read_entry(data: bytes) -> Entry:
    """Reads a leaf."""
    require(len(data) <= ENTRY_BYTES_MAX, f"entry has {len(data)} bytes, at most {ENTRY_BYTES_MAX} are allowed")
    one = read_message(data, _ENTRY, "entry")["one"]
    if one is None:
        raise Refused("entry is missing or of an unknown kind")
    kind, message = one
    if kind == "genesis":
        found = read_message(message, _GENESIS, "genesis_entry")
        origin = origin_name(found["origin"])
        return Entry(kind, network=_digest(found["network"], "genesis_entry.network"), origin=origin)
    if kind == "epoch":
        found = read_message(message, _EPOCH, "epoch_entry")
        _digest(found["validators"], "epoch_entry.validators")
        _digest(found["policy"], "epoch_entry.policy")
        return Entry(kind, height=found["height"])
    if kind == "submission":
        found = read_message(message, _SUBMITTED, "submission_entry")
        submission = read_submission(found["submission"])
        return Entry(kind, height=found["height"], time_ms=found["time"], submission=submission)
    return _block(message)


def signed_bytes(network: bytes, body: bytes) -> bytes:
    """What an author signs: tag, network, canonical body."""
    return SUBMISSION_TAG + network + body


def _verify_consents(submission: Submission) -> None:
    """Checks the consents that came with a submission: those of all keys that have to give one, or none."""
    asked, operation = submission.asked, submission.operation
    if not asked.consents or asked.listing is None:
        return
    keys = asked.listing.keys
    # In a new identity, the key that signs the submission has agreed by that.
    own = submission.key if operation == "identity.create" else None
    others = [key for key in keys if key != own]
    require(len(others) == len(asked.consents), f"{len(asked.consents)} keys consented, {len(others)} have to")
    identity = asked.listing.identity.encode()
    parts = [CONSENT_TAGS[operation], submission.network, struct.pack(">I", len(identity)), identity]
    if operation == "key.rotate" and asked.ending is not None:
        parts.append(asked.ending.key)
    message = b"".join((*parts, *(key.thumbprint() for key in keys)))
    for key, consent in zip(others, asked.consents, strict=True):
        key.verify(message, consent)


def verify_signatures(submission: Submission) -> None:
    """Checks every signature in a submission."""
    try:
        submission.key.verify(signed_bytes(submission.network, submission.signed), submission.signature)
    except Refused as fault:
        raise Refused(f"the author's signature does not hold: {fault}") from None
    try:
        _verify_consents(submission)
    except Refused as fault:
        raise Refused(f"a key's consent does not hold: {fault}") from None
