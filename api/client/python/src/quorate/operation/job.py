"""Jobs, their evidence, and the keys that sign it.

What a seal states is not made again here: the ledger took none that states other than what follows from its job. A key that is
listed consents to all that is said of it.
Source: ``proto/src/job.rs``, ``proto/src/wire/job.rs``, ``proto/src/wire/evidence.rs``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from ..encoding import from_utf8
from ..errors import require
from ..names import plain_text
from ..protobuf import Schema, read_message
from ..schemes import ED25519, ES256, ML_DSA_65, PublicKey, Signature
from .asked import Asked, EvidenceKey
from .parts import digest, within

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
#: The last millisecond of the year 9999.
_TIME_MS_MAX = 253_402_300_799_999
_MICROS_MAX = 999_999_999_999_999
_SIGNING = (ED25519, ML_DSA_65, ES256)

_OPEN: Schema = {
    1: ("job", "text"),
    2: ("backend", "text"),
    3: ("version", "text"),
    4: ("provider", "text"),
    5: ("qubits", "u32"),
    6: ("status", "text"),
    7: ("commit", "text"),
    8: ("image", "bytes"),
    9: ("config", "bytes"),
    10: ("circuit", "bytes"),
    11: ("compiler", "text"),
    12: ("shots", "u64"),
    13: ("estimate", "u64"),
    14: ("currency", "text"),
    15: ("tags", "messages"),
    16: ("retention", "u32"),
    17: ("days", "u32"),
    18: ("write_once", "bool"),
    19: ("submitted", "u64"),
    20: ("queued", "u64"),
}
_STATE: Schema = {
    1: ("job", "text"),
    2: ("state", "u32"),
    3: ("at", "u64"),
    4: ("completion", "message"),
    5: ("reason", "text"),
}
_COMPLETION: Schema = {
    1: ("shots", "u64"),
    2: ("success", "u32"),
    3: ("cost", "u64"),
    4: ("provider", "message"),
    5: ("artifacts", "messages"),
    6: ("results", "u32"),
}
_PROVIDER: Schema = {1: ("job", "text"), 2: ("compiled", "text"), 3: ("raw", "text")}
_ARTIFACT: Schema = {1: ("name", "text"), 2: ("sha256", "bytes"), 3: ("bytes", "u64"), 4: ("type", "text")}
_SEAL: Schema = {
    1: ("job", "text"),
    2: ("record", "text"),
    3: ("created", "u64"),
    4: ("items", "messages"),
    5: ("root", "bytes"),
    6: ("bundle", "bytes"),
    7: ("claim", "u32"),
    8: ("key", "bytes"),
    9: ("scheme", "u32"),
    10: ("signature", "bytes"),
    11: ("signed", "u64"),
}
_ITEM: Schema = {1: ("id", "text"), 2: ("label", "text"), 3: ("content", "bytes")}
_LIST: Schema = {
    1: ("name", "text"),
    2: ("scheme", "u32"),
    3: ("key", "bytes"),
    4: ("roles", "u32"),
    5: ("from", "u64"),
    6: ("until", "u64"),
    7: ("possession", "bytes"),
}


def _name(text: str, what: str) -> str:
    require(bool(_NAME.fullmatch(text)), f"{what} is no name of one: {text[:80]!r}")
    return text


def _bounded(text: str, least: int, most: int, what: str) -> None:
    within(len(text.encode()), least, most, what)
    plain_text(text, what, most)


def _time(value: int, what: str) -> None:
    """A time that may be left out, as 0."""
    within(value, 0, _TIME_MS_MAX, what)


def _scheme(number: int) -> int:
    require(number in _SIGNING, f"scheme {number} signs no evidence")
    return number


def _job_open(data: bytes) -> Asked:
    found = read_message(data, _OPEN, "job.open")
    _name(found["job"], "job")
    _bounded(found["backend"], 1, 100, "backend_id")
    for what in ("version", "provider", "status", "commit", "compiler"):
        _bounded(found[what], 0, 100, what)
    for what in ("image", "config", "circuit"):
        if found[what]:
            digest(found[what], what)
    within(found["estimate"], 0, _MICROS_MAX, "estimate, in millionths")
    require(bool(_CURRENCY.fullmatch(found["currency"])), "currency: three capital letters")
    within(len(found["tags"]), 0, 16, "tags")
    for tag in found["tags"]:
        _bounded(from_utf8(tag, "tags"), 1, 100, "tags")
    within(found["retention"], 1, 3, "retention")
    if found["retention"] == 3:
        within(found["days"], 1, 36_525, "retention, in days")
    else:
        require(found["days"] == 0 and not found["write_once"], "a class that says it all has no days")
    _time(found["submitted"], "submitted_at")
    _time(found["queued"], "queued_at")
    return Asked()


def _completion(message: bytes) -> None:
    found = read_message(message, _COMPLETION, "completion")
    within(found["success"], 0, 1_000_000, "success_rate, in millionths")
    within(found["cost"], 0, _MICROS_MAX, "final cost, in millionths")
    if found["provider"] is not None:
        provider = read_message(found["provider"], _PROVIDER, "provider")
        for what in ("job", "compiled", "raw"):
            _bounded(provider[what], 1, 100, "provider")
    artifacts = found["artifacts"]
    within(len(artifacts), 1, 64, "artifacts")
    within(found["results"], 0, len(artifacts) - 1, "results")
    names: set[str] = set()
    for item in artifacts:
        artifact = read_message(item, _ARTIFACT, "artifact")
        name = artifact["name"]
        _bounded(name, 1, 255, "artifact name")
        plain = name not in (".", "..") and "/" not in name and "\\" not in name
        require(plain, "an artifact's name has no slashes and is not a dot or two")
        require(name not in names, "an artifact is named twice")
        names.add(name)
        digest(artifact["sha256"], "sha256")
        _bounded(artifact["type"], 1, 127, "content_type")


def _job_state(data: bytes) -> Asked:
    found = read_message(data, _STATE, "job.state")
    state, completion = found["state"], found["completion"]
    _name(found["job"], "job")
    within(state, 2, 4, "state")
    _time(found["at"], "at_ms")
    require((state == 3) == (completion is not None), "what came of a job is said when it is completed")
    require(state == 4 or found["reason"] == "", "a reason is said when it failed")
    if completion is not None:
        _completion(completion)
    _bounded(found["reason"], 0, 1_024, "reason")
    return Asked()


def _evidence_seal(data: bytes) -> Asked:
    seal = read_message(data, _SEAL, "evidence.seal")
    within(len(seal["items"]), 0, 70, "items")
    for message in seal["items"]:
        item = read_message(message, _ITEM, "item")
        _bounded(item["id"], 1, 64, "item.id")
        _bounded(item["label"], 0, 64, "item.label")
        digest(item["content"], "item.content")
    _name(seal["job"], "job")
    _name(seal["record"], "record")
    for what in ("root", "bundle", "key"):
        digest(seal[what], what)
    within(seal["claim"], 1, 4, "claim")
    Signature.parse(_scheme(seal["scheme"]), seal["signature"])
    return Asked()


def _signer_list(data: bytes) -> Asked:
    found = read_message(data, _LIST, "signer.list")
    scheme = _scheme(found["scheme"])
    require(found["until"] > found["from"], "valid_until_ms is not later than valid_from_ms")
    _name(found["name"], "name")
    within(found["roles"], 1, 3, "roles")
    numbers = struct.pack(">IQQ", found["roles"], found["from"], found["until"])
    key, possession = PublicKey.parse(scheme, found["key"]), Signature.parse(scheme, found["possession"])
    return Asked(evidence_key=EvidenceKey(found["name"], numbers, key, possession))


def _signer_revoke(data: bytes) -> Asked:
    found = read_message(data, {1: ("key", "bytes"), 2: ("reason", "text"), 3: ("from", "u64")}, "signer.revoke")
    digest(found["key"], "key")
    _bounded(found["reason"], 0, 1_024, "reason")
    return Asked()


def _evidence_verified(data: bytes) -> Asked:
    _name(read_message(data, {1: ("job", "text")}, "evidence.verified")["job"], "job")
    return Asked()


def _evidence_delete(data: bytes) -> Asked:
    found = read_message(data, {1: ("job", "text"), 2: ("reason", "text")}, "evidence.delete")
    _name(found["job"], "job")
    _bounded(found["reason"], 0, 1_024, "reason")
    return Asked()


#: What each of these operations must hold; verification needs the evidence key that is listed, because it consents.
JOBS: dict[str, Callable[[bytes], Asked]] = {
    "job.open": _job_open,
    "job.state": _job_state,
    "evidence.seal": _evidence_seal,
    "signer.list": _signer_list,
    "signer.revoke": _signer_revoke,
    "evidence.verified": _evidence_verified,
    "evidence.delete": _evidence_delete,
}
