"""DSSE v1 envelopes, in which in-toto statements travel.

An envelope has no place for a key, and its ``keyid`` is a hint that nothing covers; so keys are given beside it, and each
signature finds its own by its length. Sources: DSSE v1.0.2 (protocol and envelope), in-toto Attestation Framework v1.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..encoding import digest_from_hex
from ..errors import Refused
from ..schemes import PublicKey, Signature, SignedMessage
from .found import Found
from .keys import Beside, key_of, scheme_by_length
from .text import base64_either, only, read_object, text_in, text_of_member

_WHAT = "the DSSE envelope"
IN_TOTO = "application/vnd.in-toto+json"
STATEMENT_V1 = "https://in-toto.io/Statement/v1"


def _subject(payload: bytes) -> tuple[str, bytes | None]:
    """The name of an in-toto statement's first subject, and the digest of the artifact if it is about one only."""
    what = "the in-toto statement"
    statement = read_object(payload, what)
    if text_of_member(statement, "_type", what) != STATEMENT_V1:
        return "", None
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or not subjects or not isinstance(subjects[0], dict):
        raise Refused(f"{what} has no list of subjects")
    digests = subjects[0].get("digest")
    digest = text_in(digests, "sha256") if isinstance(digests, dict) and len(subjects) == 1 else None
    artifact = None if digest is None else digest_from_hex(digest, "the subject's digest")
    return text_in(subjects[0], "name") or "", artifact


def read(data: bytes, keys: Sequence[PublicKey]) -> Found:
    members = only(read_object(data, _WHAT), ("payload", "payloadType", "signatures"), _WHAT)
    payload = base64_either(text_of_member(members, "payload", _WHAT), "the payload")
    media_type = text_of_member(members, "payloadType", _WHAT)
    signatures = members.get("signatures")
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= 2:
        raise Refused(f"{_WHAT} has no list of one or two signatures")
    kind = media_type.encode()
    # The pre-authentication encoding.
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    beside, signed = Beside(keys), []
    for one in signatures:
        what = "a signature of the envelope"
        seal = base64_either(text_of_member(only(one, ("keyid", "sig"), what), "sig", what), "the signature")
        scheme = scheme_by_length(seal)
        signed.append(SignedMessage(key_of(scheme, beside), message, Signature.parse(scheme, seal)))
    beside.end()
    subject, artifact = _subject(payload) if media_type == IN_TOTO else ("", None)
    return Found(tuple(signed), payload, subject=subject, media_type=media_type, artifact=artifact)
