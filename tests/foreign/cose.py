"""Checks a receipt of Quorate in COSE with a program that knows RFC 9942 and nothing of Quorate.

scitt-cose verifies the receipt signed with -8 (EdDSA), cryptography the one signed with -49 (ML-DSA-65), whose algorithm
scitt-cose does not know. The keys come from the policy file: the one with the thumbprint that the receipt names. After a
receipt has passed it is spoiled, in every single byte and in each of its parts, and every spoiled one must fail.
Such a verifier believes one validator; that a quorum signed is what `verify.py` and Quorate's own verifiers check.
Source: RFC 9942, RFC 9052 4.4, RFC 9679.
"""

import argparse
import base64
import hashlib
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from scitt_cose import merkle
from scitt_cose.receipt import verify_receipt

LOG = b"\x01"
COSIGNER_ML_DSA_65 = b"\xffquorate/ml-dsa-65/v1"
PROOFS = 396
QUORATE = -1 - 0x51554F52
ED_DSA, ML_DSA_65 = -8, -49


class Refused(Exception):
    """The receipt is not believed, and why."""


def require(holds, why):
    if not holds:
        raise Refused(why)


def policy_keys(text):
    """The keys of a policy by their thumbprint in COSE: (algorithm, key)."""
    keys = {}
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words[:1] == ["log"]:
            vkey = words[1]
        elif words[:1] == ["witness"]:
            vkey = words[2]
        else:
            continue
        blob = base64.b64decode(vkey.split("+", 2)[2], validate=True)
        if blob.startswith(LOG):
            key, members = blob[1:], {1: 1, -1: 6, -2: blob[1:]}
            keys[thumbprint(members)] = (ED_DSA, key)
        elif blob.startswith(COSIGNER_ML_DSA_65):
            key = blob[len(COSIGNER_ML_DSA_65) :]
            keys[thumbprint({1: 7, 3: ML_DSA_65, -1: key})] = (ML_DSA_65, key)
    return keys


def thumbprint(members):
    return hashlib.sha256(cbor2.dumps(members, canonical=True)).digest()


def key_set(data):
    """A COSE key set, each key's name compared with what it should be."""
    keys = {}
    for key in cbor2.loads(data):
        members = {label: key[label] for label in ((1, -1, -2) if key[1] == 1 else (1, 3, -1))}
        require(key[2] == thumbprint(members), "key set: a key has another name than its thumbprint")
        keys[key[2]] = (ED_DSA, key[-2]) if key[1] == 1 else (key[3], key[-1])
    return keys


def pem(key):
    public = Ed25519PublicKey.from_public_bytes(key)
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def parts(receipt):
    message = cbor2.loads(receipt)
    require(message.tag == 18, "no COSE_Sign1")
    protected, unprotected, payload, signature = message.value
    return protected, dict(unprotected), payload, signature


def bare(receipt):
    """The receipt without the label of Quorate's own, which no other program looks at."""
    protected, unprotected, payload, signature = parts(receipt)
    unprotected.pop(QUORATE, None)
    return cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, payload, signature]), canonical=True)


def check_ed_dsa(receipt, leaf, key):
    result = verify_receipt(receipt, leaf_entry_hex=leaf.hex(), log_public_key_pem=pem(key))
    require(result.ok, "; ".join(result.errors))
    return result


def check_ml_dsa_65(receipt, leaf, key):
    """What scitt-cose does, for the algorithm that it does not know."""
    protected, unprotected, payload, signature = parts(receipt)
    require(payload is None, "the payload is not detached")
    headers = cbor2.loads(protected)
    require(headers[1] == ML_DSA_65 and headers[395] == 1, "another algorithm or data structure")
    size, index, path = cbor2.loads(dict(unprotected[PROOFS])[-1][0])
    path = [node.hex() for node in path]
    root = merkle.root_from_inclusion_proof(leaf.hex(), index, size, path)
    require(root is not None, "the path does not fit")
    message = cbor2.dumps(["Signature1", protected, b"", bytes.fromhex(root)])
    try:
        MLDSA65PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError) as fault:
        raise Refused("the signature does not verify") from fault


def check(receipt, leaf, keys):
    """Any of the two; returns the algorithm."""
    headers = cbor2.loads(parts(receipt)[0])
    algorithm, key = keys.get(headers[4], (None, None))
    require(key is not None, "the receipt names a key that is not known")
    require(headers[1] == algorithm, "the receipt names another algorithm than its key has")
    (check_ed_dsa if algorithm == ED_DSA else check_ml_dsa_65)(receipt, leaf, key)
    return algorithm


def differs_in_size_alone(changed, receipt):
    """What RFC 9942 does not sign: another size under which the path may have the same shape."""

    def without_size(receipt):
        protected, unprotected, payload, signature = parts(receipt)
        return protected, payload, signature, cbor2.loads(dict(unprotected[PROOFS])[-1][0])[1:]

    try:
        return without_size(changed) == without_size(receipt)
    except Exception:  # noqa: BLE001 - it is no receipt at all
        return False


