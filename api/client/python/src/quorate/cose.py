"""Receipts in COSE: one validator's signature over the root, and beside it what a quorum signed.

There is one spelling: deterministic CBOR, every header in its place, none more. So the reader asks for exactly what is
written, item by item, and refuses everything else.
Source: RFC 9942, RFC 8949 section 4.2.1; what is ours is in ``proto/ENCODING.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from .checkpoint import Checkpoint
from .encoding import SAFE_MAX, from_utf8, sha256
from .errors import Refused, require
from .note import COSIGNER_ML_DSA_65, LOG, NOTE_BYTES_MAX, NoteKey, SignatureType
from .policy import Policy
from .schemes import ED25519, ML_DSA_65, PublicKey, Signature

COSE_BYTES_MAX = 5 << 18
BARE_BYTES_MAX = 16 << 10
ENTRY_BYTES_MAX = 65_535
TEXT_BYTES_MAX = 1 << 10
PROOF_MAX = 64
#: "QUOR" as a number: the label under which our own receipts carry what a quorum signed.
PRIVATE = -1 - 0x51554F52
#: Note type of the key and scheme, by the algorithm's number.
ALGORITHMS: dict[int, tuple[SignatureType, int]] = {
    -8: (LOG, ED25519),
    -19: (LOG, ED25519),
    -49: (COSIGNER_ML_DSA_65, ML_DSA_65),
}

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_CUT = "the CBOR ends before its last item does"


@dataclass(frozen=True)
class Issued:
    """A receipt of RFC 9942: an issuer's word that a leaf stands in a tree. ``signed`` is the protected header."""

    algorithm: int
    kid: bytes
    issuer: str
    subject: str
    signed: bytes
    size: int
    index: int
    path: tuple[bytes, ...]
    signature: Signature


@dataclass(frozen=True)
class Beside:
    """What stands under our own label; the item is its digest, index and path."""

    checkpoint: str
    entry: bytes
    item: tuple[bytes, int, tuple[bytes, ...]] | None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def head(self) -> tuple[int, int]:
        """The kind and number of the next item, in their shortest form."""
        require(self.at < len(self.data), _CUT)
        initial = self.data[self.at]
        self.at += 1
        kind, short = initial >> 5, initial & 31
        require(kind < 7 and short < 28, f"the CBOR holds the initial byte 0x{initial:02x}, which is not read")
        if short < 24:
            return kind, short
        length = 1 << (short - 24)
        require(self.at + length <= len(self.data), _CUT)
        value = int.from_bytes(self.data[self.at : self.at + length], "big")
        self.at += length
        least = 24 if length == 1 else 1 << 4 * length
        require(value >= least, "a number or length in the CBOR is not written in its shortest form")
        return kind, value

    def expect(self, wanted: int, what: str) -> int:
        kind, value = self.head()
        require(kind == wanted, f"the CBOR holds something else than {what}")
        return value

    def number(self, what: str) -> int:
        """A number from 0 to 2^53 - 1."""
        value = self.expect(_UNSIGNED, what)
        require(value <= SAFE_MAX, f"{what} {value} is beyond 2^53 - 1")
        return value

    def integer(self, what: str) -> int:
        """A number that may be negative."""
        kind, value = self.head()
        require(kind in (_UNSIGNED, _NEGATIVE), f"the CBOR holds something else than {what}")
        return -1 - value if kind == _NEGATIVE else value

    def label(self, expected: int) -> _Reader:
        found = self.integer("a label")
        require(found == expected, f"the CBOR has the label {found} where {expected} should be")
        return self

    def byte_string(self, most: int, what: str) -> bytes:
        return self.take(self.expect(_BYTES, what), most, what)

    def text(self, most: int, what: str) -> str:
        return from_utf8(self.take(self.expect(_TEXT, what), most, what), what)

    def take(self, length: int, most: int, what: str) -> bytes:
        require(length <= most, f"{what} of {length} bytes, at most {most} are allowed")
        require(self.at + length <= len(self.data), _CUT)
        taken = self.data[self.at : self.at + length]
        self.at += length
        return taken

    def digest(self, what: str) -> bytes:
        found = self.byte_string(TEXT_BYTES_MAX, what)
        require(len(found) == 32, f"{what} has {len(found)} bytes, not 32")
        return found

    def count(self, kind: int, most: int, what: str) -> int:
        found = self.expect(kind, what)
        require(found <= most, f"{what} of {found}, at most {most} are allowed")
        return found

    def exactly(self, kind: int, count: int, what: str) -> _Reader:
        require(self.count(kind, count, what) == count, f"{what} has another number of items than {count}")
        return self

    def hashes(self, what: str) -> tuple[bytes, ...]:
        return tuple(self.digest("a hash") for _ in range(self.count(_ARRAY, PROOF_MAX, what)))

    def null(self) -> None:
        require(self.data[self.at : self.at + 1] == b"\xf6", "the payload is not detached")
        self.at += 1

    def end(self) -> None:
        require(self.at == len(self.data), f"{len(self.data) - self.at} bytes follow the end of the CBOR")


