"""PROOF primitives of ProofNest: a claim, signed by an issuer of its own beside the author of the submission.

Told whole, a proof's id is the SHAKE256 of nine fields as JSON of the standard library: sorted, compact, ASCII alone. Told
by hashes, the id is the issuer's word. In both forms the issuer's key signs the text of the id.
Source: ``proto/src/primitive.rs``, ``proto/src/wire/primitive.rs``, ``proto/src/canon/proofnest.rs``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from ..errors import require
from ..names import did_name, plain_text
from ..protobuf import Schema, read_message
from ..schemes import SignedMessage
from .asked import Asked
from .parts import digest, read_key, read_signature

_CLAIM_BYTES_MAX = 32 << 10
_METADATA_BYTES_MAX = 8 << 10
_CHAIN_BYTES_MAX = 128
_VERSION = "1.0.0"

_KINDS = (
    *("CLAIM", "IDENTITY", "WORK", "TRUTH", "VALUE", "DECISION", "RELATION", "HISTORY"),
    *("KNOWLEDGE", "CONTRACT", "TRUST", "DELEGATION", "REVOCATION", "ATTESTATION", "CUSTOM"),
)
_EVIDENCE = re.compile(r"(shake256|proof:proof):[0-9a-f]{64}", re.ASCII)

_SCHEMA: Schema = {
    1: ("issuer", "text"),
    2: ("key", "message"),
    3: ("signature", "message"),
    4: ("timestamp", "u64"),
    5: ("kind", "u32"),
    6: ("claim", "text"),
    7: ("subject", "text"),
    8: ("evidence", "text"),
    9: ("nonce", "bytes"),
    10: ("previous", "bytes"),
    11: ("proof", "bytes"),
    12: ("claim_hash", "bytes"),
    13: ("metadata", "text"),
    14: ("expires", "u64"),
    15: ("chain", "text"),
    16: ("index", "u64"),
}


def _id_of(value: bytes) -> str:
    return f"proof:{value.hex()}"


def _at_most(text: str, limit: int, what: str) -> None:
    length = len(text.encode())
    require(length <= limit, f"{what}: {length} bytes found, at most {limit} are allowed")


def _id_of_whole(told: dict[str, Any]) -> str:
    """The id that follows from what is told."""
    fields = {
        "proof_type": _KINDS[told["kind"] - 1],
        "claim": told["claim"],
        "issuer": told["issuer"],
        "subject": told["subject"] or None,
        "evidence": told["evidence"] or None,
        "timestamp": told["timestamp"],
        "nonce": told["nonce"].hex(),
        "previous_proof": _id_of(told["previous"]) if told["previous"] else None,
        "version": _VERSION,
    }
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return _id_of(hashlib.shake_256(canonical).digest(32))


def _whole(told: dict[str, Any]) -> str:
    written = told["proof"] or told["claim_hash"]
    require(not written, "proof follows from a proof told whole, and is not written")
    require(told["kind"] <= len(_KINDS), f"{told['kind']} is no kind of proof")
    _at_most(told["claim"], _CLAIM_BYTES_MAX, "claim")
    plain_text(told["subject"], "subject")
    fits = not told["evidence"] or bool(_EVIDENCE.fullmatch(told["evidence"]))
    require(fits, "evidence is shake256: or proof:proof:, and 64 lower-case hex digits")
    require(len(told["nonce"]) == 16, f"a nonce has 16 bytes, this has {len(told['nonce'])}")
    if told["previous"]:
        digest(told["previous"], "previous_proof")
    return _id_of_whole(told)


def _hashes(told: dict[str, Any]) -> tuple[str, bytes]:
    """The id and the digest of the claim, as the issuer says them."""
    more = any(told[name] for name in ("claim", "subject", "evidence", "nonce", "previous"))
    require(not more, "kind is missing beside what only a proof told whole has")
    # The id covers none of these, and here its issuer says the id alone.
    beside = any(told[name] for name in ("metadata", "expires", "chain"))
    require(not beside, "a proof told by hashes says nothing more than these")
    return _id_of(digest(told["proof"], "proof")), digest(told["claim_hash"], "claim_hash")


def _proof_primitive(data: bytes) -> Asked:
    told = read_message(data, _SCHEMA, "proof.primitive")
    name, content = (_whole(told), None) if told["kind"] else _hashes(told)
    _at_most(told["metadata"], _METADATA_BYTES_MAX, "metadata")
    plain_text(told["chain"], "chain", _CHAIN_BYTES_MAX)
    require(told["chain"] != "" or told["index"] == 0, "index is a place in no chain")
    did_name(told["issuer"])
    key, signature = read_key(told["key"], "key"), read_signature(told["signature"], "signature")
    return Asked(content=content, issued=SignedMessage(key, name.encode(), signature))


PRIMITIVES: dict[str, Callable[[bytes], Asked]] = {"proof.primitive": _proof_primitive}
