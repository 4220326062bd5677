"""Names of things: tenants, identities, origins of logs, and texts without control characters."""

from __future__ import annotations

import hashlib
import re

from .encoding import digest_from_base64url
from .errors import Refused, require
from .schemes import DILITHIUM3_R3, DILITHIUM3_R3_ED25519, ED25519, PublicKey

TEXT_BYTES_MAX = 1_024
DID_BYTES_MAX = 64

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_ORIGIN = re.compile(r"[a-z0-9._/:-]{1,200}", re.ASCII)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY = "did:key:z"
_PROOFNEST = "did:pn:"
#: A name of ProofNest: the kind of identity, and the SHAKE256 of its key.
_PROOFNEST_NAME = re.compile(r"did:pn:(human|agent|validator|collective|org|service):[0-9a-f]{40}", re.ASCII)
#: The schemes that ProofNest has; of their keys alone it makes names.
_PROOFNEST_SCHEMES = (ED25519, DILITHIUM3_R3, DILITHIUM3_R3_ED25519)
_QUORATE = "did:quorate:"


def plain_text(text: str, what: str, limit: int = TEXT_BYTES_MAX) -> str:
    """A text of at most ``limit`` bytes without control characters."""
    length = len(text.encode())
    require(length <= limit, f"{what}: {length} bytes found, at most {limit} are allowed")
    require(not _CONTROL.search(text), f"{what} holds a control character")
    return text


def tenant_name(text: str) -> str:
    fault = f"a tenant is 1 to 63 of a-z 0-9 . _ - and begins with a letter or digit; this is {text[:80]!r}"
    require(bool(_TENANT.fullmatch(text)), fault)
    return text


def origin_name(text: str) -> str:
    """A schema-less URL without trailing slash."""
    fits = bool(_ORIGIN.fullmatch(text)) and not text.endswith("/") and "://" not in text
    require(fits, f"{text[:80]!r} is not a schema-less URL without trailing slash")
    return text


def _multikey(did: str) -> bytes | None:
    """The bytes of the Ed25519 key that a did:key names; None for any other text."""
    letters = did[len(_KEY) :]
    if not did.startswith(_KEY) or letters.startswith("1") or any(letter not in _BASE58 for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number * 58 + _BASE58.index(letter)
    # 0xed 0x01 and 32 bytes: the first byte is not zero, so the text has no second spelling.
    if number >> 256 != 0xED01:
        return None
    return (number & (2**256 - 1)).to_bytes(32, "big")


def shown_key(did: str) -> PublicKey | None:
    """The key that a did:key of Ed25519 shows; None of every other text."""
    value = _multikey(did) if len(did) <= DID_BYTES_MAX else None
    try:
        return None if value is None else PublicKey.parse(ED25519, value)
    except Refused:
        return None


def did_name(text: str) -> str:
    """Checks the form of an identity's name: did:key of Ed25519, did:quorate of any key, or did:pn."""
    forms = "did:key:z…, did:quorate:<43 characters of a key id> or did:pn:<type>:<40 hex digits>"
    fault = f"an identity is {forms}; this is {text[:80]!r}"
    require(len(text.encode()) <= DID_BYTES_MAX, fault)
    if text.startswith(_QUORATE):
        require(digest_from_base64url(text[len(_QUORATE) :]) is not None, fault)
        return text
    if text.startswith(_PROOFNEST):
        require(bool(_PROOFNEST_NAME.fullmatch(text)), fault)
        return text
    key = _multikey(text)
    if key is None:
        raise Refused(fault)
    PublicKey.parse(ED25519, key)
    return text


def is_did_of(did: str, key: PublicKey) -> bool:
    """Whether the identity's own text vouches for the key."""
    if did.startswith(_PROOFNEST):
        name = hashlib.shake_256(key.value).hexdigest(20)
        return key.scheme in _PROOFNEST_SCHEMES and did.endswith(f":{name}")
    if did.startswith(_QUORATE):
        return did == _QUORATE + key.id()
    return key.scheme == ED25519 and _multikey(did) == key.value


def did_of(key: PublicKey) -> str:
    """The identity of one who has this key and registered nothing."""
    if key.scheme != ED25519:
        return _QUORATE + key.id()
    number, letters = int.from_bytes(b"\xed\x01" + key.value, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        letters = _BASE58[digit] + letters
    return _KEY + letters
