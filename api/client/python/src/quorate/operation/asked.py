"""What verification needs of an operation: its content, the keys it lists or ends, the tree it anchors."""

from __future__ import annotations

from dataclasses import dataclass

from ..schemes import PublicKey, Signature, SignedMessage


@dataclass(frozen=True)
class Listing:
    """An identity, and the keys that it lists from here on."""

    identity: str
    keys: tuple[PublicKey, ...]


@dataclass(frozen=True)
class Ending:
    """An identity, and the id of its key that ends here: ``retired``, or ``revoked``, perhaps from an earlier size or time."""

    identity: str
    key: bytes
    how: str
    from_size: int = 0
    from_time_ms: int = 0


@dataclass(frozen=True)
class Batch:
    """An anchored tree."""

    root: bytes
    count: int
    tree: str


@dataclass(frozen=True)
class IssuerKey:
    """A key that an issuer of attestations lists, and its consent."""

    issuer: str
    key: PublicKey
    possession: Signature


@dataclass(frozen=True)
class EvidenceKey:
    """A key that is listed to sign evidence, the numbers that it consents to, and its consent."""

    name: str
    numbers: bytes
    key: PublicKey
    possession: Signature


@dataclass(frozen=True)
class Asked:
    """What verification needs of an operation."""

    content: bytes | None = None
    batch: Batch | None = None
    listing: Listing | None = None
    ending: Ending | None = None
    #: Signatures by the keys that are listed.
    consents: tuple[Signature, ...] = ()
    #: What the issuer of a proof signed, who need not be the author.
    issued: SignedMessage | None = None
    issuer_key: IssuerKey | None = None
    evidence_key: EvidenceKey | None = None
