"""Protobuf in its one canonical spelling: ascending fields, nothing at its default, shortest varints.

The reader is told which fields a message has and refuses everything else, so what it reads has no second spelling.
"""

from __future__ import annotations

from typing import Any

from .encoding import U64_MAX, from_utf8
from .errors import Refused, require

#: A field's number to its name and its kind: ``u32``, ``u64``, ``bool``, ``bytes``, ``text``, ``message`` (bytes that may be empty),
#: ``messages``, or ``one`` (a member of the only oneof).
Schema = dict[int, tuple[str, str]]

_DEFAULTS: dict[str, Any] = {"u32": 0, "u64": 0, "bool": False, "bytes": b"", "text": "", "message": None}


def _varint(data: bytes, at: int, what: str) -> tuple[int, int]:
    value = shift = 0
    while True:
        require(at < len(data), f"{what}: a number is cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        require(value <= U64_MAX and shift <= 63, f"{what}: a number is beyond 2^64 - 1")
        if byte < 0x80:
            require(byte != 0 or shift == 0, f"{what}: a number has more bytes than it needs")
            return value, at
        shift += 7


def read_message(data: bytes, schema: Schema, what: str) -> dict[str, Any]:
    """Reads a message. Fields not there are 0, empty, None, or an empty list; the oneof is ``one``: name and bytes."""
    found: dict[str, Any] = {}
    for name, kind in schema.values():
        if kind == "one":
            found["one"] = None
        else:
            found[name] = [] if kind == "messages" else _DEFAULTS[kind]
    at = before = 0
    while at < len(data):
        tag, at = _varint(data, at, what)
        number = tag >> 3
        if number not in schema:
            raise Refused(f"{what} has a field {number} that is not known")
        name, kind = schema[number]
        in_order = number > before or (number == before and kind == "messages")
        require(in_order, f"{what}: field {number} is out of order")
        before = number
        is_number = kind in ("u32", "u64", "bool")
        require(tag & 7 == (0 if is_number else 2), f"{what}: field {number} is of another wire type")
        length, at = _varint(data, at, what)
        if is_number:
            require(length != 0, f"{what}: {name} is spelt out at its default")
            require(kind != "u32" or length < 2**32, f"{what}: {name} is beyond 2^32 - 1")
            require(kind != "bool" or length == 1, f"{what}: {name} is neither true nor false")
            found[name] = length == 1 if kind == "bool" else length
            continue
        require(length <= len(data) - at, f"{what}: a field runs past the end")
        value = data[at : at + length]
        at += length
        if kind in ("bytes", "text"):
            require(value != b"", f"{what}: {name} is spelt out at its default")
            found[name] = from_utf8(value, f"{what}: {name}") if kind == "text" else value
        elif kind == "message":
            found[name] = value
        elif kind == "messages":
            found[name].append(value)
        else:
            require(found["one"] is None, f"{what} holds two alternatives")
            found["one"] = (name, value)
    return found


def _write_varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def number_field(number: int, value: int) -> bytes:
    """A number; nothing when it is 0."""
    require(0 <= value <= U64_MAX, f"a number of 0 to 2^64 - 1 is needed, not {value}")
    return _write_varint(number << 3) + _write_varint(value) if value else b""


def message_field(number: int, *parts: bytes) -> bytes:
    """A sub-message, written even when it is empty."""
    data = b"".join(parts)
    return _write_varint(number << 3 | 2) + _write_varint(len(data)) + data


def bytes_field(number: int, value: bytes) -> bytes:
    """Bytes or text; nothing when empty."""
    return message_field(number, value) if value else b""
