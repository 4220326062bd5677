"""Checks a transparent statement of Quorate with a program that knows SCITT and nothing of Quorate.

scitt-cose verifies the statement's signature by its issuer's key, takes the receipt out of it, and verifies that by the log's
key, over the statement with an empty unprotected header: the leaf that RFC 9943 demands. The issuer's key is that of its
did:key. Then the statement is spoiled in every byte, and its receipt in each of its parts, and every spoiled one must fail.
Source: RFC 9942, RFC 9943 5.1.1.1 and 7, did:key.
"""

import argparse
import sys

import cbor2
from scitt_cose import attach_receipts, extract_receipts, parse_signed_statement

from cose import Refused, bare, check, pem, policy_keys, require, spoiled

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def did_key(did):
    """The bytes of the Ed25519 key that a did:key names."""
    require(did.startswith("did:key:z"), f"{did} is no did:key")
    number = 0
    for letter in did.removeprefix("did:key:z"):
        number = number * 58 + BASE58.index(letter)
    value = number.to_bytes(34, "big")
    require(value[:2] == b"\xed\x01", f"{did} is no Ed25519 key")
    return value[2:]


def stripped(transparent):
    """The signed statement: nothing in its unprotected header."""
    protected, _, payload, signature = cbor2.loads(transparent).value
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]), canonical=True)


def check_transparent(transparent, issuer, keys):
    """The statement's signature and every receipt; returns the statement and its receipts."""
    parsed = parse_signed_statement(transparent, public_key_pem=pem(did_key(issuer)))
    require(parsed["signature_verified"] is True, "the issuer did not sign the statement")
    require(parsed["issuer"] == issuer, "the statement names another issuer")
    receipts, statement = extract_receipts(transparent), stripped(transparent)
    require(receipts, "the statement has no receipt")
    for receipt in receipts:
        require(check(receipt, statement, keys) == -8, "a receipt of another algorithm")
        claims = dict(cbor2.loads(cbor2.loads(receipt).value[0])[15])
        require(claims[2] == parsed["subject"], "the receipt is about another subject")
    return statement, receipts


def twins(statement, receipt, keys):
    """Transparent statements that must not pass, each with what was done to it."""
    yield "there is no receipt", statement, keys
    yield "the receipt is no receipt", attach_receipts(statement, [b"receipt"]), keys
    yield "the receipt is the statement", attach_receipts(statement, [statement]), keys
    yield "one receipt of two is spoiled", attach_receipts(statement, [receipt, receipt[:-1] + bytes([receipt[-1] ^ 1])]), keys
    for at in range(len(statement)):
        changed = bytearray(statement)
        changed[at] ^= 1 << (at % 8)
        try:
            whole = attach_receipts(bytes(changed), [receipt])
        except Exception:  # noqa: BLE001 - it is no statement any more
            whole = bytes(changed)
        yield f"byte {at} of the statement is another", whole, keys
    for what, changed, leaf, with_keys in spoiled(receipt, statement, keys):
        if leaf == statement:
            yield f"of its receipt {what}", attach_receipts(statement, [changed]), with_keys


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--transparent", required=True, help="what /entries/{id} answers to who asks for a statement")
    parser.add_argument("--statement", required=True, help="the statement as it was registered")
    parser.add_argument("--issuer", required=True, help="a did:key")
    parser.add_argument("--policy", required=True)
    args = parser.parse_args()
    with open(args.policy, encoding="utf-8") as file:
        keys = policy_keys(file.read())
    with open(args.transparent, "rb") as file:
        transparent = file.read()
    with open(args.statement, "rb") as file:
        registered = file.read()
    statement, receipts = check_transparent(transparent, args.issuer, keys)
    require(statement == registered, "another statement than the one that was registered")
    receipt = bare(receipts[0])
    check_transparent(attach_receipts(statement, [receipt]), args.issuer, keys)
    count = 0
    for what, changed, with_keys in twins(statement, receipt, keys):
        count += 1
        try:
            check_transparent(changed, args.issuer, with_keys)
        except Exception:  # noqa: BLE001 - whatever a parser says of it, it is refused
            continue
        raise Refused(f"accepted although {what}")
    print(f"transparent: {len(transparent)} bytes, {len(receipts)} receipt accepted by scitt-cose; {count} spoiled ones refused")


if __name__ == "__main__":
    try:
        main()
    except Refused as fault:
        sys.exit(f"REFUSED {fault}")
