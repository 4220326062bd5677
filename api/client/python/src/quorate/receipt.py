"""Receipts, read from JSON, from the text of C2SP tlog-proof, from COSE or from a bundle. Nothing is verified here.

All are read to one shape: a receipt, and what a bundle puts beside it (``submission``, ``cose``, ``standing``).
Which spelling it is, the content says and not a file's name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .cose import BARE_BYTES_MAX, Issued, read, read_issued
from .encoding import (
    SAFE_MAX,
    Numeral,
    decimal,
    digest_from_base64,
    digest_from_hex,
    from_base64,
    parse_json,
    text_of,
)
from .entry import ENTRY_BYTES_MAX
from .errors import Refused, UsageError, require
from .note import NOTE_BYTES_MAX

FORMAT = "quorate/receipt/v1"
BUNDLE_FORMAT = "quorate/bundle/v1"
BYTES_MAX = 3 << 19
#: Longest receipt in any spelling, in bytes.
READ_BYTES_MAX = 2 << 20
COSE_MAX = 4
COSE_CHARACTERS_MAX = -(-BARE_BYTES_MAX // 3) * 4
#: The first byte of a tagged COSE_Sign1.
COSE = b"\xd2"
TLOG_PROOF_BYTES_MAX = NOTE_BYTES_MAX + (8 << 10)
PROOF_MAX = 64
HEADER = "c2sp.org/tlog-proof@v1"
ITEM_TAG = b"quorate/batch-item/v1\x00"
EXTRA_CHARACTERS_MAX = 3 << 10
ENTRY_CHARACTERS_MAX = -(-ENTRY_BYTES_MAX // 3) * 4


@dataclass(frozen=True)
class BatchItem:
    """An item of a batch, and why the batch is believed to hold it."""

    digest: bytes
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class ProvenLeaf:
    """A leaf with the path to the root."""

    entry: bytes
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Standing:
    """The leaf that listed the author's key, and the one that ended it, if one did."""

    listed: ProvenLeaf
    ended: ProvenLeaf | None


@dataclass(frozen=True)
class Receipt:
    """An entry, and why the log is believed to hold it; then what stands beside it."""

    entry: bytes
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    item: BatchItem | None
    submission: bytes | None = None
    cose: tuple[Issued, ...] = ()
    standing: Standing | None = None


def _members(value: Any, needed: Iterable[str], optional: Iterable[str], what: str) -> dict[str, Any]:
    """Refuses members that are missing or unknown."""
    if not isinstance(value, dict):
        raise Refused(f"{what} is not an object")
    unknown = value.keys() - set(needed) - set(optional)
    require(not unknown, f"{what} has unknown members {sorted(unknown)!r:.80}")
    missing = set(needed) - value.keys()
    require(not missing, f"{what} has no members {sorted(missing)}")
    return value


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str) or isinstance(value, Numeral):
        raise Refused(f"{what} is not a string")
    return value


def _index(value: Any) -> int:
    number = decimal(value) if isinstance(value, Numeral) else None
    if number is None or number > SAFE_MAX:
        raise Refused("the index is not a number of 0 to 2^53 - 1")
    return number


def _hashes(value: Any, what: str) -> tuple[bytes, ...]:
    if not isinstance(value, list):
        raise Refused(f"{what} is not a list")
    require(len(value) <= PROOF_MAX, f"{what} has more than {PROOF_MAX} hashes")
    return tuple(digest_from_hex(_string(text, "a hash"), "a hash") for text in value)


def _item(value: Any) -> BatchItem:
    found = _members(value, ("digest", "index", "path"), (), "the item")
    digest = digest_from_hex(_string(found["digest"], "the digest"))
    return BatchItem(digest, _index(found["index"]), _hashes(found["path"], "the path"))


def _base64(value: Any, most: int, what: str) -> bytes:
    encoded = _string(value, what)
    require(len(encoded) <= most, f"{what} of more than {most} characters")
    found = from_base64(encoded)
    if found is None:
        raise Refused(f"{what} that is not padded base64")
    return found


def _entry(value: Any) -> bytes:
    return _base64(value, ENTRY_CHARACTERS_MAX, "an entry")


def _format(value: Any, expected: str) -> None:
    found = _string(value, "the format")
    require(found == expected, f"format {found[:80]!r}, this reads {expected!r}")


def _from_json(value: Any) -> Receipt:
    found = _members(value, ("format", "entry", "index", "proof", "checkpoint"), ("item",), "the receipt")
    _format(found["format"], FORMAT)
    checkpoint = text_of(_string(found["checkpoint"], "the checkpoint"), NOTE_BYTES_MAX, "the checkpoint")
    item = _item(found["item"]) if "item" in found else None
    entry, proof = _entry(found["entry"]), _hashes(found["proof"], "the proof")
    return Receipt(entry, _index(found["index"]), proof, checkpoint, item)


