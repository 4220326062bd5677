"""What one envelope's file finds; ``quorate.statement`` makes a reading of it, the same way for all."""

from __future__ import annotations

from dataclasses import dataclass

from ..schemes import SignedMessage


@dataclass(frozen=True)
class Found:
    """Signatures and claims of an envelope; ``speaker`` is who it says speaks, in words that the signatures cover."""

    signed: tuple[SignedMessage, ...]
    payload: bytes
    issuer: str = ""
    subject: str = ""
    media_type: str = ""
    speaker: str | None = None
    #: SHA-256 of the one artifact it names instead of carrying it.
    artifact: bytes | None = None
