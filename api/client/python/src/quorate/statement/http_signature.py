"""HTTP message signatures, for those who sign the requests they send.

The statement is a JSON object of the signature base, the members of ``Signature-Input`` and ``Signature``, and the body. The
base has to say what the input says, and to cover the body by its ``content-digest``.
Sources: RFC 9421 sections 2.5 and 3.2, RFC 9530, C2SP httpsig-pq v1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..encoding import U64_MAX, sha256
from ..errors import Refused, require
from ..names import shown_key
from ..schemes import PublicKey, Signature, SignedMessage
from .claims import expiry
from .found import Found
from .keys import Beside, did_of_kid, http_scheme, key_of, scheme_by_length
from .text import base64, only, read_object, text_of_member

_WHAT = "the signed request"
_INPUT = "the signature's input"
FORMAT = "quorate/http-signature/v1"
COMPONENTS_MAX = 64

_LABEL = re.compile(r"[a-z0-9_.*-]+", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
#: White space as Unicode has it; that of ``str.strip`` is another list.
_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


@dataclass(frozen=True)
class _Input:
    """What is covered, each as it stands in the base, and the parameters of the signature that are read."""

    components: tuple[str, ...]
    keyid: str | None
    alg: str | None
    expires_s: int | None


def _labelled(text: str, name: str) -> tuple[str, str]:
    """A dictionary's one member: its key, and its value as text."""
    label, equals, value = text.partition("=")
    require(equals != "" and bool(_LABEL.fullmatch(label)), f"{_WHAT} has a member {name} without a label")
    return label, value


def _split_outside(text: str, mark: str) -> tuple[str, str] | None:
    """Splits at the first such character that stands in no quoted text."""
    quoted = False
    for place, letter in enumerate(text):
        quoted ^= letter == '"'
        if letter == mark and not quoted:
            return text[:place], text[place + 1 :]
    return None


def _quoted(value: str, name: str) -> str:
    inner = value[1:-1]
    fits = len(value) >= 2 and value[0] == value[-1] == '"' and '"' not in inner and inner.isascii()
    require(fits, f"the signature's parameter {name} is no text")
    return inner


def _seconds(value: str) -> int:
    digits = (value.lstrip("0") or "0") if _DIGITS.fullmatch(value) else ""
    if not 1 <= len(digits) <= 20 or int(digits) > U64_MAX:
        raise Refused("the signature's parameter expires is no number")
    return int(digits)


def _components(listed: str) -> tuple[str, ...]:
    components: list[str] = []
    left = listed
    while left:
        component, left = _split_outside(left, " ") or (left, "")
        fits = component.startswith('"') and len(components) < COMPONENTS_MAX
        require(fits, f"{_INPUT} has a list that is none of quoted names, or is too long")
        require(component not in components, f"{_INPUT} covers a component twice")
        components.append(component)
    return tuple(components)


def _input(params: str) -> _Input:
    require(params.startswith("("), f"{_INPUT} begins with no list")
    # A quote inside a component's name would be escaped, and names have none.
    require("\\" not in params, f"{_INPUT} holds an escape")
    split = _split_outside(params[1:], ")")
    if split is None:
        raise Refused(f"{_INPUT} has a list without end")
    components, left = _components(split[0]), split[1]
    texts: dict[str, str] = {}
    expires_s, seen = None, set()
    while left.startswith(";"):
        following = _split_outside(left[1:], ";")
        param, left = (left[1:], "") if following is None else (following[0], ";" + following[1])
        name, _, value = param.partition("=")
        require(name not in seen, f"{_INPUT} has a parameter twice")
        seen.add(name)
        # Others are covered as all of the input is, and without meaning here.
        if name in ("keyid", "alg"):
            texts[name] = _quoted(value, name)
        elif name == "expires":
            expires_s = _seconds(value)
    require(left == "", f"{_INPUT} goes on behind its parameters")
    return _Input(components, texts.get("keyid"), texts.get("alg"), expires_s)


def _values(base: str, params: str, components: tuple[str, ...]) -> dict[str, str]:
    """The lines of a signature base: each component and its value, then the input."""
    lines, values = base.split("\n"), {}
    count = len(components) + 1
    require(len(lines) == count, "the signature base has not one line for each component and one for the input")
    whole = lines[-1] == f'"@signature-params": {params}'
    require(whole, "the signature base does not end with the parameters of the input")
    for component, line in zip(components, lines, strict=False):
        prefix = f"{component}: "
        require(line.startswith(prefix), f"the signature base has no line for {component:.80} in its place")
        values[component] = line[len(prefix) :]
    return values


def _expect_body(values: dict[str, str], body: bytes) -> None:
    """That the signature covers these bytes: by their SHA-256 in ``content-digest``, which may name others beside it."""
    digests = values.get('"content-digest"')
    if digests is None:
        require(body == b"", "the body is not covered: the signature covers no content-digest")
        return
    prefix = "sha-256=:"
    parts = (part.strip(_SPACE) for part in digests.split(","))
    stated = next((part[len(prefix) :] for part in parts if part.startswith(prefix)), None)
    if stated is None or not stated.endswith(":"):
        raise Refused("the body has no sha-256 in content-digest")
    require(base64(stated[:-1], "the content-digest") == sha256(body), "the body is not its content-digest")


def read(data: bytes, keys: Sequence[PublicKey]) -> Found:
    members = only(read_object(data, _WHAT), ("format", "base", "input", "signature", "body"), _WHAT)
    fields = {name: text_of_member(members, name, _WHAT) for name in ("format", "base", "input", "signature", "body")}
    require(fields["format"] == FORMAT, f"{_WHAT} is of another format, this reads {FORMAT}")
    label, params = _labelled(fields["input"], "input")
    again, sequence = _labelled(fields["signature"], "signature")
    require(label == again, f"{_WHAT} has an input and a signature of two labels")
    is_sequence = len(sequence) >= 2 and sequence[0] == sequence[-1] == ":"
    require(is_sequence, "the signature is no byte sequence")
    seal, body = base64(sequence[1:-1], "the signature"), base64(fields["body"], "the body")
    base, found = fields["base"], _input(params)
    values = _values(base, params, found.components)
    _expect_body(values, body)
    scheme = scheme_by_length(seal) if found.alg is None else http_scheme(found.alg)
    speaker, beside = did_of_kid(found.keyid), Beside(keys)
    key = key_of(scheme, beside, inside=None if speaker is None else shown_key(speaker))
    beside.end()
    if found.expires_s is not None:
        expiry(found.expires_s)
    return Found(
        signed=(SignedMessage(key, base.encode(), Signature.parse(scheme, seal)),),
        payload=body,
        issuer=found.keyid or "",
        subject=values.get('"@target-uri"', values.get('"@path"', "")),
        media_type=values.get('"content-type"', ""),
        speaker=speaker,
    )
