"""A log of its own asks a node of Quorate to cosign it, with programs that know nothing of Quorate.

The log's tree, proofs and requests are computed here with hashlib, its signatures are made and the witness's are checked
with cryptography. Every status that C2SP gives is asked for once. The node must have been told of the log: `--vkey`
prints the line for its configuration.
Source: C2SP tlog-witness, tlog-cosignature, signed-note; RFC 6962 2.1.2; draft-ietf-plants-merkle-tree-certs (subtrees).
"""

import argparse
import base64
import hashlib
import json
import struct
import sys
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey, MLDSA65PublicKey

ORIGIN = "log.example/foreign"
SEED = hashlib.sha256(b"a log of tests/foreign").digest()
LOG = b"\x01"
ED25519 = b"\x04"
ML_DSA_44 = b"\x06"
ML_DSA_65 = b"\xffquorate/ml-dsa-65/v1"
DASH = "\u2014"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(data):
    return base64.b64encode(data).decode()


def key_id(name, kind, key):
    return sha256(name.encode(), b"\n", kind, key)[:4]


# ---- the log: leaf n says "n", in a fork something else from leaf 4 on


def leaves(size, fork=""):
    return [sha256(b"\x00", f"{n}{fork if n >= 4 else ''}".encode()) for n in range(size)]


