"""Compares the canonical JSON of Quorate with what a program makes that knows RFC 8785 and nothing of Quorate.

Quorate writes canonical JSON in one place: what a key's name is the SHA-256 of (RFC 7638). rfc8785 writes each key's
required members, and their hash has to be the name in JWK sets and key histories of a network. That rfc8785 is what it
says, the published vectors show first. A twin in any other spelling must give another name.
Source: RFC 8785, RFC 7638, RFC 8037, RFC 9964.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

import rfc8785

MEMBERS = {"OKP": ("crv", "kty", "x"), "AKP": ("alg", "kty", "pub")}


class Refused(Exception):
    """Not the canonical form, and why."""


def require(holds, why):
    if not holds:
        raise Refused(why)


def published(folder):
    """The vectors of cyberphone/json-canonicalization: each input has one output."""
    count = 0
    for source in sorted((folder / "input").glob("*.json")):
        made = rfc8785.dumps(json.loads(source.read_text(encoding="utf-8")))
        expected = (folder / "output" / source.name).read_bytes().rstrip(b"\n")
        require(made == expected, f"{source.name}: rfc8785 writes something else than published")
        count += 1
    require(count > 0, f"no vectors in {folder}")
    return count


def name(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")


def keys(document):
    """Every JWK with a name, wherever it stands."""
    if isinstance(document, dict):
        if {"kty", "kid"} <= document.keys():
            yield document
        document = list(document.values())
    if isinstance(document, list):
        for member in document:
            yield from keys(member)


def twins(members):
    """The same value in spellings that are not canonical."""
    text = rfc8785.dumps(members).decode()
    yield "white space", json.dumps(members, sort_keys=True).encode()
    yield "another order", json.dumps(dict(sorted(members.items(), reverse=True)), separators=(",", ":")).encode()
    yield "a line's end", text.encode() + b"\n"
    yield "a byte-order mark", b"\xef\xbb\xbf" + text.encode()
    yield "a letter in escapes", text.replace('"kty"', '"\\u006bty"').encode()
    yield "a member twice", text.replace("{", '{"kty":"OKP",', 1).encode()
    yield "a member more", rfc8785.dumps(members | {"use": "sig"})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--vectors", type=Path, required=True, help="the folder json-canonicalization of the public vectors")
    parser.add_argument("documents", type=Path, nargs="+", help="JWK sets, key histories")
    args = parser.parse_args()
    print(f"rfc8785: {published(args.vectors / 'testdata')} published vectors")
    for path in args.documents:
        count = refused = 0
        for key in keys(json.loads(path.read_text(encoding="utf-8"))):
            if key["kty"] == "EC" or (key["kty"] == "OKP" and "alg" in key):
                # One more name of a key, for clients of other systems: no digest.
                continue
            members = {member: key[member] for member in MEMBERS[key["kty"]]}
            canonical = rfc8785.dumps(members)
            require(name(canonical) == key["kid"], f"{path}: {key['kid']} is not the name of {canonical!r:.80}")
            count += 1
            for what, twin in twins(members):
                require(twin != canonical and name(twin) != key["kid"], f"{path}: {what} makes no difference")
                refused += 1
        require(count > 0, f"{path} holds no key")
        print(f"rfc8785: {path}: {count} names of keys are those of canonical JSON, {refused} other spellings are not")


if __name__ == "__main__":
    try:
        main()
    except Refused as fault:
        sys.exit(f"REFUSED {fault}")
