"""Entries of the log, and the submissions in them: read from their one encoding, or refused.

Source: ``proto/quorate.proto`` and ``proto/ENCODING.md``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .encoding import sha256
from .errors import Refused, require
from .names import did_name, origin_name, tenant_name
from .operation import OPERATION_FIELDS, OPERATIONS, Asked
from .operation.parts import digest, given, read_key, read_signature, u16
from .protobuf import Schema, read_message
from .schemes import PublicKey, SignedMessage
from .statement import Statement, is_cose, read_cose_leaf, read_statement

ENTRY_BYTES_MAX = 65_535
SUBMISSION_BYTES_MAX = 60 << 10

SUBMISSION_TAG = b"quorate/v1/submission\x00"
#: What the consents to each operation begin with.
CONSENT_TAGS = {
    "identity.create": b"quorate/v1/identity-possession\x00",
    "key.add": b"quorate/v1/addition-possession\x00",
    "key.rotate": b"quorate/v1/key-possession\x00",
}
ISSUER_TAG = b"quorate/v1/issuer-possession\x00"
SIGNER_TAG = b"quorate/v1/signer-possession\x00"

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
    10: ("lookup", "bytes"),
}
_BATCH_REF: Schema = {1: ("id", "bytes"), 2: ("count", "u32"), 3: ("bytes", "u32")}
_SUBMISSION: Schema = {1: ("body", "message"), 2: ("signature", "message"), 3: ("statement", "message")}
_STATEMENT: Schema = {1: ("format", "u32"), 2: ("bytes", "bytes"), 3: ("keys", "messages")}
_BODY: Schema = {
    1: ("network", "bytes"),
    2: ("tenant", "text"),
    3: ("author", "text"),
    4: ("key", "message"),
    5: ("nonce", "u64"),
    6: ("expires", "u64"),
    **OPERATION_FIELDS,
}


@dataclass(frozen=True)
class Submission:
    """A signed operation, or a statement that was signed elsewhere, for no network in particular."""

    id: bytes
    envelope: bytes = field(repr=False)
    signatures: tuple[SignedMessage, ...] = field(repr=False)
    network: bytes | None
    tenant: str
    author: str
    key: PublicKey
    operation: str
    asked: Asked
    statement: Statement | None = None
    #: Whether its bytes are a leaf of the log as they are.
    is_leaf: bool = False


@dataclass(frozen=True)
class Entry:
    """A leaf: its kind, and what that kind says."""

    kind: str
    height: int | None = None
    time_ms: int | None = None
    network: bytes | None = None
    origin: str | None = None
    submission: Submission | None = None


def _bounded(data: bytes) -> None:
    limit = SUBMISSION_BYTES_MAX
    require(len(data) <= limit, f"submission has {len(data)} bytes, at most {limit} are allowed")


def _of_statement(data: bytes, statement: Statement, is_leaf: bool) -> Submission:
    return Submission(
        id=sha256(data),
        envelope=data,
        signatures=statement.signatures,
        network=None,
        tenant="default",
        author=statement.author,
        key=statement.key,
        operation="statement.register",
        asked=Asked(content=statement.content),
        statement=statement,
        is_leaf=is_leaf,
    )


def _statement(message: bytes) -> Statement:
    found = read_message(message, _STATEMENT, "statement")
    require(len(found["keys"]) <= 2, f"statement.keys: {len(found['keys'])} found, at most 2 are allowed")
    return read_statement(found["format"], found["bytes"], [read_key(key, "statement.keys") for key in found["keys"]])


def read_submission(data: bytes) -> Submission:
    """Reads an envelope: what an author signed for a network, or a statement that was signed elsewhere."""
    _bounded(data)
    # One statement has one leaf.
    require(not is_cose(data), "a statement of COSE is a leaf by itself")
    envelope = read_message(data, _SUBMISSION, "submission")
    if envelope["statement"] is not None:
        alone = envelope["body"] is None and envelope["signature"] is None
        require(alone, "submission holds a statement and a body")
        return _of_statement(data, _statement(envelope["statement"]), is_leaf=False)
    signed = given(envelope["body"], "submission.body")
    body = read_message(signed, _BODY, "body")
    if body["one"] is None:
        raise Refused("operation is missing or of an unknown kind")
    operation, asked = body["one"]
    signature = read_signature(envelope["signature"], "submission.signature")
    network, key = digest(body["network"], "network"), read_key(body["key"], "key")
    return Submission(
        id=sha256(data),
        envelope=data,
        signatures=(SignedMessage(key, signed_bytes(network, signed), signature),),
        network=network,
        tenant=tenant_name(body["tenant"]),
        author=did_name(body["author"]),
        key=key,
        operation=operation,
        asked=OPERATIONS[operation](asked),
    )


def _block(data: bytes) -> Entry:
    found = read_message(data, _BLOCK, "block_entry")
    u16(found["proposer"], "block_entry.proposer")
    require(len(found["batches"]) <= 64, f"block_entry.batches: {len(found['batches'])} found, at most 64 are allowed")
    for message in found["batches"]:
        batch = read_message(message, _BATCH_REF, "batch")
        require(1 <= batch["count"] <= 1_000, f"batch.count: {batch['count']} found, 1 to 1000 are allowed")
        require(batch["bytes"] <= 524_288, f"batch.bytes: {batch['bytes']} found, at most 524288 are allowed")
        digest(batch["id"], "batch.id")
    digest(found["rejections"], "block_entry.rejections")
    digest(found["state"], "block_entry.state")
    # Logs that were begun without an index state none.
    if found["lookup"]:
        digest(found["lookup"], "block_entry.lookup")
    return Entry("block", height=found["height"], time_ms=found["time"])


def read_entry(data: bytes) -> Entry:
    """Reads a leaf."""
    require(len(data) <= ENTRY_BYTES_MAX, f"entry has {len(data)} bytes, at most {ENTRY_BYTES_MAX} are allowed")
    if is_cose(data):
        # It says nothing of its place.
        _bounded(data)
        return Entry("submission", submission=_of_statement(data, read_cose_leaf(data), is_leaf=True))
    one = read_message(data, _ENTRY, "entry")["one"]
    if one is None:
        raise Refused("entry is missing or of an unknown kind")
    kind, message = one
    if kind == "genesis":
        found = read_message(message, _GENESIS, "genesis_entry")
        origin = origin_name(found["origin"])
        return Entry(kind, network=digest(found["network"], "genesis_entry.network"), origin=origin)
    if kind == "epoch":
        found = read_message(message, _EPOCH, "epoch_entry")
        digest(found["validators"], "epoch_entry.validators")
        digest(found["policy"], "epoch_entry.policy")
        return Entry(kind, height=found["height"])
    if kind == "submission":
        found = read_message(message, _SUBMITTED, "submission_entry")
        submission = read_submission(found["submission"])
        return Entry(kind, height=found["height"], time_ms=found["time"], submission=submission)
    return _block(message)


def signed_bytes(network: bytes, body: bytes) -> bytes:
    """What an author signs: tag, network, canonical body."""
    return SUBMISSION_TAG + network + body


def _counted(text: str) -> bytes:
    """A text behind its length."""
    value = text.encode()
    return struct.pack(">I", len(value)) + value


def _verify_issuer_key(submission: Submission) -> None:
    """Checks the consent of a key that an issuer of attestations lists."""
    listed = submission.asked.issuer_key
    if listed is None or submission.network is None:
        return
    names = _counted(listed.issuer) + _counted(submission.author)
    listed.key.verify(ISSUER_TAG + submission.network + names + listed.key.thumbprint(), listed.possession)


def _verify_evidence_key(submission: Submission) -> None:
    """Checks the consent of a key that is listed to sign evidence."""
    listed = submission.asked.evidence_key
    if listed is None or submission.network is None:
        return
    said = _counted(submission.author) + _counted(listed.name) + listed.numbers
    listed.key.verify(SIGNER_TAG + submission.network + said + listed.key.thumbprint(), listed.possession)


def _verify_consents(submission: Submission) -> None:
    """Checks the consents that came with a submission: those of all keys that have to give one, or none."""
    asked, operation = submission.asked, submission.operation
    if not asked.consents or asked.listing is None or submission.network is None:
        return
    keys = asked.listing.keys
    # In a new identity, the key that signs the submission has agreed by that.
    own = submission.key if operation == "identity.create" else None
    others = [key for key in keys if key != own]
    require(len(others) == len(asked.consents), f"{len(asked.consents)} keys consented, {len(others)} have to")
    parts = [CONSENT_TAGS[operation], submission.network, _counted(asked.listing.identity)]
    if operation == "key.rotate" and asked.ending is not None:
        parts.append(asked.ending.key)
    message = b"".join((*parts, *(key.thumbprint() for key in keys)))
    for key, consent in zip(others, asked.consents, strict=True):
        key.verify(message, consent)


def verify_signatures(submission: Submission) -> None:
    """Checks every signature in a submission."""
    try:
        for one in submission.signatures:
            one.verify()
    except Refused as fault:
        raise Refused(f"the author's signature does not hold: {fault}") from None
    try:
        if submission.asked.issued is not None:
            submission.asked.issued.verify()
    except Refused as fault:
        raise Refused(f"the issuer's signature of the proof does not hold: {fault}") from None
    try:
        _verify_consents(submission)
        _verify_issuer_key(submission)
        _verify_evidence_key(submission)
    except Refused as fault:
        raise Refused(f"a key's consent does not hold: {fault}") from None
