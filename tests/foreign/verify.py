"""Checks a receipt of Quorate with programs that know nothing of Quorate.

Trust comes from the policy file alone. sigstore climbs the inclusion proof and reads the signed note, cryptography
checks every Ed25519 and ML-DSA-65 signature, jwcrypto the names of the keys in a JWK set. The item of a batch needs
hashlib alone. After the receipt has passed it is spoiled in each of its parts, and every spoiled one must fail: a check
that cannot fail shows nothing.
Source: RFC 6962, RFC 9162 2.1.3.2, RFC 7638, C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-policy.
"""

import argparse
import base64
import copy
import hashlib
import json
import struct
import sys
from types import SimpleNamespace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from jwcrypto import jwk
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import LogCheckpoint, SignedNote
from sigstore.errors import VerificationError

LOG = b"\x01"
COSIGNER_ED25519 = b"\x04"
COSIGNER_ML_DSA_65 = b"\xffquorate/ml-dsa-65/v1"
BATCH_TREE = b"rfc6962-sha256-digests"
SUBMISSION_TAG = b"quorate/v1/submission\x00"
HYBRID_LABEL = b"quorate/hybrid/ed25519+ml-dsa-65/v1\x00"


class Refused(Exception):
    """The receipt is not believed, and why."""


def require(holds, why):
    if not holds:
        raise Refused(why)


# ---- the policy: logs, witnesses, groups, a quorum


def parse_vkey(text):
    """`name+keyid+base64(type, key)`; the id is checked against its definition."""
    name, key_id, blob = text.split("+", 2)
    blob = base64.b64decode(blob, validate=True)
    for kind in (COSIGNER_ML_DSA_65, COSIGNER_ED25519, LOG):
        if blob.startswith(kind):
            break
    else:
        raise Refused(f"{name}: a key of a type this verifier does not know")
    expected = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
    require(expected.hex() == key_id, f"{name}: key id {key_id}, computed {expected.hex()}")
    key = blob[len(kind) :]
    return SimpleNamespace(name=name, key_id=expected, kind=kind, key=key)


def parse_policy(text):
    policy = SimpleNamespace(logs=[], witnesses={}, groups={}, quorum=None)
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if words[0] == "log":
            policy.logs.append(parse_vkey(words[1]))
        elif words[0] == "witness":
            policy.witnesses[words[1]] = parse_vkey(words[2])
        elif words[0] == "group":
            members = words[3:]
            count = {"any": 1, "all": len(members)}.get(words[2])
            policy.groups[words[1]] = (int(words[2]) if count is None else count, members)
        elif words[0] == "quorum":
            policy.quorum = words[1]
        else:
            raise Refused(f"policy: {words[0]} is no keyword")
    require(policy.logs, "policy: it names no log")
    require(policy.quorum not in (None, "none"), "policy: it asks for no quorum")
    return policy


def is_satisfied(policy, name, signed):
    if name in policy.witnesses:
        return name in signed
    count, members = policy.groups[name]
    return sum(is_satisfied(policy, member, signed) for member in members) >= count


# ---- the checkpoint: a note, its text, its signature lines


def ed25519(key, signature, message):
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


def ml_dsa_65(key, signature, message):
    MLDSA65PublicKey.from_public_bytes(key).verify(signature, message)


def subtree_message(cosigner, time_s, origin, size, root):
    """What a checkpoint's ML-DSA cosignature signs: the subtree from 0 to its size."""
    name, origin = cosigner.encode(), origin.encode()
    return (
        b"subtree/v1\n\x00"
        + bytes([len(name)])
        + name
        + struct.pack(">Q", time_s)
        + bytes([len(origin)])
        + origin
        + struct.pack(">QQ", 0, size)
        + root
    )


