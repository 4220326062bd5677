"""Claims: who issued something, about whom, and until when. RFC 7519 in JSON, RFC 8392 in CBOR.

Times are whole seconds: a fraction is a float, and no node computes with those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..encoding import U64_MAX, Numeral, decimal
from ..errors import Refused, require
from .cbor import ABSENT, at
from .text import Object


@dataclass(frozen=True)
class Claims:
    """What is read of them; None where nothing is said."""

    issuer: str | None
    subject: str | None
    expires_at_ms: int | None


def expiry(seconds: int | None) -> int:
    """Seconds as block time, in milliseconds."""
    if seconds is None or not 0 <= seconds <= U64_MAX // 1_000:
        raise Refused("the time it expires is not a whole number of seconds since 1970")
    return seconds * 1_000


def _text(value: Any, name: str) -> str | None:
    is_text = isinstance(value, str) and not isinstance(value, Numeral)
    require(value is ABSENT or is_text, f"the claim {name} is no text")
    return value if is_text else None


def json_claims(members: Object) -> Claims:
    """The claims in a JSON object: a payload of type JWT, or a header that repeats them (RFC 7519 section 5.3)."""
    issuer, subject = _text(members.get("iss", ABSENT), "iss"), _text(members.get("sub", ABSENT), "sub")
    if "exp" not in members:
        return Claims(issuer, subject, None)
    stated = members["exp"]
    return Claims(issuer, subject, expiry(decimal(stated) if isinstance(stated, Numeral) else None))


def cbor_claims(stated: Any) -> Claims:
    """The claims in a CBOR map: issuer 1, subject 2, expiry 4."""
    issuer, subject, end = _text(at(stated, 1), "iss"), _text(at(stated, 2), "sub"), at(stated, 4)
    if end is ABSENT:
        return Claims(issuer, subject, None)
    return Claims(issuer, subject, expiry(end if isinstance(end, int) else None))
