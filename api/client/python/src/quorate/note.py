"""Signed notes and the keys that sign them, read strictly: what was read prints as the same bytes.

No signature is checked here, because what a line signs depends on the type of its key.
Source: C2SP signed-note, tlog-cosignature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .encoding import from_base64, sha256
from .errors import Refused, require
from .schemes import ED25519, ML_DSA_44, ML_DSA_65, PublicKey

NOTE_BYTES_MAX = 1 << 20
SIGNATURES_MAX = 400
VKEY_BYTES_MAX = 8 << 10
MARK = "\u2014 "

# White_Space and Cc of Unicode, spelt out: the classes of regular expressions are other ones.
_NOT_IN_NAMES = re.compile("[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


def key_name(text: str) -> str:
    """A key's name, or the origin of a log."""
    fits = 0 < len(text) <= 255 and len(text.encode()) <= 255 and not _NOT_IN_NAMES.search(text)
    require(
        fits, f"a key's name has 1 to 255 bytes without space, plus sign or control character; this is {text[:80]!r}"
    )
    return text


@dataclass(frozen=True)
class SignatureType:
    """What a signature by a key says: the bytes that stand for the type, and the scheme."""

    name: str
    prefix: bytes
    scheme: int


LOG = SignatureType("log signature", b"\x01", ED25519)
COSIGNER_ED25519 = SignatureType("ed25519 cosignature", b"\x04", ED25519)
COSIGNER_ML_DSA_65 = SignatureType("ml-dsa-65 cosignature", b"\xffquorate/ml-dsa-65/v1", ML_DSA_65)
# Of witnesses and logs outside; ours sign nothing of our log with it.
_COSIGNER_ML_DSA_44 = SignatureType("ml-dsa-44 cosignature", b"\x06", ML_DSA_44)
_TYPES = (LOG, COSIGNER_ED25519, COSIGNER_ML_DSA_65, _COSIGNER_ML_DSA_44)
# ECDSA, and the tree heads of RFC 6962: they sign without a time, so no witness does.
NO_WITNESS = (0x02, 0x05)


@dataclass(frozen=True)
class NoteKey:
    """A named public key that signs notes. One of a type not understood here has neither type nor key."""

    name: str
    id: str
    type: SignatureType | None
    key: PublicKey | None
    material: bytes
    byte: int | None = None

    @classmethod
    def parse(cls, vkey: str) -> NoteKey:
        """Reads a vkey, ``name+id+base64(type, key)``."""
        form = f"a vkey is written name+id+key: 8 lower-case hex digits, then base64, {VKEY_BYTES_MAX} bytes at most"
        require(len(vkey.encode()) <= VKEY_BYTES_MAX, form)
        parts = vkey.split("+", 2)
        require(len(parts) == 3, form)
        name, id = key_name(parts[0]), parts[1]
        require(bool(_KEY_ID.fullmatch(id)), form)
        encoded = from_base64(parts[2])
        if encoded is None:
            raise Refused(form)
        for kind in _TYPES:
            if encoded.startswith(kind.prefix):
                break
        else:
            # The rule for the id may be another one for such a type, so it is kept unchecked.
            require(len(encoded) > 1, form)
            return cls(name, id, None, None, encoded[1:], encoded[0])
        material = encoded[len(kind.prefix) :]
        key = PublicKey.parse(kind.scheme, material)
        expected = sha256(name.encode(), b"\n", encoded)[:4].hex()
        require(id == expected, f"the vkey says key id {id}, its key has {expected}")
        return cls(name, id, kind, key, material)


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: what follows the id is a signature, of cosigners behind its time."""

    name: str
    id: str
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A text with signature lines."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        require(len(note.encode()) <= NOTE_BYTES_MAX, f"the note has more than {NOTE_BYTES_MAX} bytes")
        require(not _CONTROL.search(note), "the note holds a control character")
        # The text may hold empty lines itself; the last one is the separator.
        separator = note.rfind("\n\n")
        require(separator >= 0, "the note has no empty line between a text and its signatures")
        *lines, last = note[separator + 2 :].split("\n")
        require(
            0 < len(lines) <= SIGNATURES_MAX,
            f"the note has {len(lines)} signature lines, 1 to {SIGNATURES_MAX} are allowed",
        )
        signatures = tuple(_line(line, number) for number, line in enumerate(lines, 1))
        require(last == "", f"signature line {len(lines) + 1} does not end in a newline")
        return cls(note[: separator + 1], signatures)


def _line(line: str, number: int) -> NoteSignature:
    bad = Refused(f'signature line {number} is not "\u2014 name base64", newline')
    name, space, encoded = line[len(MARK) :].partition(" ")
    payload = from_base64(encoded)
    if not line.startswith(MARK) or not space or payload is None or len(payload) < 5:
        raise bad
    try:
        return NoteSignature(key_name(name), payload[:4].hex(), payload[4:])
    except Refused:
        raise bad from None
