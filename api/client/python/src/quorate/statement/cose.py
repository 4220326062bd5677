"""COSE_Sign1: signed statements of SCITT, each of which is its own leaf of the log, with an empty unprotected header.

Sources: RFC 9052 section 4, RFC 9597 (claims in label 15), RFC 9943 section 5, RFC 8747 section 3.1 (``cnf``); labels 258
and 259 of the COSE hash envelope.
"""

from __future__ import annotations

from typing import Any

from ..cose import byte_string
from ..errors import Refused, require
from ..names import shown_key
from ..schemes import PublicKey, Signature, SignedMessage
from .cbor import ABSENT, CborMap, CborTag, at, read_cbor
from .claims import cbor_claims
from .found import Found
from .keys import Beside, cose_scheme, did_of_kid, from_cose_key, key_of

#: The first byte of every statement: tag 18.
TAG = 0xD2

_ALG, _CRIT, _CONTENT_TYPE, _KID, _CLAIMS, _HASH_ALG, _PREIMAGE_TYPE = 1, 2, 3, 4, 15, 258, 259
_CNF, _COSE_KEY, _SHA_256 = 8, 1, -16
#: What may be critical: what is read.
_UNDERSTOOD = (_ALG, _CRIT, _CONTENT_TYPE, _KID, _CLAIMS, _HASH_ALG, _PREIMAGE_TYPE)
_WHAT = "the COSE statement"


def _expect_understood(header: Any) -> CborMap:
    """RFC 9052 section 3.1: a list of labels that is not empty, each in the protected header, each understood."""
    if not isinstance(header, CborMap):
        raise Refused("the protected header is no map")
    critical = at(header, _CRIT)
    if critical is ABSENT:
        return header
    if not isinstance(critical, list) or not critical:
        raise Refused("crit is no list of labels")
    for label in critical:
        known = isinstance(label, int) and label in _UNDERSTOOD and at(header, label) is not ABSENT
        require(known, f"the header makes {label!r:.80} critical, which is not understood here")
    return header


def _key_of_kid(kid: Any) -> PublicKey | None:
    """The key that the DID in the key's name shows."""
    try:
        did = did_of_kid(kid.decode()) if isinstance(kid, bytes) else None
    except UnicodeDecodeError:
        return None
    return None if did is None else shown_key(did)


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    value = read_cbor(data, _WHAT)
    parts = value.value if isinstance(value, CborTag) and value.tag == 18 else None
    if not isinstance(parts, list) or len(parts) != 4:
        raise Refused(f"{_WHAT} is not a list of four behind tag 18")
    signed, unprotected, payload, seal = parts
    empty = isinstance(unprotected, CborMap) and unprotected.size == 0
    require(empty, f"{_WHAT} has no empty unprotected header; it is stripped before it is ordered")
    require(payload is not None, "the payload is detached; a statement carries what it signs")
    if not isinstance(signed, bytes) or not isinstance(payload, bytes) or not isinstance(seal, bytes):
        raise Refused(f"a part of {_WHAT} is no byte string")
    return signed, payload, seal


def read(data: bytes) -> Found:
    signed, payload, seal = _parts(data)
    header = _expect_understood(read_cbor(signed, "the protected header"))
    scheme = cose_scheme(at(header, _ALG))
    stated = at(header, _CLAIMS)
    claims = cbor_claims(stated)
    if claims.issuer is None or claims.subject is None:
        raise Refused("the protected header lacks the claims iss and sub in label 15")
    confirmed = at(at(stated, _CNF), _COSE_KEY)
    inside = _key_of_kid(at(header, _KID)) if confirmed is ABSENT else from_cose_key(confirmed)
    # It is a leaf by itself, so nothing stands beside it.
    key = key_of(scheme, Beside(()), inside=inside, issuer=shown_key(claims.issuer))
    message = b"\x84\x6aSignature1" + byte_string(signed) + b"\x40" + byte_string(payload)
    is_hash = at(header, _HASH_ALG) == _SHA_256
    require(not is_hash or len(payload) == 32, f"the hash envelope: a digest has 32 bytes, this has {len(payload)}")
    kind = at(header, _CONTENT_TYPE if at(header, _PREIMAGE_TYPE) is ABSENT else _PREIMAGE_TYPE)
    return Found(
        signed=(SignedMessage(key, message, Signature.parse(scheme, seal)),),
        payload=payload,
        issuer=claims.issuer,
        subject=claims.subject,
        media_type=kind if isinstance(kind, str) else "",
        speaker=claims.issuer,
        artifact=payload if is_hash else None,
    )