def check_line(key, signature, text, checkpoint):
    """One signature line under the note, by the type of its key."""
    root = bytes.fromhex(checkpoint.log_hash)
    if key.kind == LOG:
        ed25519(key.key, signature, text)
        return
    (time_s,) = struct.unpack(">Q", signature[:8])
    if key.kind == COSIGNER_ED25519:
        ed25519(key.key, signature[8:], b"cosignature/v1\ntime %d\n" % time_s + text)
    else:
        message = subtree_message(key.name, time_s, checkpoint.origin, checkpoint.log_size, root)
        ml_dsa_65(key.key, signature[8:], message)


def check_checkpoint(policy, note_text):
    """The signatures and the quorum; returns the head and what was counted."""
    note = SignedNote.from_text(note_text)
    checkpoint = LogCheckpoint.from_text(note.note)
    require(not checkpoint.other_content, "checkpoint: it has extension lines")
    require(len(note.signatures) == len(note_text.split("\n\n", 1)[1].splitlines()), "note: a line is malformed")
    keys = {(key.name, key.key_id): (None, key) for key in policy.logs}
    keys |= {(key.name, key.key_id): (witness, key) for witness, key in policy.witnesses.items()}
    signed, kinds = set(), {LOG: 0, COSIGNER_ED25519: 0, COSIGNER_ML_DSA_65: 0}
    for line in note.signatures:
        known = keys.get((line.name, line.sig_hash))
        require(known, f"checkpoint: {line.name} signs with a key that the policy does not name")
        witness, key = known
        try:
            check_line(key, base64.b64decode(line.signature), note.note.encode(), checkpoint)
        except (InvalidSignature, struct.error, ValueError) as fault:
            raise Refused(f"checkpoint: a signature of {line.name} does not verify ({fault!r})") from fault
        kinds[key.kind] += 1
        if witness:
            signed.add(witness)
    require(kinds[LOG] > 0, "checkpoint: no log has signed it")
    require(all(key.name == checkpoint.origin for key in policy.logs), "checkpoint: of another origin")
    require(is_satisfied(policy, policy.quorum, signed), f"checkpoint: {sorted(signed)} are no quorum")
    return checkpoint, kinds


# ---- the entry: protobuf, read without a schema


