"""Submissions: signed here, their id known before anything is sent.

A key's seed is that of the Rust implementation: the same 32 bytes give the same key and the same id everywhere.
Source: ``proto/quorate.proto`` and ``proto/ENCODING.md``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .encoding import digest_from_hex
from .entry import read_submission, signed_bytes
from .errors import Refused, UsageError
from .names import did_of
from .protobuf import bytes_field, message_field, number_field
from .schemes import ED25519, HYBRID, HYBRID_LABEL, ML_DSA_65, PublicKey

SCHEMES = {"ed25519": ED25519, "ml-dsa-65": ML_DSA_65, "ed25519+ml-dsa-65": HYBRID}


def _derive_seed(master: bytes, role: str) -> bytes:
    """A seed of its own for a role (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=b"quorate/keys/v1", info=role.encode()).derive(master)


class Signer:
    """One who signs submissions with one key."""

    def __init__(self, seed: bytes, scheme: str = "ed25519") -> None:
        """``seed``: 32 bytes, kept secret; ``scheme``: ``ed25519``, ``ml-dsa-65`` or ``ed25519+ml-dsa-65``."""
        if len(seed) != 32:
            raise UsageError("a seed has 32 bytes")
        if scheme not in SCHEMES:
            raise UsageError(f"{scheme} is not a scheme that signs")
        number = SCHEMES[scheme]
        self._label = HYBRID_LABEL if number == HYBRID else b""
        self._halves: list[Callable[[bytes], bytes]] = []
        public = b""
        if number != ML_DSA_65:
            half = _derive_seed(seed, "hybrid/ed25519") if number == HYBRID else seed
            ed25519 = Ed25519PrivateKey.from_private_bytes(half)
            self._halves.append(ed25519.sign)
            public += ed25519.public_key().public_bytes_raw()
        if number != ED25519:
            half = _derive_seed(seed, "hybrid/ml-dsa-65") if number == HYBRID else seed
            ml_dsa_65 = MLDSA65PrivateKey.from_seed_bytes(half)
            self._halves.append(ml_dsa_65.sign)
            public += ml_dsa_65.public_key().public_bytes_raw()
        self.key = PublicKey.parse(number, public)
        self.key_id = self.key.id()
        self.did = did_of(self.key)

    @classmethod
    def generate(cls, scheme: str = "ed25519") -> Signer:
        """A signer with a new key. The seed is not kept: make one yourself to use the key again."""
        return cls(os.urandom(32), scheme)

    def sign(self, message: bytes) -> bytes:
        return b"".join(half(self._label + message) for half in self._halves)


@dataclass(frozen=True)
class Signed:
    """What is sent, and the id under which it will be known."""

    id: str
    envelope: bytes


def _digest(value: str | bytes) -> bytes:
    return digest_from_hex(value) if isinstance(value, str) else value


def proof_submit(content: str | bytes, content_bytes: int, *, media_type: str = "", subject: str = "") -> bytes:
    """That these bytes existed, and who said so. ``content`` is their SHA-256, ``content_bytes`` their number."""
    return message_field(
        20,
        bytes_field(1, _digest(content)),
        number_field(2, content_bytes),
        bytes_field(3, media_type.encode()),
        bytes_field(4, subject.encode()),
    )


def attestation_issue(
    subject: str,
    predicate_type: str,
    predicate: bytes = b"",
    *,
    content: str | bytes = b"",
    expires_at_ms: int = 0,
) -> bytes:
    """A statement about a subject."""
    return message_field(
        21,
        bytes_field(1, subject.encode()),
        bytes_field(2, predicate_type.encode()),
        bytes_field(3, predicate),
        bytes_field(4, _digest(content)),
        number_field(5, expires_at_ms),
    )


def batch_anchor(root: str | bytes, count: int, tree: str = "rfc6962-sha256-digests") -> bytes:
    """The root of a batch of ``count`` items, whose receipts follow from its own."""
    return message_field(23, bytes_field(1, _digest(root)), number_field(2, count), bytes_field(3, tree.encode()))


def sign(
    signer: Signer,
    network: str | bytes,
    operation: bytes,
    *,
    tenant: str = "default",
    author: str | None = None,
    nonce: int = 0,
    expires_at_ms: int = 0,
) -> Signed:
    """Signs an operation for a network. The same arguments give the same id with Ed25519; ML-DSA-65 signs with chance."""
    scheme = number_field(1, signer.key.scheme)
    try:
        name = _digest(network)
        body = b"".join(
            (
                bytes_field(1, name),
                bytes_field(2, tenant.encode()),
                bytes_field(3, (author or signer.did).encode()),
                message_field(4, scheme, bytes_field(2, signer.key.value)),
                number_field(5, nonce),
                number_field(6, expires_at_ms),
                operation,
            )
        )
        signature = signer.sign(signed_bytes(name, body))
        envelope = message_field(1, body) + message_field(2, scheme, bytes_field(2, signature))
        # What is sent was read as a node reads it: a fault is known before anything leaves.
        return Signed(read_submission(envelope).id.hex(), envelope)
    except Refused as fault:
        raise UsageError(str(fault)) from None
