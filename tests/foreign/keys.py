"""Checks the keys that Quorate publishes with programs that know nothing of Quorate.

jwcrypto reads every JWK of JWK sets, DID documents and key histories and computes its name; a did:key is taken apart here,
by base58 and multicodec alone, and must be the key that jwcrypto knows under the same name. After all has passed each file
is spoiled, and every spoiled one must fail.
Source: RFC 7517, RFC 7638, RFC 8037, RFC 9964, did:key, W3C DID Core.
"""

import argparse
import base64
import copy
import json
import sys

from jwcrypto import jwk

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CODECS = {b"\xed\x01": ("OKP", "x", 32), b"\x91\x24": ("AKP", "pub", 1952)}


class Refused(Exception):
    """Something published is not what it says."""


def require(holds, why):
    if not holds:
        raise Refused(why)


def key_bytes(key):
    text = key["x"] if key["kty"] == "OKP" else key["pub"]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_jwk(key):
    """Its name is its thumbprint, its shape the one that all libraries read; returns the name."""
    members = {"OKP": {"kty", "kid", "use", "crv", "x"}, "AKP": {"kty", "kid", "use", "alg", "pub"}}
    if key["kty"] == "EC" or (key["kty"] == "OKP" and "alg" in key):
        return check_alias(key)
    require(key["kty"] in members, f"kty {key['kty']}")
    require(set(key) == members[key["kty"]], f"{key['kid']} has members {sorted(key)}")
    plain = {name: value for name, value in key.items() if name not in ("kid", "use")}
    thumbprint = jwk.JWK(**plain).thumbprint()
    require(key["kid"] == thumbprint, f"kid {key['kid']}, thumbprint {thumbprint}")
    require(key["use"] == "sig", f"{key['kid']} is for {key['use']}")
    require(key["kty"] != "AKP" or key["alg"] == "ML-DSA-65", f"{key['kid']} is of another alg")
    return key["kid"]


def check_alias(key):
    """A key by one more name, for clients of other systems, with the `alg` that they look for; returns the name."""
    kid, members = key["kid"], {"OKP": {"crv", "x"}, "EC": {"crv", "x", "y"}}
    require(set(key) == members[key["kty"]] | {"kty", "kid", "use", "alg"}, f"{kid} has members {sorted(key)}")
    require((key["kty"], key["crv"], key["alg"], key["use"]) in
            {("OKP", "Ed25519", "EdDSA", "sig"), ("EC", "P-256", "ES256", "sig")}, f"{kid} is of another kind")
    if kid.startswith("did:key:"):
        did, _, fragment = kid.removeprefix("did:key:").partition("#")
        require(did == fragment and multikey(did) == ("OKP", key_bytes(key)), f"{kid} is the name of another key")
    else:
        require(kid == "default" or kid.startswith("did:qwed:"), f"{kid} is no name that is known")
    return kid


def check_jwks(document):
    kids = [check_jwk(key) for key in document["keys"]]
    keys = [key.get("x") for key in document["keys"] if key["kid"] != "default"]
    require(all(key["kid"] != "default" or key["x"] in keys for key in document["keys"]), "default is no key of the set")
    require(kids, "no key")
    require(len(set(kids)) == len(kids), "a key stands twice")
    require(len(list(jwk.JWKSet.from_json(json.dumps(document))["keys"])) == len(kids), "jwcrypto reads fewer")
    return len(kids)


def base58(text):
    number = 0
    for letter in text:
        require(letter in ALPHABET, f"{letter!r} is not of base58")
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multikey(text):
    """The kind and the bytes of the key that a multibase text names."""
    require(text.startswith("z"), "not base58")
    raw = base58(text[1:])
    require(raw[:2] in CODECS, f"multicodec {raw[:2].hex()}")
    kind, _, length = CODECS[raw[:2]]
    require(len(raw) - 2 == length, f"{len(raw) - 2} bytes")
    return kind, raw[2:]


