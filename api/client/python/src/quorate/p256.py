"""ES256: ECDSA on P-256 with SHA-256, verified strictly.

Keys are points of the curve, written without compression; of the two values of s that fit, only the lower one is taken.
Sources: FIPS 186-5 section 6, RFC 7518 section 3.4, SEC 1 section 2.3.3; where they leave room, what the Rust verifier does.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from .errors import Refused, require

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def coordinates(key: bytes) -> tuple[bytes, bytes]:
    """x and y of a key that was checked, 32 bytes each."""
    return key[1:33], key[33:]


def check_key(key: bytes) -> None:
    """Refuses 65 bytes that are not 0x04 and the coordinates of a point of the curve."""
    x, y = (int.from_bytes(number, "big") for number in coordinates(key))
    is_point = x < _P and y < _P and (y * y - (x**3 - 3 * x + _B)) % _P == 0
    fault = "the es256 key is not 0x04 and the two coordinates of a point of P-256"
    require(key[0] == 4 and is_point, fault)


def verify(key: bytes, message: bytes, signature: bytes) -> None:
    """Refuses unless ``signature``, r and s in 32 bytes each, is of this key, which was checked, and ``message``."""
    invalid = "the es256 signature does not fit the key and the message"
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    require(0 < r < _ORDER and 0 < s <= _ORDER >> 1, invalid)
    x, y = (int.from_bytes(number, "big") for number in coordinates(key))
    try:
        public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        public.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused(invalid) from None
