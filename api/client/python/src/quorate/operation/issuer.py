"""Issuers of attestations that are JWTs, the keys that sign these, and the seals that put them on the ledger.

What a token says is not read: whoever verifies it compares. A key that is listed consents, as a new key of an identity does.
Source: ``proto/src/wire/attestation.rs``, ``proto/src/operation/issuer.rs``, ``proto/src/operation/seal.rs``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import require
from ..names import plain_text
from ..protobuf import Schema, read_message
from ..schemes import ES256, PublicKey, Signature
from .asked import Asked, IssuerKey
from .parts import digest, within

_ISSUER = re.compile(r"did:qwed:(node|provider|user):[A-Za-z0-9._:-]{1,100}", re.ASCII)
_ATTESTATION = re.compile(r"att_[a-z0-9]{1,60}", re.ASCII)
_CHAIN = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", re.ASCII)
_ISSUER_TEXT_BYTES_MAX = 128
_TOKEN_BYTES_MAX = 8_192
#: The last second of the year 9999.
_SECOND_MAX = 253_402_300_799

_SET: Schema = {
    1: ("issuer", "text"),
    2: ("name", "text"),
    3: ("status", "u32"),
    4: ("certification", "text"),
}
_KEY: Schema = {
    1: ("issuer", "text"),
    2: ("key", "bytes"),
    3: ("continuity", "u32"),
    4: ("generated_at_s", "u64"),
    5: ("possession", "bytes"),
    6: ("dropped", "bytes"),
}
_SEAL: Schema = {
    1: ("attestation", "text"),
    2: ("issuer", "text"),
    3: ("key", "bytes"),
    4: ("query", "bytes"),
    5: ("proof", "bytes"),
    6: ("issued_at_s", "u64"),
    7: ("expires_at_s", "u64"),
    8: ("chain", "text"),
    9: ("index", "u64"),
    10: ("previous", "text"),
    11: ("token", "text"),
}


def _name(pattern: re.Pattern[str], text: str, what: str) -> str:
    require(bool(pattern.fullmatch(text)), f"{what} is no name of one: {text[:80]!r}")
    return text


def _second(number: int, what: str) -> None:
    within(number, 1, _SECOND_MAX, what)


def _issuer_set(data: bytes) -> Asked:
    found = read_message(data, _SET, "issuer.set")
    require(found["name"] != "", "name is missing")
    _name(_ISSUER, found["issuer"], "issuer")
    plain_text(found["name"], "name", _ISSUER_TEXT_BYTES_MAX)
    within(found["status"], 1, 2, "status")
    plain_text(found["certification"], "certification", _ISSUER_TEXT_BYTES_MAX)
    return Asked()


def _issuer_key(data: bytes) -> Asked:
    found = read_message(data, _KEY, "issuer.key")
    issuer = _name(_ISSUER, found["issuer"], "issuer")
    if found["dropped"]:
        digest(found["dropped"], "dropped")
        listed = any(found[name] for name in ("key", "continuity", "generated_at_s", "possession"))
        require(not listed, "a key is listed or dropped, and not both")
        return Asked()
    within(found["continuity"], 1, 2, "continuity")
    _second(found["generated_at_s"], "generated_at_s")
    key, possession = PublicKey.parse(ES256, found["key"]), Signature.parse(ES256, found["possession"])
    return Asked(issuer_key=IssuerKey(issuer, key, possession))


def _attestation_seal(data: bytes) -> Asked:
    seal = read_message(data, _SEAL, "attestation.seal")
    require(len(seal["token"]) <= _TOKEN_BYTES_MAX, f"token: more than {_TOKEN_BYTES_MAX} bytes")
    require(bool(_TOKEN.fullmatch(seal["token"])), "token is no JWS in compact form")
    require(seal["expires_at_s"] > seal["issued_at_s"], "expires_at_s is not later than issued_at_s")
    index, previous = seal["index"], seal["previous"]
    if seal["chain"] == "":
        require(index == 0 and previous == "", "chain is missing beside a place in it")
    else:
        _name(_CHAIN, seal["chain"], "chain")
        require((index == 0) == (previous == ""), "previous stands at every index but 0")
        if index > 0:
            _name(_ATTESTATION, previous, "previous")
    _name(_ATTESTATION, seal["attestation"], "attestation")
    _name(_ISSUER, seal["issuer"], "issuer")
    for what in ("key", "query", "proof"):
        digest(seal[what], what)
    _second(seal["issued_at_s"], "issued_at_s")
    _second(seal["expires_at_s"], "expires_at_s")
    return Asked()


#: What each of these operations must hold; verification needs the key that an issuer lists, because it consents.
ISSUERS: dict[str, Callable[[bytes], Asked]] = {
    "issuer.set": _issuer_set,
    "issuer.key": _issuer_key,
    "attestation.seal": _attestation_seal,
}
