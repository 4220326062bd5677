"""Statements: foreign bytes with a foreign signature, taken as they are.

What is known of one is derived from its bytes alone. A key's type decides what its signature is checked as; what a header
calls the algorithm has only to agree. One envelope a file.
Source: ``proto/adr/001-statements-keep-their-bytes.md``, ``proto/ENCODING.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..encoding import sha256
from ..errors import Refused
from ..names import plain_text
from ..schemes import ED25519, HYBRID, ML_DSA_65, PublicKey, SignedMessage
from . import cose, dsse, http_signature, jws
from .found import Found
from .keys import author_of

#: By its number in a submission. A statement of COSE is the submission itself, so 1 is none of these.
_WRITTEN: dict[int, tuple[str, Callable[[bytes, Sequence[PublicKey]], Found]]] = {
    2: ("jws", jws.compact),
    3: ("jws-json", jws.general),
    4: ("dsse", dsse.read),
    5: ("http-signature", http_signature.read),
}


@dataclass(frozen=True)
class Statement:
    """What a statement says of itself, by whom and with which signatures."""

    format: str
    issuer: str
    subject: str
    media_type: str
    #: SHA-256 of the payload.
    payload: bytes
    #: SHA-256 of what it is about: the artifact it names, else its own payload.
    content: bytes
    author: str
    key: PublicKey
    signatures: tuple[SignedMessage, ...]


def is_cose(data: bytes) -> bool:
    """Whether these bytes can only be a statement of COSE."""
    return data[:1] == bytes([cose.TAG])


def _speaks(signed: tuple[SignedMessage, ...]) -> tuple[tuple[SignedMessage, ...], PublicKey]:
    """One signature, or one of Ed25519 and then one of ML-DSA-65: the key that speaks, of two the hybrid one of both."""
    if len(signed) == 1:
        return signed, signed[0].key
    by_scheme = {one.key.scheme: one for one in signed}
    if by_scheme.keys() != {ED25519, ML_DSA_65}:
        raise Refused("two signatures are taken if one is of ed25519 and one of ml-dsa-65")
    pair = (by_scheme[ED25519], by_scheme[ML_DSA_65])
    return pair, PublicKey.parse(HYBRID, b"".join(one.key.value for one in pair))


def _finish(name: str, found: Found) -> Statement:
    signed, key = _speaks(found.signed)
    payload = sha256(found.payload)
    return Statement(
        format=name,
        issuer=plain_text(found.issuer, "the issuer"),
        subject=plain_text(found.subject, "the subject"),
        media_type=plain_text(found.media_type, "the media type"),
        payload=payload,
        content=payload if found.artifact is None else found.artifact,
        author=author_of(found.speaker, key),
        key=key,
        signatures=signed,
    )


def read_cose_leaf(data: bytes) -> Statement:
    """Reads a statement of COSE, which is a submission and a leaf by itself."""
    return _finish("cose", cose.read(data))


def read_statement(number: int, data: bytes, keys: Sequence[PublicKey]) -> Statement:
    """Reads a statement within a submission, with the keys beside it."""
    if number not in _WRITTEN:
        raise Refused(f"statement.format: {number} is none that is written so")
    name, read = _WRITTEN[number]
    return _finish(name, read(data, keys))