def spoiled(receipt, leaf, keys):
    """Receipts that must not pass, each with what was done to it, its leaf and the keys."""
    protected, unprotected, payload, signature = parts(receipt)
    size, index, path = cbor2.loads(dict(unprotected[PROOFS])[-1][0])

    def written(protected=protected, proof=(size, index, path), payload=payload, signature=signature, more=None):
        headers = {PROOFS: {-1: [cbor2.dumps([proof[0], proof[1], list(proof[2])])]}} | (more or {})
        return cbor2.dumps(cbor2.CBORTag(18, [protected, headers, payload, signature]), canonical=True)

    def headers(**changed):
        labels = dict(cbor2.loads(protected)) | {int(label[1:]): value for label, value in changed.items()}
        return cbor2.dumps(labels, canonical=True)

    yield "the leaf ends otherwise", receipt, leaf[:-1] + bytes([leaf[-1] ^ 1]), keys
    yield "the leaf is longer", receipt, leaf + b"\x00", keys
    yield "the index is another", written(proof=(size, (index + 1) % size, path)), leaf, keys
    yield "the size is another", written(proof=(size * 4, index, path)), leaf, keys
    yield "the path is shorter", written(proof=(size, index, path[:-1])), leaf, keys
    yield "the path is longer", written(proof=(size, index, [*path, bytes(32)])), leaf, keys
    for at in range(len(path)):
        changed = [bytes(32) if number == at else node for number, node in enumerate(path)]
        yield f"hash {at} is another", written(proof=(size, index, changed)), leaf, keys
    claims = dict(cbor2.loads(protected)[15])
    yield "the issuer is another", written(protected=headers(_15=claims | {1: "other"})), leaf, keys
    yield "the subject is another", written(protected=headers(_15=claims | {2: "other"})), leaf, keys
    yield "the data structure is another", written(protected=headers(_395=2)), leaf, keys
    yield "the payload is attached", written(payload=bytes(32)), leaf, keys
    yield "the signature is of zeros", written(signature=bytes(len(signature))), leaf, keys
    yield "the signature is shorter", written(signature=signature[:-1]), leaf, keys
    others = {kid: (algorithm, other) for kid, (algorithm, other) in keys.items() if kid != cbor2.loads(protected)[4]}
    yield "the key is not known", receipt, leaf, others
    for kid, (algorithm, _) in others.items():
        if algorithm == cbor2.loads(protected)[1]:
            yield "the key is another's", written(protected=headers(_4=kid)), leaf, keys
    # The slow algorithm in every seventh byte only.
    for at in range(0, len(receipt), 1 if len(signature) == 64 else 7):
        changed = bytearray(receipt)
        changed[at] ^= 1 << (at % 8)
        if differs_in_size_alone(bytes(changed), receipt):
            continue
        yield f"byte {at} is another", bytes(changed), leaf, keys


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--receipt", required=True, action="append", help="a receipt in COSE")
    parser.add_argument("--policy", required=True)
    parser.add_argument("--key-set", help="what /.well-known/scitt-keys answers")
    args = parser.parse_args()
    with open(args.policy, encoding="utf-8") as file:
        keys = policy_keys(file.read())
    if args.key_set:
        with open(args.key_set, "rb") as file:
            told = key_set(file.read())
        if told != keys:
            sys.exit("REFUSED: the key set and the policy name other keys")
        print(f"  key set: {len(told)} keys, the same as in the policy")
    for name in args.receipt:
        with open(name, "rb") as file:
            receipt = file.read()
        try:
            own = parts(receipt)[1].get(QUORATE)
            require(own is not None, "no label of Quorate's own, so no leaf to check")
            leaf = own[2]
            algorithm = check(receipt, leaf, keys)
            stripped = bare(receipt)
            require(check(stripped, leaf, keys) == algorithm, "another verdict without the label")
        except Refused as fault:
            sys.exit(f"REFUSED: {name}: {fault}")
        count = 0
        for what, changed, changed_leaf, with_keys in spoiled(stripped, leaf, keys):
            count += 1
            try:
                check(changed, changed_leaf, with_keys)
            except Exception:  # noqa: BLE001 - whatever a parser says of it, it is refused
                continue
            sys.exit(f"ACCEPTED although {what}: {name}")
        kind = {ED_DSA: "-8 by scitt-cose", ML_DSA_65: "-49 by cryptography"}[algorithm]
        print(f"  {name}: accepted, {kind}; {len(receipt)} bytes, {len(stripped)} of RFC 9942; {count} spoiled ones refused")
    print("VERIFIED")


if __name__ == "__main__":
    main()
