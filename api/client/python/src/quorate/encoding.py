"""Bytes and their spellings. Each value has one spelling; every other is refused."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import Any, NoReturn

from .errors import Refused, require

SAFE_MAX = 2**53 - 1
U64_MAX = 2**64 - 1

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)
_BASE64URL_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def sha256(*parts: bytes) -> bytes:
    """The SHA-256 of the parts, one after the other."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def text_of(source: str | bytes, limit: int, what: str) -> str:
    """Text from UTF-8 bytes or from a string, of at most ``limit`` bytes."""
    if isinstance(source, str):
        require(len(source) <= limit, f"{what} has more than {limit} bytes")
        try:
            length = len(source.encode())
        except UnicodeEncodeError:
            raise Refused(f"{what} is not Unicode text") from None
        require(length <= limit, f"{what} has {length} bytes, at most {limit} are allowed")
        return source
    if not isinstance(source, (bytes, bytearray, memoryview)):
        raise TypeError(f"{what}: str or bytes are needed")
    source = bytes(source)
    require(len(source) <= limit, f"{what} has {len(source)} bytes, at most {limit} are allowed")
    return from_utf8(source, what)


def from_utf8(source: bytes, what: str) -> str:
    try:
        return source.decode()
    except UnicodeDecodeError:
        raise Refused(f"{what} is not UTF-8 text") from None


def digest_from_hex(text: object, what: str = "a digest") -> bytes:
    """A digest: 64 lower-case hex digits."""
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise Refused(f"{what} is written as 64 lower-case hex digits")
    return bytes.fromhex(text)


def from_base64(text: str) -> bytes | None:
    """Padded base64 of the standard alphabet, with no bit to spare; None for any other text."""
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return None
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Bits beyond the last byte would be a second spelling.
    return value if base64.b64encode(value).decode() == text else None


def to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def digest_from_base64(text: str) -> bytes | None:
    """32 bytes in base64 with padding; None for any other text."""
    value = from_base64(text) if len(text) == 44 else None
    return value if value is not None and len(value) == 32 else None


def digest_from_base64url(text: str) -> bytes | None:
    """The 32 bytes that 43 characters of base64url spell; None for any other text."""
    if not _BASE64URL_DIGEST.fullmatch(text):
        return None
    return from_base64(text.replace("-", "+").replace("_", "/") + "=")


def decimal(text: str) -> int | None:
    """A number of at most 2^64 - 1 in its shortest decimal form; None for any other text."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if number <= U64_MAX else None


class Numeral(str):
    """A number in JSON as it is spelt: the caller decides what it may be."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    require(len(members) == len(pairs), "not JSON: a member twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise Refused(f"not JSON: {name}")


def parse_json(text: str, depth: int = 32) -> Any:
    """Reads one JSON value: no member twice, no lone surrogate, nothing after it. Numbers stay ``Numeral``."""
    try:
        value = json.loads(
            text,
            parse_int=Numeral,
            parse_float=Numeral,
            parse_constant=_no_constant,
            object_pairs_hook=_members,
        )
    except (json.JSONDecodeError, RecursionError) as fault:
        raise Refused(f"not JSON: {fault}") from None
    _check(value, depth)
    return value


def _check(value: Any, depth: int) -> None:
    """Refuses deep nesting, and halves of characters, which the reader of the standard library lets pass."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused("not JSON: half a character") from None
    elif isinstance(value, (list, dict)):
        require(depth > 0, "not JSON: nested too deeply")
        for item in value if isinstance(value, list) else [*value.keys(), *value.values()]:
            _check(item, depth - 1)


def to_plain(value: Any) -> Any:
    """What ``parse_json`` gave, with numbers as numbers."""
    if isinstance(value, Numeral):
        # A number of thousands of digits is none of a node's, and takes time to read.
        return int(value) if re.fullmatch(r"-?[0-9]{1,20}", value) else float(value)
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: to_plain(member) for name, member in value.items()}
    return value