def _private(reader: _Reader) -> Beside:
    count = reader.label(PRIVATE).count(_MAP, 3, "the private header")
    require(count >= 2, "the private header has neither checkpoint nor entry")
    checkpoint = reader.label(1).text(NOTE_BYTES_MAX, "the checkpoint")
    entry = reader.label(2).byte_string(ENTRY_BYTES_MAX, "the entry")
    if count == 2:
        return Beside(checkpoint, entry, None)
    reader.label(3).exactly(_ARRAY, 3, "the item")
    return Beside(
        checkpoint, entry, (reader.digest("the digest"), reader.number("an index"), reader.hashes("the path"))
    )


def read(data: bytes) -> tuple[Issued, Beside | None]:
    """Takes a receipt apart: what an issuer says, and what stands under our own label, if it is there."""
    require(
        len(data) <= COSE_BYTES_MAX, f"the COSE receipt has {len(data)} bytes, at most {COSE_BYTES_MAX} are allowed"
    )
    reader = _Reader(data)
    require(reader.expect(_TAG, "a tag") == 18, "a COSE receipt is a COSE_Sign1, of tag 18")
    signed = reader.exactly(_ARRAY, 4, "a COSE_Sign1").byte_string(4 << 10, "the protected header")

    headers = _Reader(signed)
    algorithm = headers.exactly(_MAP, 4, "the protected header").label(1).integer("an algorithm")
    kid = headers.label(4).digest("the key's name")
    issuer = headers.label(15).exactly(_MAP, 2, "the claims").label(1).text(TEXT_BYTES_MAX, "the issuer")
    subject = headers.label(2).text(TEXT_BYTES_MAX, "the subject")
    structure = headers.label(395).integer("a data structure")
    require(structure == 1, f"the verifiable data structure is {structure}, not 1 (RFC9162_SHA256)")
    headers.end()
    require(algorithm in ALGORITHMS, f"the algorithm is {algorithm}; known are -8, -19 and -49")

    count = reader.count(_MAP, 2, "the unprotected header")
    require(count > 0, "the COSE receipt has no proof")
    reader.label(396).exactly(_MAP, 1, "the proofs").label(-1).exactly(_ARRAY, 1, "the proofs of inclusion")
    proof = _Reader(reader.byte_string(32 + PROOF_MAX * 34, "the proof"))
    proof.exactly(_ARRAY, 3, "the proof")
    size, index, path = proof.number("a size"), proof.number("an index"), proof.hashes("the path")
    proof.end()
    beside = _private(reader) if count == 2 else None
    reader.null()
    signature = Signature.parse(ALGORITHMS[algorithm][1], reader.byte_string(4_627, "the signature"))
    reader.end()
    return Issued(algorithm, kid, issuer, subject, signed, size, index, path, signature), beside


def read_issued(data: bytes) -> Issued:
    """A receipt as RFC 9942 has it, without our label."""
    issued, beside = read(data)
    require(beside is None, "the COSE receipt has a header of its own for what stands beside it here")
    return issued


def _thumbprint(key: PublicKey) -> bytes:
    """The RFC 9679 thumbprint of a key."""
    if key.scheme == ED25519:
        return sha256(b"\xa3\x01\x01\x20\x06\x21\x58\x20", key.value)
    return sha256(b"\xa3\x01\x07\x03\x38\x30\x20\x59", len(key.value).to_bytes(2, "big"), key.value)


def _key_of(policy: Policy, origin: str, kind: SignatureType, kid: bytes) -> PublicKey | None:
    """The key of this name that the policy has for this log, and that signs by this algorithm."""

    def is_ours(key: NoteKey) -> bool:
        return key.name == origin if kind is LOG else key.name.startswith(f"{origin}/")

    keys = [log.key for log in policy.logs] + [witness.key for witness in policy.witnesses]
    for key in keys:
        if key.type is kind and key.key is not None and is_ours(key) and _thumbprint(key.key) == kid:
            return key.key
    return None


def byte_string(value: bytes) -> bytes:
    """A byte string of at most 65,535 bytes, as it is written in CBOR."""
    length = len(value)
    if length < 24:
        return bytes([0x40 | length]) + value
    return (bytes([0x58, length]) if length < 256 else b"\x59" + length.to_bytes(2, "big")) + value


def check_issuers(policy: Policy, checkpoint: Checkpoint, cose: tuple[Issued, ...]) -> None:
    """Checks who signed each receipt, and that it is over this checkpoint's root."""
    for issued in cose:
        other = f"the COSE receipt is issued by {issued.issuer!r}, the checkpoint is of {checkpoint.origin}"
        require(issued.issuer == checkpoint.origin, other)
        key = _key_of(policy, checkpoint.origin, ALGORITHMS[issued.algorithm][0], issued.kid)
        if key is None:
            raise Refused(
                "the COSE receipt is signed by a key that the policy does not name for this log and algorithm"
            )
        message = b"\x84\x6aSignature1" + byte_string(issued.signed) + b"\x40" + byte_string(checkpoint.root)
        key.verify(message, issued.signature)