def check_did(document):
    """Every key of a DID document is what its URL says, and of the document's own subject."""
    did = document["id"]
    require(document["@context"][0] == "https://www.w3.org/ns/did/v1", "no DID document")
    named = {}
    for method in document["verificationMethod"]:
        require(method["controller"] == did, f"controller {method['controller']}")
        subject, fragment = method["id"].split("#")
        require(subject == did, f"{method['id']} in the document of {did}")
        if method["type"] == "JsonWebKey":
            require(check_jwk(method["publicKeyJwk"]) == fragment, f"{method['id']} is another key")
        else:
            require(method["type"] == "Multikey", f"type {method['type']}")
            require(method["publicKeyMultibase"] == fragment, f"{method['id']} is another key")
            require(did == f"did:key:{fragment}", f"{did} is another key")
            multikey(fragment)
        named[method["id"]] = method
    for name in document["assertionMethod"] + document.get("authentication", []):
        require(name in named, f"{name} is no key of the document")
    return len(named)


def check_history(document):
    """Every key has its name and a stretch of the log; a did:key is the first key of its identity."""
    lives = document["keys"]
    require(lives, "no key")
    for key in lives:
        if "jwk" in key:
            require(check_jwk(key["jwk"]) == key["kid"], f"{key['kid']} is another key")
            require(key_bytes(key["jwk"]) == base64.b64decode(key["key"]["public_key"]), f"{key['kid']}: two keys")
        first, until = key["from_index"], key["until_index"]
        require(first is None or first < document["size"], f"{key['kid']} begins beyond the log")
        require((until is None) == ("end" not in key), f"{key['kid']}: an end without reason")
        require(until is None or first <= until <= key["end"]["index"] + 1, f"{key['kid']} ends before it begins")
    kind, raw = multikey(lives[0]["identity"].removeprefix("did:key:"))
    require(lives[0]["jwk"]["kty"] == kind and key_bytes(lives[0]["jwk"]) == raw, "the DID names another key")
    return len(lives)


def spoiled(value):
    """The same with one text of it changed, for each text in turn."""

    def texts(node, path):
        if isinstance(node, dict):
            for name, member in node.items():
                yield from texts(member, path + [name])
        elif isinstance(node, list):
            for place, item in enumerate(node):
                yield from texts(item, path + [place])
        elif isinstance(node, str):
            yield path

    for path in texts(value, []):
        bad = copy.deepcopy(value)
        node = bad
        for step in path[:-1]:
            node = node[step]
        text = node[path[-1]]
        node[path[-1]] = ("B" if text[len(text) // 2] == "A" else "A").join(
            (text[: len(text) // 2], text[len(text) // 2 + 1 :])
        )
        yield path, bad


# What no check here can tell from the truth: words for people, and names that only the ledger knows.
FREE = {"scheme", "kind", "service", "@context"}


def run(name, check, files):
    caught = missed = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        print(f"{name:8} {path}: {check(document)} keys")
        for where, bad in spoiled(document):
            if FREE & set(map(str, where)):
                continue
            try:
                check(bad)
            except (Refused, ValueError, LookupError, jwk.InvalidJWKValue):
                caught += 1
                continue
            # An identity's later keys may be anybody's: nothing but the log says whose.
            missed += where[-1] == "identity" and where[-2] != 0
            require(where[-1] == "identity" and where[-2] != 0, f"{path} was believed with another {where}")
    print(f"{name:8} refused {caught} spoiled ones, {missed} spoiled names are the log's to know")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jwks", action="append", default=[])
    parser.add_argument("--did", action="append", default=[])
    parser.add_argument("--history", action="append", default=[])
    arguments = parser.parse_args()
    run("jwks", check_jwks, arguments.jwks)
    run("did", check_did, arguments.did)
    run("history", check_history, arguments.history)


if __name__ == "__main__":
    try:
        main()
    except Refused as fault:
        sys.exit(f"REFUSED {fault}")
