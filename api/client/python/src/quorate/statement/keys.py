"""By which key a statement is signed, and who that is.

The key stands in what is signed, or its author's DID shows it, or it is given beside the statement. It is never looked up.
Sources: RFC 8037 (OKP), RFC 9964 (AKP), RFC 9053 section 7 and RFC 8747 (COSE_Key, ``cnf``), did:key.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import Refused, require
from ..names import did_name, did_of
from ..schemes import ED25519, ML_DSA_65, PublicKey
from .cbor import ABSENT, at
from .text import base64url, text_in

_JOSE = {"Ed25519": ED25519, "EdDSA": ED25519, "ML-DSA-65": ML_DSA_65}
_COSE = {-8: ED25519, -19: ED25519, -49: ML_DSA_65}
_HTTP = {"ed25519": ED25519, "ml-dsa-65": ML_DSA_65}
_BY_LENGTH = {64: ED25519, 3_309: ML_DSA_65}
_OURS = ("did:key:", "did:quorate:")


def _known(schemes: dict[Any, int], alg: int | str) -> int:
    scheme = schemes.get(alg)
    if scheme is None:
        raise Refused(f"algorithm {alg!r:.80} is not taken; these are: {', '.join(map(str, schemes))}")
    return scheme


def jose_scheme(alg: str) -> int:
    return _known(_JOSE, alg)


def cose_scheme(alg: Any) -> int:
    return _known(_COSE, alg if isinstance(alg, int) else "no number")


def http_scheme(alg: str) -> int:
    return _known(_HTTP, alg)


def scheme_by_length(signature: bytes) -> int:
    """The scheme whose signatures have this length, for envelopes that name no algorithm."""
    scheme = _BY_LENGTH.get(len(signature))
    if scheme is None:
        raise Refused(f"the signature has {len(signature)} bytes; those of ed25519 have 64, of ml-dsa-65 3309")
    return scheme


class Beside:
    """The keys given beside a statement: at most one of Ed25519 and one of ML-DSA-65, in this order."""

    def __init__(self, keys: Sequence[PublicKey]) -> None:
        in_order = all(first.scheme < second.scheme for first, second in pairwise(keys))
        fault = "the keys beside the statement are not at most one of ed25519 and one of ml-dsa-65, in this order"
        require(len(keys) <= 2 and in_order, fault)
        self.left = {key.scheme: key for key in keys}

    def take(self, scheme: int) -> PublicKey | None:
        return self.left.pop(scheme, None)

    def end(self) -> None:
        """Refuses keys that were not needed: one statement would have two spellings."""
        require(not self.left, f"{len(self.left)} keys more than needed are given beside the envelope")


def key_of(
    scheme: int, beside: Beside, *, inside: PublicKey | None = None, issuer: PublicKey | None = None
) -> PublicKey:
    """The key of one signature: the header's own, else the one beside, else the one that the issuer's DID shows."""
    key = inside
    if key is None:
        key = beside.take(scheme)
        require(key is None or key != issuer, "the key beside the envelope is the one that its issuer shows")
        if key is None and issuer is not None and issuer.scheme == scheme:
            key = issuer
    if key is None:
        raise Refused("the key of a signature is neither in the envelope nor beside it")
    require(key.scheme == scheme, "the header says another algorithm than the key's")
    return key


def did_of_kid(kid: str | None) -> str | None:
    """The DID in a key's name: what stands before ``#``, if it is of a method that is read here."""
    did = "" if kid is None else kid.partition("#")[0]
    return did if did.startswith(_OURS) else None


def author_of(speaker: str | None, key: PublicKey) -> str:
    """Who speaks: whom the statement names by a DID that is read here, else whoever the key is."""
    return did_name(speaker) if speaker is not None and speaker.startswith(_OURS) else did_of(key)


def from_jwk(jwk: Any) -> PublicKey:
    """A public key as JWK, of one of the two types."""
    what = "the header's jwk"
    if not isinstance(jwk, dict):
        raise Refused(f"{what} is no object")
    require(not {"d", "priv"} & jwk.keys(), f"{what} is a private key, which is now known to all who saw it")
    kty, crv, alg = (text_in(jwk, name) for name in ("kty", "crv", "alg"))
    is_okp = kty == "OKP" and crv == "Ed25519"
    is_akp = kty == "AKP" and alg == "ML-DSA-65"
    require(is_okp or is_akp, f"{what} is neither OKP with Ed25519 nor AKP with alg ML-DSA-65")
    algs = ("Ed25519", "EdDSA") if is_okp else ("ML-DSA-65",)
    require("alg" not in jwk or alg in algs, f"{what} says another algorithm than its own")
    text = text_in(jwk, "x" if is_okp else "pub")
    if text is None:
        raise Refused(f"{what} has no key")
    return PublicKey.parse(ED25519 if is_okp else ML_DSA_65, base64url(text, what))


def from_cose_key(key: Any) -> PublicKey:
    """A public key as COSE_Key, of one of the two types."""
    what = "the key in cnf"
    kty, curve, alg = (at(key, label) for label in (1, -1, 3))
    is_okp = kty == 1 and curve == 6
    is_akp = kty == 7 and alg == -49
    require(is_okp or is_akp, f"{what} is neither OKP (1) with Ed25519 (6) nor AKP (7) with alg -49")
    secret = at(key, -4 if is_okp else -2)
    require(secret is ABSENT, f"{what} is a private key, which is now known to all who saw it")
    algs = (-8, -19) if is_okp else (-49,)
    require(alg is ABSENT or alg in algs, f"{what} says another algorithm than its own")
    value = at(key, -2 if is_okp else -1)
    if not isinstance(value, bytes):
        raise Refused(f"{what} has no bytes")
    return PublicKey.parse(ED25519 if is_okp else ML_DSA_65, value)