def fields(message):
    """The fields of a protobuf message: number to value (an integer or bytes), the last one counts."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            found[tag >> 3] = varint()
        elif tag & 7 == 2:
            length = varint()
            require(at + length <= len(message), "entry: a field runs past its end")
            found[tag >> 3] = message[at : at + length]
            at += length
        else:
            raise Refused(f"entry: wire type {tag & 7}")
    return found


def check_author(entry):
    """The author's signature, if the entry is a submission; returns the submission's id."""
    submission = fields(entry).get(3)
    if submission is None:
        return None
    envelope = fields(submission)[3]
    parts = fields(envelope)
    body, signature = parts[1], fields(parts[2])
    key = fields(fields(body)[4])
    message = SUBMISSION_TAG + fields(body)[1] + body
    require(key[1] == signature[1], "entry: key and signature are of two schemes")
    halves = {1: (ed25519, None), 2: (None, ml_dsa_65), 3: (ed25519, ml_dsa_65)}
    require(key[1] in halves, f"entry: scheme {key[1]} is not known here")
    first, second = halves[key[1]]
    if key[1] == 3:
        message = HYBRID_LABEL + message
    try:
        if first:
            first(key[2][:32], signature[2][:64], message)
        if second:
            second(key[2][32 if first else 0 :], signature[2][64 if first else 0 :], message)
    except (InvalidSignature, ValueError) as fault:
        raise Refused("entry: the author's signature does not verify") from fault
    return hashlib.sha256(envelope).hexdigest()


# ---- the item of a batch


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def lower_hex(text):
    """The 32 bytes that the text spells, in the one way in which they are spelt."""
    value = bytes.fromhex(text)
    require(len(value) == 32 and value.hex() == text, f"item: {text!r} is no digest")
    return value


def check_item(entry, item):
    """That the item stands in the batch that the entry anchors; returns what was found."""
    submission = fields(entry).get(3)
    require(submission is not None, "item: the entry is no submission")
    anchor = fields(fields(fields(submission)[3])[1]).get(23)
    require(anchor is not None, "item: the entry is no batch.anchor")
    anchor = fields(anchor)
    root, count = anchor[1], anchor[2]
    require(anchor.get(3) == BATCH_TREE, f"item: the tree is {anchor.get(3)}")
    require(item.keys() == {"digest", "index", "path"}, f"item: its members are {sorted(item)}")
    require(type(item["index"]) is int and 0 <= item["index"] < count, "item: its index is outside the batch")
    found, at, edge = sha256(b"\x00", lower_hex(item["digest"])), item["index"], count - 1
    for sibling in map(lower_hex, item["path"]):
        require(edge > 0, "item: the path is too long")
        if at % 2 == 1 or at == edge:
            found = sha256(b"\x01", sibling, found)
            while at % 2 == 0 and at != 0:
                at, edge = at >> 1, edge >> 1
        else:
            found = sha256(b"\x01", found, sibling)
        at, edge = at >> 1, edge >> 1
    require(edge == 0, "item: the path is too short")
    require(found == root, f"item: the path leads to {found.hex()}, the root is {root.hex()}")
    return f", item {item['index']} of {count}: {item['digest']}"


# ---- the receipt


def check_receipt(policy, receipt):
    require(receipt["format"] == "quorate/receipt/v1", f"receipt: its format is {receipt['format']!r}")
    entry = base64.b64decode(receipt["entry"], validate=True)
    checkpoint, kinds = check_checkpoint(policy, receipt["checkpoint"])
    require(0 <= receipt["index"] < checkpoint.log_size, "receipt: its index is outside the log")
    proof = SimpleNamespace(
        log_index=receipt["index"],
        tree_size=checkpoint.log_size,
        hashes=[bytes.fromhex(digest) for digest in receipt["proof"]],
        root_hash=bytes.fromhex(checkpoint.log_hash),
    )
    try:
        verify_merkle_inclusion(SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry)))
    except VerificationError as fault:
        raise Refused(f"inclusion: {fault}") from fault
    submission = check_author(entry)
    item = check_item(entry, receipt["item"]) if "item" in receipt else ""
    return (
        f"{checkpoint.origin}: leaf {receipt['index']} of {checkpoint.log_size}, submission {submission}{item}; "
        f"{kinds[LOG]} log signatures, cosigned by {kinds[COSIGNER_ED25519]} Ed25519 "
        f"and {kinds[COSIGNER_ML_DSA_65]} ML-DSA-65 keys"
    )


def flipped(text, at):
    """The base64 or hex character at `at` replaced by another one."""
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


def spoiled(receipt):
    """The receipt with one fault in each of its parts, and the fault's name."""

    def one(name, **changes):
        return name, {**copy.deepcopy(receipt), **changes}

    text, lines = receipt["checkpoint"].split("\n\n", 1)
    body, lines = text.split("\n"), lines.splitlines()
    yield one("another format", format="quorate/receipt/v2")
    yield one("another entry", entry=flipped(receipt["entry"], len(receipt["entry"]) // 2))
    yield one("the next index", index=receipt["index"] + 1)
    yield one("a longer proof", proof=receipt["proof"] + ["00" * 32])
    for at, digest in enumerate(receipt["proof"]):
        proof = list(receipt["proof"])
        proof[at] = flipped(digest, 7)
        yield one(f"another hash {at} in the proof", proof=proof)
    for at, what in enumerate(("origin", "size", "root")):
        changed = list(body)
        changed[at] = flipped(changed[at], 0)
        yield one(f"another {what}", checkpoint="\n".join(changed) + "\n\n" + "\n".join(lines) + "\n")
    for at, line in enumerate(lines):
        changed = list(lines)
        changed[at] = flipped(line, len(line) - 40)
        yield one(f"another signature line {at}", checkpoint=text + "\n\n" + "\n".join(changed) + "\n")
    if "item" in receipt:
        yield from spoiled_items(receipt)
    yield one("only the log's signatures", checkpoint=text + "\n\n" + lines[0] + "\n")


def spoiled_items(receipt):
    """The receipt with one fault in its item."""
    item = receipt["item"]

    def one(name, **changes):
        return f"an item of {name}", {**copy.deepcopy(receipt), "item": {**copy.deepcopy(item), **changes}}

    path = item["path"]
    yield one("another digest", digest=flipped(item["digest"], 7))
    yield one("upper-case digest", digest=item["digest"].upper())
    for index in (item["index"] ^ 1, item["index"] + 1, 2**32, -1, str(item["index"])):
        yield one(f"index {index!r}", index=index)
    yield one("a longer path", path=path + ["00" * 32])
    yield one("a member more", count=1)
    for at, digest in enumerate(path):
        yield one(f"a path without hash {at}", path=path[:at] + path[at + 1 :])
        yield one(f"another hash {at}", path=path[:at] + [flipped(digest, 7)] + path[at + 1 :])
    if path:
        # The parent of the item and its neighbour, one level up: a node in the place of a leaf.
        pair = [sha256(b"\x00", bytes.fromhex(item["digest"])), bytes.fromhex(path[0])]
        node = sha256(b"\x01", *(pair if item["index"] % 2 == 0 else reversed(pair))).hex()
        yield one("a node for a leaf", digest=node, index=item["index"] // 2, path=path[1:])


def check_jwks(text):
    """Each key's id is its RFC 7638 thumbprint, computed by jwcrypto; returns how many of each type."""
    kinds = {}
    for key in json.loads(text)["keys"]:
        if key["kty"] == "OKP" and key.get("alg") == "EdDSA" and (key["kid"] == "default" or "#" in key["kid"]):
            # One more name of a key, for clients that look for `alg`.
            kinds["alias"] = kinds.get("alias", 0) + 1
            continue
        plain = {member: key[member] for member in ("kty", "crv", "x", "alg", "pub") if member in key}
        thumbprint = jwk.JWK(**plain).thumbprint()
        require(key["kid"] == thumbprint, f"jwks: kid {key['kid']}, thumbprint {thumbprint}")
        require(not {"d", "priv"} & key.keys(), f"jwks: {key['kid']} publishes a secret")
        require(key["kty"] != "OKP" or "alg" not in key, f"jwks: {key['kid']} is OKP with alg")
        require(key["kty"] != "AKP" or key.get("alg") == "ML-DSA-65", f"jwks: {key['kid']} is AKP of another alg")
        kinds[key["kty"]] = kinds.get(key["kty"], 0) + 1
    require(kinds, "jwks: it holds no key")
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--receipt", required=True)
    parser.add_argument("--policy", required=True)
    parser.add_argument("--jwks")
    arguments = parser.parse_args()
    with open(arguments.policy, encoding="utf-8") as file:
        policy = parse_policy(file.read())
    with open(arguments.receipt, encoding="utf-8") as file:
        receipt = json.load(file)
    print("verified", check_receipt(policy, receipt))
    caught = 0
    for name, bad in spoiled(receipt):
        try:
            check_receipt(policy, bad)
        except (Refused, VerificationError, ValueError, LookupError):
            caught += 1
            continue
        raise Refused(f"a receipt with {name} was believed")
    print(f"refused  {caught} spoiled receipts")
    if arguments.jwks:
        with open(arguments.jwks, encoding="utf-8") as file:
            print("jwks    ", check_jwks(file.read()))


if __name__ == "__main__":
    try:
        main()
    except Refused as fault:
        sys.exit(f"REFUSED {fault}")
