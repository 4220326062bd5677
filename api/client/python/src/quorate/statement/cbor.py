"""CBOR with one reading: lengths known and as short as can be, no label twice, bounded depth.

Floats are stepped over, never read. ``quorate.cose`` reads receipts, of which each byte is known; here are foreign
statements. Source: RFC 8949, section 4.2.1 on the shortest form; limits as in ``proto/ENCODING.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..encoding import from_utf8
from ..errors import Refused

#: Deepest nesting of lists, maps and tags.
DEPTH_MAX = 16
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_NULL = 22

#: Of which nothing is asked: a boolean, a float, another simple value.
OTHER = object()


@dataclass
class CborMap:
    """A map: how many members it has, and those whose label is a number."""

    size: int = 0
    members: dict[int, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CborTag:
    """A value behind a tag."""

    tag: int
    value: Any


class Absent:
    """Stands for a label that is not there; null is a value."""


ABSENT = Absent()


def at(value: Any, label: int) -> Any:
    """What a map has under a label; ``ABSENT`` when it has nothing there, or is no map."""
    return value.members.get(label, ABSENT) if isinstance(value, CborMap) else ABSENT


class _Reader:
    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.what = what
        self.at = 0

    def require(self, holds: bool, why: str) -> None:
        if not holds:
            raise Refused(f"{self.what}: {why}, at byte {self.at}")

    def take(self, count: int) -> bytes:
        self.require(count <= len(self.data) - self.at, "ends early")
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def head(self) -> tuple[int, int, int]:
        first = self.take(1)[0]
        kind, info = first >> 5, first & 31
        self.require(info < 28, "has no definite length" if info == 31 else "is not CBOR")
        if info < 24:
            return kind, info, info
        width = 1 << (info - 24)
        number = int.from_bytes(self.take(width), "big")
        least = 24 if info == 24 else 1 << 4 * width
        # Simple values and floats are not numbers of this kind.
        self.require(kind == _SIMPLE or number >= least, "has a number that is not in its shortest form")
        return kind, info, number

    def value(self, depth: int) -> Any:
        self.require(depth <= DEPTH_MAX, f"is nested deeper than {DEPTH_MAX} levels")
        kind, info, number = self.head()
        if kind == _UNSIGNED:
            return number
        if kind == _NEGATIVE:
            return -1 - number
        if kind == _BYTES:
            return self.take(number)
        if kind == _TEXT:
            return from_utf8(self.take(number), f"{self.what}: a text")
        if kind == _LIST:
            values = []
            for _ in range(number):
                values.append(self.value(depth + 1))
            return values
        if kind == _MAP:
            return self.map(number, depth)
        if kind == _TAG:
            return CborTag(number, self.value(depth + 1))
        self.require(info != 24 or number >= 32, "is not CBOR")
        return None if info == _NULL else OTHER

    def map(self, count: int, depth: int) -> CborMap:
        found, seen = CborMap(), set()
        for _ in range(count):
            start = self.at
            label = self.value(depth + 1)
            # One value has one spelling here, so labels are equal when their bytes are.
            spelt = self.data[start : self.at]
            self.require(spelt not in seen, "has a label twice")
            seen.add(spelt)
            value = self.value(depth + 1)
            found.size += 1
            if isinstance(label, int):
                found.members[label] = value
        return found


def read_cbor(data: bytes, what: str) -> Any:
    """Reads one value and nothing behind it."""
    reader = _Reader(data, what)
    value = reader.value(0)
    reader.require(reader.at == len(data), "something follows the value")
    return value
