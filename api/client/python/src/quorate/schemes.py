"""Signature schemes: numbers, names, sizes, and public keys that verify.

A key belongs to one scheme and verifies signatures of that scheme alone. Ed25519 is verified strictly: keys that are no
point, not canonical or of small order, an R of small order and an S that is not reduced are refused here, before the
library checks the equation and compares R byte by byte.
Source: RFC 8032 section 5.1, FIPS 204; RFC 7638 and RFC 9964 for the ids of keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey

from . import p256
from .encoding import sha256, to_base64url
from .errors import Refused, require

ED25519 = 1
ML_DSA_65 = 2
HYBRID = 3
DILITHIUM3_R3 = 4
# Of attestations that others verify; no author has such a key.
ES256 = 5
DILITHIUM3_R3_ED25519 = 6
# Of witnesses alone (note type 06). A number that no submission can name: theirs are not negative.
ML_DSA_44 = -44

NAMES = {
    ED25519: "ed25519",
    ML_DSA_65: "ml-dsa-65",
    HYBRID: "ed25519+ml-dsa-65",
    DILITHIUM3_R3: "dilithium3-r3",
    DILITHIUM3_R3_ED25519: "dilithium3-r3+ed25519",
    ES256: "es256",
    ML_DSA_44: "ml-dsa-44",
}
KEY_BYTES = {
    ED25519: 32,
    ML_DSA_65: 1952,
    HYBRID: 32 + 1952,
    DILITHIUM3_R3: 1952,
    DILITHIUM3_R3_ED25519: 1952 + 32,
    ES256: 65,
    ML_DSA_44: 1312,
}
SIGNATURE_BYTES = {
    ED25519: 64,
    ML_DSA_65: 3309,
    HYBRID: 64 + 3309,
    DILITHIUM3_R3: 3293,
    DILITHIUM3_R3_ED25519: 3293 + 64,
    ES256: 64,
    ML_DSA_44: 2420,
}
#: Where the half of Ed25519 stands in a key.
_ED25519_AT = {ED25519: 0, HYBRID: 0, DILITHIUM3_R3_ED25519: 1952}

HYBRID_LABEL = b"quorate/hybrid/ed25519+ml-dsa-65/v1\x00"

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Y = 2**255 - 1

# The eight points whose order divides 8, as they are written.
_SMALL_ORDER = frozenset(
    map(
        bytes.fromhex,
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        ),
    )
)


def _is_on_curve(y: int) -> bool:
    """Whether y is the y of a point: whether (y² - 1) / (dy² + 1) is a square."""
    square = y * y % _P
    ratio = (square - 1) * pow(_D * square + 1, -1, _P) % _P
    return ratio == 0 or pow(ratio, (_P - 1) // 2, _P) == 1


# A policy's keys are read again with each receipt.
@lru_cache(maxsize=4096)
def _ed25519_key(key: bytes) -> Ed25519PublicKey:
    """A key that may take part in strict verification, or the reason why it may not."""
    y = int.from_bytes(key, "little") & _Y
    require(y < _P and y not in (1, _P - 1), "the ed25519 key is not canonical, or a point of small order")
    require(key not in _SMALL_ORDER, "the ed25519 key is a point of small order")
    require(_is_on_curve(y), "the ed25519 key is not a point of the curve")
    return Ed25519PublicKey.from_public_bytes(key)


def _verify_ed25519(key: bytes, message: bytes, signature: bytes) -> None:
    invalid = "the ed25519 signature does not fit the key and the message"
    r, s = signature[:32], signature[32:]
    require(int.from_bytes(s, "little") < _L, invalid)
    require(int.from_bytes(r, "little") & _Y < _P and r not in _SMALL_ORDER, invalid)
    try:
        _ed25519_key(key).verify(signature, message)
    except InvalidSignature:
        raise Refused(invalid) from None


_ML_DSA = {ML_DSA_44: MLDSA44PublicKey, ML_DSA_65: MLDSA65PublicKey}


def _verify_ml_dsa(scheme: int, key: bytes, message: bytes, signature: bytes) -> None:
    try:
        _ML_DSA[scheme].from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refused(f"the {NAMES[scheme]} signature does not fit the key and the message") from None


@dataclass(frozen=True)
class Signature:
    """Bytes of a scheme, checked for length and nothing more."""

    scheme: int
    value: bytes

    @classmethod
    def parse(cls, scheme: int, value: bytes) -> Signature:
        require(scheme in NAMES, f"scheme {scheme} is unknown")
        expected = SIGNATURE_BYTES[scheme]
        require(len(value) == expected, f"a signature of {NAMES[scheme]} has {expected} bytes, this has {len(value)}")
        return cls(scheme, value)


@dataclass(frozen=True)
class PublicKey:
    """A public key of one of the schemes."""

    scheme: int
    value: bytes

    @classmethod
    def parse(cls, scheme: int, value: bytes) -> PublicKey:
        require(scheme in NAMES, f"scheme {scheme} is unknown")
        expected = KEY_BYTES[scheme]
        require(len(value) == expected, f"a public key of {NAMES[scheme]} has {expected} bytes, this has {len(value)}")
        at = _ED25519_AT.get(scheme)
        if at is not None:
            _ed25519_key(value[at : at + 32])
        elif scheme == ES256:
            p256.check_key(value)
        return cls(scheme, value)

    def thumbprint(self) -> bytes:
        """The RFC 7638 thumbprint."""
        if self.scheme == ES256:
            x, y = (to_base64url(number) for number in p256.coordinates(self.value))
            return sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode())
        key = to_base64url(self.value)
        alg = "ML-DSA-65" if self.scheme == ML_DSA_65 else NAMES[self.scheme]
        if self.scheme == ED25519:
            return sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{key}"}}'.encode())
        return sha256(f'{{"alg":"{alg}","kty":"AKP","pub":"{key}"}}'.encode())

    def id(self) -> str:
        """The key's id as text."""
        return to_base64url(self.thumbprint())

    def verify(self, message: bytes, signature: Signature) -> None:
        """Refuses unless it is this key's signature of exactly ``message``."""
        names = f"a signature of {NAMES[signature.scheme]} under a key of {NAMES[self.scheme]}"
        require(signature.scheme == self.scheme, names)
        if self.scheme == ED25519:
            _verify_ed25519(self.value, message, signature.value)
        elif self.scheme == ES256:
            p256.verify(self.value, message, signature.value)
        elif self.scheme in _ML_DSA:
            _verify_ml_dsa(self.scheme, self.value, message, signature.value)
        elif self.scheme == HYBRID:
            labelled = HYBRID_LABEL + message
            _verify_ed25519(self.value[:32], labelled, signature.value[:64])
            _verify_ml_dsa(ML_DSA_65, self.value[32:], labelled, signature.value[64:])
        else:
            raise Refused(f"signatures of {NAMES[self.scheme]} cannot be checked here")


@dataclass(frozen=True)
class SignedMessage:
    """A signature, with what it is over and by which key."""

    key: PublicKey
    message: bytes
    signature: Signature

    def verify(self) -> None:
        """Refuses a signature that does not hold."""
        self.key.verify(self.message, self.signature)
