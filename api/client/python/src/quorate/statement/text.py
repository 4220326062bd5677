"""Base64 with one spelling, JSON objects without surprises, and the members that a signature covers."""

from __future__ import annotations

from typing import Any

from ..encoding import Numeral, from_base64, from_utf8, parse_json
from ..errors import Refused, require

#: Deepest nesting of lists and objects.
DEPTH_MAX = 32

_TO_STANDARD = str.maketrans("-_", "+/")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

Object = dict[str, Any]


def _decoded(value: bytes | None, what: str, spelling: str) -> bytes:
    if value is None:
        raise Refused(f"{what}: is not canonical {spelling}")
    return value


def _has_none_of(text: str, letters: str) -> bool:
    return not any(letter in text for letter in letters)


def base64url(text: str, what: str) -> bytes:
    """Reads base64url without padding and without stray bits (RFC 7515 section 2)."""
    fits = _has_none_of(text, "+/=") and len(text) % 4 != 1
    value = from_base64(text.translate(_TO_STANDARD) + "=" * (-len(text) % 4)) if fits else None
    return _decoded(value, what, "base64url without padding")


def base64(text: str, what: str) -> bytes:
    """Reads padded base64 of the standard alphabet."""
    return _decoded(from_base64(text), what, "padded base64")


def base64_either(text: str, what: str) -> bytes:
    """Reads padded base64 of either alphabet, not a mixture, as DSSE has it."""
    value = from_base64(text)
    if value is None and _has_none_of(text, "+/"):
        value = from_base64(text.translate(_TO_STANDARD))
    return _decoded(value, what, "padded base64")


def read_object(data: bytes, what: str) -> Object:
    """Reads one JSON object."""
    value = parse_json(from_utf8(data, what), DEPTH_MAX)
    if not isinstance(value, dict):
        raise Refused(f"{what} is not an object")
    return value


def text_in(members: Object, name: str) -> str | None:
    """The text that a member is; None for everything else."""
    value = members.get(name)
    return value if isinstance(value, str) and not isinstance(value, Numeral) else None


def text_of_member(members: Object, name: str, what: str) -> str:
    """A member that has to be a text."""
    text = text_in(members, name)
    if text is None:
        raise Refused(f"{what} has no text {name!r}")
    return text


def only(value: Any, known: tuple[str, ...], what: str) -> Object:
    """Refuses what is no object, and members that no signature covers."""
    if not isinstance(value, dict):
        raise Refused(f"{what} is no object")
    for name in value:
        require(name in known, f"{what} has a member {name[:80]!r}, which no signature covers")
    return value


def lower_ascii(text: str) -> str:
    """The text in lower case; letters beyond ASCII stay what they are."""
    return text.translate(_LOWER)
