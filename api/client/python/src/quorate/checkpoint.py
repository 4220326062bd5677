"""Is this checkpoint the quorum's?

Every signature line must be by a key of the policy, of this log, at most one by each key, and hold. Then a log has
signed, and the policy decides whether enough cosigners have.
Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature; stricter where a line is unknown.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .encoding import decimal, digest_from_base64
from .errors import Refused, require
from .note import COSIGNER_ED25519, LOG, Note, NoteKey, NoteSignature, SignatureType, key_name
from .policy import Policy, PolicyLog
from .schemes import Signature

TIME_S_MAX = 2**63 - 1


@dataclass(frozen=True)
class Cosigner:
    """A witness of the policy that cosigned, and when by its own clock, in seconds since 1970."""

    name: str
    time_s: int


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint's note says; nothing is believed yet."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads a checkpoint's note."""
        note = Note.parse(text)
        lines = note.text.split("\n")
        require(len(lines) == 4 and lines[3] == "", "a checkpoint is three lines: origin, size, root")
        size, root = decimal(lines[1]), digest_from_base64(lines[2])
        if size is None:
            raise Refused("the size is a decimal number without leading zeros, at most 2^64 - 1")
        if root is None:
            raise Refused("the root is 32 bytes in base64 with padding")
        return cls(note.text, key_name(lines[0]), size, root, note.signatures)

    def _signed_message(self, kind: SignatureType, name: str, time_s: int) -> bytes:
        if kind is LOG:
            return self.text.encode()
        if kind is COSIGNER_ED25519:
            return f"cosignature/v1\ntime {time_s}\n{self.text}".encode()
        cosigner, origin = name.encode(), self.origin.encode()
        return b"".join(
            (
                b"subtree/v1\n\x00",
                bytes([len(cosigner)]) + cosigner,
                struct.pack(">Q", time_s),
                bytes([len(origin)]) + origin,
                struct.pack(">QQ", 0, self.size),
                self.root,
            )
        )

    def _verify_line(self, key: NoteKey, signature: bytes) -> int:
        """Checks what follows the key id in a signature line; gives the time a cosigner says."""
        if key.type is None or key.key is None:
            raise Refused("its type of signature is not one that can be checked here")
        time_s = 0
        if key.type is not LOG:
            require(len(signature) >= 8, f"a cosignature begins with 8 bytes of time, this has {len(signature)} bytes")
            (time_s,) = struct.unpack(">Q", signature[:8])
            signature = signature[8:]
            require(time_s <= TIME_S_MAX, f"the time {time_s} s is beyond 2^63 - 1")
        message = self._signed_message(key.type, key.name, time_s)
        key.key.verify(message, Signature.parse(key.type.scheme, signature))
        return time_s

    def check_origin(self, policy: Policy) -> None:
        """Refuses a checkpoint of a log that the policy does not name."""
        known = any(log.key.name == self.origin for log in policy.logs)
        require(known, f"the checkpoint is of {self.origin}, and the policy names no log of that origin")

    def check_signatures(self, policy: Policy) -> list[Cosigner]:
        """Checks every signature line and gives the witnesses among the signers."""
        seen: set[tuple[str, str]] = set()
        cosigners: list[Cosigner] = []
        log_signed = False
        for number, part in enumerate(self.signatures, 1):
            line = f"signature line {number}"
            signer = policy.signer(part.name, part.id)
            # The key of another log says nothing of this one, whatever the policy thinks of that log.
            if signer is None or (isinstance(signer, PolicyLog) and part.name != self.origin):
                raise Refused(
                    f"{line} is by {part.name} with key id {part.id}, which is not a key of the policy for this log"
                )
            require((part.name, part.id) not in seen, f"{line} is the second one by {part.name} with key id {part.id}")
            seen.add((part.name, part.id))
            try:
                time_s = self._verify_line(signer.key, part.signature)
            except Refused as fault:
                raise Refused(f"{line}, by {part.name}: {fault}") from None
            if isinstance(signer, PolicyLog):
                log_signed = True
            else:
                cosigners.append(Cosigner(signer.name, time_s))
        require(log_signed, "no log of the policy has signed the checkpoint")
        return cosigners


def check_quorum(policy: Policy, cosigners: list[Cosigner]) -> None:
    """Refuses unless enough cosigners have signed."""
    names = {cosigner.name for cosigner in cosigners}
    fault = f"the policy's quorum {policy.quorum!r} is not reached by the cosigners {', '.join(sorted(names))}"
    require(policy.satisfied(names), fault)


def vouched_time_s(policy: Policy, cosigners: list[Cosigner]) -> int | None:
    """The latest time such that a whole quorum said it or a later one; None when the policy asks for no quorum."""
    if policy.quorum is None:
        return None
    names: set[str] = set()
    for cosigner in sorted(cosigners, key=lambda cosigner: -cosigner.time_s):
        names.add(cosigner.name)
        if policy.satisfied(names):
            return cosigner.time_s
    return None