def _leaf(value: Any) -> ProvenLeaf:
    found = _members(value, ("index", "entry", "proof"), (), "a leaf")
    return ProvenLeaf(_entry(found["entry"]), _index(found["index"]), _hashes(found["proof"], "the proof"))


def _standing(value: Any) -> Standing:
    found = _members(value, ("listed",), ("ended",), "the standing")
    return Standing(_leaf(found["listed"]), _leaf(found["ended"]) if "ended" in found else None)


def _from_bundle(value: Any) -> Receipt:
    needed, optional = ("format", "receipt", "cose", "anchors"), ("submission", "standing")
    found = _members(value, needed, optional, "the bundle")
    _format(found["format"], BUNDLE_FORMAT)
    cose = found["cose"]
    if not isinstance(cose, list) or len(cose) > COSE_MAX:
        raise Refused(f"cose is not a list of at most {COSE_MAX}")
    require(found["anchors"] == [], "anchors are not read here; the list must be empty")
    return replace(
        _from_json(found["receipt"]),
        submission=_entry(found["submission"]) if "submission" in found else None,
        cose=tuple(read_issued(_base64(text, COSE_CHARACTERS_MAX, "a COSE receipt")) for text in cose),
        standing=_standing(found["standing"]) if "standing" in found else None,
    )


def _from_cose(data: bytes) -> Receipt:
    issued, beside = read(data)
    if beside is None:
        raise Refused("the COSE receipt holds no checkpoint, so no quorum stands behind it")
    item = None if beside.item is None else BatchItem(*beside.item)
    return Receipt(beside.entry, issued.index, issued.path, beside.checkpoint, item, cose=(issued,))


def _item_from_extra(text: str) -> BatchItem:
    fault = "the proof has an `extra` line that is no item of a batch, and nothing authenticates it"
    value = from_base64(text) if len(text) <= EXTRA_CHARACTERS_MAX else None
    if value is None or not value.startswith(ITEM_TAG):
        raise Refused(fault)
    rest = value[len(ITEM_TAG) :]
    require(len(rest) >= 40 and (len(rest) - 40) % 32 == 0 and (len(rest) - 40) // 32 <= PROOF_MAX, fault)
    (index,) = struct.unpack(">Q", rest[32:40])
    require(index <= SAFE_MAX, fault)
    return BatchItem(rest[:32], index, tuple(rest[at : at + 32] for at in range(40, len(rest), 32)))


def _from_tlog_proof(text: str, entry: bytes) -> Receipt:
    text_of(text, TLOG_PROOF_BYTES_MAX, "the proof")
    require(len(entry) <= ENTRY_BYTES_MAX, f"the entry has {len(entry)} bytes, at most {ENTRY_BYTES_MAX} are allowed")
    header, newline, rest = text.partition("\n")
    require(header == HEADER and newline != "", f"the proof does not begin with the line {HEADER!r}")
    item = None
    if rest.startswith("extra "):
        line, newline, rest = rest[len("extra ") :].partition("\n")
        require(newline != "", "an `extra` line that does not end")
        item = _item_from_extra(line)
    line, newline, rest = rest.partition("\n")
    index = decimal(line[len("index ") :]) if line.startswith("index ") and newline else None
    if index is None:
        raise Refused("the line after the first is not `index`, space, a decimal number without leading zeros")
    proof: list[bytes] = []
    while True:
        line, newline, rest = rest.partition("\n")
        require(newline != "", "no empty line parts the proof from its checkpoint")
        if line == "":
            break
        require(len(proof) < PROOF_MAX, f"the proof has more than {PROOF_MAX} hashes")
        found = digest_from_base64(line)
        if found is None:
            raise Refused(f"hash {len(proof) + 1} of the proof is not 32 bytes in base64 with padding")
        proof.append(found)
    return Receipt(entry, index, tuple(proof), rest, item)


def read_receipt(source: str | bytes, entry: bytes | None = None) -> Receipt:
    """Reads a receipt in any of its spellings; ``entry`` is the entry's bytes, which travel beside a tlog-proof.

    Raises ``Refused`` when it is no receipt, ``UsageError`` when ``entry`` does not go with it.
    """
    beside = UsageError("entry goes with a tlog-proof; other receipts hold their entry")
    if not isinstance(source, str) and bytes(source[:1]) == COSE:
        if entry is not None:
            raise beside
        return _from_cose(bytes(source))
    text = text_of(source, READ_BYTES_MAX, "the receipt")
    if text.startswith("c2sp.org/tlog-proof"):
        if entry is None:
            raise UsageError("a tlog-proof does not hold the entry it is about: give entry")
        return _from_tlog_proof(text, bytes(entry))
    if entry is not None:
        raise beside
    value = parse_json(text, 127)
    if isinstance(value, dict) and value.get("format") == BUNDLE_FORMAT:
        return _from_bundle(value)
    text_of(source, BYTES_MAX, "the receipt")
    return _from_json(value)
