"""Sessions of a quality that was asked for, and the endorsement of a validator's service.

Texts are bounded in characters, times in the units of their names. Source: ``proto/src/session.rs``.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import require
from ..names import plain_text
from ..protobuf import Schema, read_message
from ..schemes import ED25519, Signature
from .asked import Asked
from .parts import within

_SESSION: Schema = {1: ("session", "bytes")}
_LATENCY_MS_MAX = 60_000
_LATENCY_US_MAX = 60_000_000


def _session_id(value: bytes) -> None:
    require(len(value) == 16, f"session: {len(value)} bytes, a session's id has 16")


def _session_open(data: bytes) -> Asked:
    schema: Schema = {
        **_SESSION,
        2: ("text", "text"),
        3: ("target", "u32"),
        4: ("jitter", "u32"),
        5: ("duration", "u32"),
        6: ("label", "text"),
    }
    found = read_message(data, schema, "session.open")
    _session_id(found["session"])
    within(len(found["text"]), 1, 5_000, "text")
    within(found["target"], 1, _LATENCY_MS_MAX, "target_p95_latency_ms")
    within(found["jitter"], 0, _LATENCY_MS_MAX, "target_jitter_ms")
    within(found["duration"], 1, 86_400, "duration_s")
    within(len(found["label"]), 1, 200, "flow_label")
    return Asked()


def _session_sample(data: bytes) -> Asked:
    schema: Schema = {
        **_SESSION,
        2: ("packets", "u32"),
        3: ("p50", "u64"),
        4: ("p95", "u64"),
        5: ("jitter", "u64"),
        6: ("notes", "text"),
    }
    found = read_message(data, schema, "session.sample")
    _session_id(found["session"])
    within(found["packets"], 1, 100_000, "n")
    within(found["p95"], found["p50"], _LATENCY_US_MAX, "p95_us")
    within(found["jitter"], 0, _LATENCY_US_MAX, "jitter_us")
    within(len(found["notes"]), 0, 500, "notes")
    return Asked()


def _session_finalize(data: bytes) -> Asked:
    _session_id(read_message(data, _SESSION, "session.finalize")["session"])
    return Asked()


def _session_delete(data: bytes) -> Asked:
    _session_id(read_message(data, _SESSION, "session.delete")["session"])
    return Asked()


def _service_endorse(data: bytes) -> Asked:
    found = read_message(data, {1: ("validator", "text"), 2: ("endorsement", "bytes")}, "service.endorse")
    plain_text(found["validator"], "validator", 32)
    Signature.parse(ED25519, found["endorsement"])
    return Asked()


#: What each of these operations must hold; verification needs nothing of it.
SESSIONS: dict[str, Callable[[bytes], Asked]] = {
    "session.open": _session_open,
    "session.sample": _session_sample,
    "session.finalize": _session_finalize,
    "session.delete": _session_delete,
    "service.endorse": _service_endorse,
}
