"""The small parts that messages are made of: digests, keys, signatures, numbers within bounds.

Source: ``proto/quorate.proto``.
"""

from __future__ import annotations

from ..errors import Refused, require
from ..protobuf import Schema, read_message
from ..schemes import ES256, PublicKey, Signature

_KEY: Schema = {1: ("scheme", "u32"), 2: ("key", "bytes")}
_SIGNATURE: Schema = {1: ("scheme", "u32"), 2: ("signature", "bytes")}


def digest(value: bytes, what: str) -> bytes:
    require(len(value) == 32, f"{what}: a digest has 32 bytes, this has {len(value)}")
    return value


def given(message: bytes | None, what: str) -> bytes:
    if message is None:
        raise Refused(f"{what} is missing")
    return message


def read_key(message: bytes | None, what: str) -> PublicKey:
    found = read_message(given(message, what), _KEY, what)
    require(found["scheme"] != ES256, f"{what}: es256 signs no submissions")
    return PublicKey.parse(found["scheme"], found["key"])


def read_signature(message: bytes | None, what: str) -> Signature:
    found = read_message(given(message, what), _SIGNATURE, what)
    return Signature.parse(found["scheme"], found["signature"])


def u16(number: int, what: str) -> None:
    require(number <= 65_535, f"{what}: {number} is beyond 65535")


def within(number: int, least: int, most: int, what: str) -> None:
    require(least <= number <= most, f"{what}: {number}, {least} to {most} is allowed")