def tree_hash(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha256(b"\x01", tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def subproof(start, end, low, hashes, whole=True):
    """The subtree consistency proof of [start, end) in D[low:low+len(hashes)]; with start 0 it is RFC 6962's PROOF."""
    if (start, end) == (low, low + len(hashes)):
        return [] if whole else [tree_hash(hashes)]
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    middle = low + split
    if end <= middle:
        return subproof(start, end, low, hashes[:split], whole) + [tree_hash(hashes[split:])]
    if start >= middle:
        return subproof(start, end, middle, hashes[split:], whole) + [tree_hash(hashes[:split])]
    return subproof(middle, end, middle, hashes[split:], False) + [tree_hash(hashes[:split])]


def checkpoint(size, fork="", origin=ORIGIN, seed=SEED, root=None):
    root = tree_hash(leaves(size, fork)) if root is None else root
    text = f"{origin}\n{size}\n{b64(root)}\n"
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    line = key_id(origin, LOG, public) + key.sign(text.encode())
    return text, f"{text}\n{DASH} {origin} {b64(line)}\n"


def request(old, size, fork="", **more):
    proof = subproof(0, old, 0, leaves(size, fork)) if 0 < old <= size else []
    lines = "".join(f"{b64(one)}\n" for one in proof)
    return f"old {old}\n{lines}\n{checkpoint(size, fork, **more)[1]}"


def vkey():
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    return f"{ORIGIN}+{key_id(ORIGIN, LOG, public).hex()}+{b64(LOG + public)}"


# ---- the witness


def ask(url, body):
    asked = urllib.request.Request(url, data=body.encode(), method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["content-type"], refused.read().decode()


def subtree_message(name, at, start, end, root):
    return (
        b"subtree/v1\n\x00"
        + bytes([len(name)]) + name.encode()
        + struct.pack(">Q", at)
        + bytes([len(ORIGIN)]) + ORIGIN.encode()
        + struct.pack(">QQ", start, end)
        + root
    )


class Witness:
    """The keys of a witness, from the vkeys that its operator gave out."""

    def __init__(self, vkeys):
        self.keys = {}
        for text in vkeys:
            name, written, blob = text.split("+", 2)
            blob = base64.b64decode(blob, validate=True)
            kind = next(kind for kind in (ML_DSA_65, ML_DSA_44, ED25519) if blob.startswith(kind))
            key = blob[len(kind) :]
            assert key_id(name, kind, key).hex() == written, f"{name}: wrong key id"
            self.keys[(name, bytes.fromhex(written))] = (kind, key)

    def check(self, answer, text=None, subtree=None):
        """Checks every line of an answer; gives the kinds of keys that signed."""
        kinds = []
        for line in answer.splitlines():
            dash, name, payload = line.split(" ")
            assert dash == DASH, line
            payload = base64.b64decode(payload, validate=True)
            kind, key = self.keys[(name, payload[:4])]
            (at,), signature = struct.unpack(">Q", payload[4:12]), payload[12:]
            start, end, root = subtree or (0, *head(text))
            assert at == 0 if subtree else abs(at - time.time()) < 60, f"time {at}"
            if kind == ED25519:
                message = f"cosignature/v1\ntime {at}\n{text}".encode()
                Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
            else:
                message = subtree_message(name, at, start, end, root)
                scheme = MLDSA65PublicKey if kind == ML_DSA_65 else MLDSA44PublicKey
                scheme.from_public_bytes(key).verify(signature, message)
            kinds.append(kind)
        return kinds


def head(text):
    _, size, root = text.splitlines()
    return int(size), base64.b64decode(root)


def expect(found, status, why):
    assert found[0] == status, f"{why}: {found}, not {status}"
    print(f"  {status}  {why}")
    return found


def run(base):
    with urllib.request.urlopen(f"{base}/v1/witness", timeout=20) as answer:
        witness = Witness(json.load(answer)["cosigns"]["vkeys"])
    add, sign = f"{base}/witness/add-checkpoint", f"{base}/witness/sign-subtree"
    monitor = f"{base}/witness/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"

    found = ask(add, request(0, 8))
    if found[0] == 409:
        sys.exit(f"the witness has cosigned this log before, size {found[2].strip()}: give it a new directory")
    expect(found, 200, "a first checkpoint")
    kinds = witness.check(found[2], checkpoint(8)[0])
    assert sorted(kinds) == sorted([ED25519, ML_DSA_65, ML_DSA_44]), kinds
    for old, size in [(8, 8), (8, 13), (13, 21)]:
        found = expect(ask(add, request(old, size)), 200, f"from {old} to {size}")
        witness.check(found[2], checkpoint(size)[0])
    try:
        witness.check(found[2], checkpoint(13)[0])
        sys.exit("a cosignature of one checkpoint holds for another: this check shows nothing")
    except AssertionError:
        raise
    except Exception:
        pass

    found = expect(ask(add, request(13, 30)), 409, "from a size that is not the last")
    assert (found[1], found[2]) == ("text/x.tlog.size", "21\n"), found
    expect(ask(add, request(22, 21)), 400, "from more than the checkpoint has")
    expect(ask(add, "nonsense"), 400, "no request")
    long_proof = request(21, 30).replace("old 21\n", "old 21\n" + f"{b64(bytes(32))}\n" * 64, 1)
    expect(ask(add, long_proof), 400, "a proof of more than 63 hashes")
    expect(ask(add, request(21, 30, origin="log.example/unknown")), 404, "another log")
    expect(ask(add, request(21, 30, seed=bytes(32))), 403, "another's key")
    text, note = checkpoint(30)
    expect(ask(add, request(21, 30).replace("\n30\n", "\n31\n", 1)), 403, "a text that was not signed")
    expect(ask(add, f"old 21\n\n{note}"), 422, "no proof")
    expect(ask(add, request(21, 30, fork="'")), 422, "another history")
    expect(ask(add, request(21, 21, fork="'")), 422, "another root for the same size")

    with urllib.request.urlopen(monitor, timeout=20) as answer:
        note = answer.read().decode()
    text, lines = note.rsplit("\n\n", 1)
    text += "\n"
    ours = "".join(f"{line}\n" for line in lines.splitlines() if f" {ORIGIN} " not in line)
    assert head(text) == head(checkpoint(21)[0]) and len(witness.check(ours, text)) == 3
    print("  200  what a monitor reads is what was cosigned last")

    def part(start, end, size, hashed=None, tail=None):
        hashes = leaves(size)
        root = tree_hash(hashes[start:end]) if hashed is None else hashed
        proof = "".join(f"{b64(one)}\n" for one in subproof(start, end, 0, hashes))
        return root, f"subtree {start} {end}\n{b64(root)}\n{proof}\n{checkpoint(size)[0] if tail is None else tail}"

    root, body = part(8, 13, 21)
    found = expect(ask(sign, body), 200, "a subtree of the checkpoint cosigned last")
    assert witness.check(found[2], subtree=(8, 13, root)) == [ML_DSA_65, ML_DSA_44]
    root, body = part(16, 21, 21, tail=note)
    found = expect(ask(sign, body), 200, "a subtree of a checkpoint under the witness's own cosignature")
    witness.check(found[2], subtree=(16, 21, root))
    expect(ask(sign, part(8, 13, 21, hashed=bytes(32))[1]), 422, "another hash")
    expect(ask(sign, part(8, 13, 20)[1]), 409, "a checkpoint that was not cosigned last")
    expect(ask(sign, part(8, 13, 21)[1].replace("8 13", "13 8", 1)), 400, "a range the wrong way round")
    print("every answer of the witness holds")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vkey", action="store_true", help="print the log's key for witness.logs, and end")
    parser.add_argument("--url", help="the node that cosigns")
    args = parser.parse_args()
    if args.vkey:
        print(vkey())
    elif args.url:
        run(args.url)
    else:
        parser.error("--url or --vkey is needed")


if __name__ == "__main__":
    main()
