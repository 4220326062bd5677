"""JWS: one signature in compact form, or two in general JSON form, of Ed25519 and ML-DSA-65.

Unprotected headers are refused: nothing covers them. Sources: RFC 7515, RFC 7797 (refused), RFC 8037, RFC 9864, RFC 9964.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..encoding import from_utf8
from ..errors import Refused, require
from ..names import shown_key
from ..schemes import PublicKey, Signature, SignedMessage
from .claims import Claims, json_claims
from .found import Found
from .keys import Beside, did_of_kid, from_jwk, jose_scheme, key_of
from .text import Object, base64url, lower_ascii, only, read_object, text_in, text_of_member

_WHAT = "the JWS"


def compact(data: bytes, keys: Sequence[PublicKey]) -> Found:
    """Reads the compact form."""
    parts = from_utf8(data, _WHAT).split(".")
    require(len(parts) == 3, f"{_WHAT} is not three parts with a dot between them")
    protected, payload, signature = parts
    require(payload != "", "the payload is detached; a statement carries what it signs")
    return _read(payload, [(protected, signature)], keys)


def general(data: bytes, keys: Sequence[PublicKey]) -> Found:
    """Reads the general JSON form."""
    members = only(read_object(data, _WHAT), ("payload", "signatures"), _WHAT)
    payload = text_of_member(members, "payload", _WHAT)
    signatures = members.get("signatures")
    # One signature is said in compact form: one statement has one spelling.
    if not isinstance(signatures, list) or len(signatures) != 2:
        raise Refused(f"{_WHAT} has no list of two signatures")
    what, parts = "a signature of the JWS", []
    for one in signatures:
        only(one, ("protected", "signature"), what)
        parts.append((text_of_member(one, "protected", what), text_of_member(one, "signature", what)))
    return _read(payload, parts, keys)


def _header(protected: str) -> Object:
    """A protected header without extensions."""
    what = "the protected header"
    header = read_object(base64url(protected, what), what)
    require("crit" not in header, "the header makes something critical, which is not understood here")
    # RFC 7797 section 6 demands that it is critical; who left that out is not to be understood in two ways.
    b64 = header.get("b64", True) is True
    require(b64, "the header makes b64 critical, which is not understood here")
    return header


def _is_jwt(header: Object) -> bool:
    kind = lower_ascii(text_in(header, "typ") or "")
    return kind == "jwt" or kind.endswith("+jwt")


def _claims(headers: list[Object], content: bytes) -> Claims:
    """The claims of the payload, if a header says that it is a JWT; else what a header repeats of them."""
    if any(map(_is_jwt, headers)):
        return json_claims(read_object(content, "the JWT"))
    claims, *others = map(json_claims, headers)
    require(all(other == claims for other in others), "the two protected headers make different claims")
    return claims


def _key(header: Object, claims: Claims, beside: Beside) -> PublicKey:
    alg = text_in(header, "alg")
    if alg is None:
        raise Refused("the protected header names no algorithm")
    if "jwk" in header:
        inside: PublicKey | None = from_jwk(header["jwk"])
    else:
        did = did_of_kid(text_in(header, "kid"))
        inside = None if did is None else shown_key(did)
    issuer = None if claims.issuer is None else shown_key(claims.issuer)
    return key_of(jose_scheme(alg), beside, inside=inside, issuer=issuer)


def _read(payload: str, parts: list[tuple[str, str]], keys: Sequence[PublicKey]) -> Found:
    content = base64url(payload, "the payload")
    headers = [_header(protected) for protected, _ in parts]
    claims = _claims(headers, content)
    beside, signed = Beside(keys), []
    for (protected, signature), header in zip(parts, headers, strict=True):
        key = _key(header, claims, beside)
        seal = Signature.parse(key.scheme, base64url(signature, "the signature"))
        signed.append(SignedMessage(key, f"{protected}.{payload}".encode(), seal))
    beside.end()
    kids = (did_of_kid(text_in(header, "kid")) for header in headers)
    kid = next((found for found in kids if found is not None), None)
    kinds = (text_in(header, name) for header in headers for name in ("cty", "typ"))
    return Found(
        signed=tuple(signed),
        payload=content,
        issuer=claims.issuer or "",
        subject=claims.subject or "",
        media_type=next((kind for kind in kinds if kind is not None), ""),
        speaker=kid if claims.issuer is None else claims.issuer,
    )
