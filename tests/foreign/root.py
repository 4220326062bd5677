"""Builds the tree over a published log with a program that knows nothing of Quorate, and compares its root.

The folder is what `quorate tiles publish` wrote. pymerkle gets every leaf from the entry bundles, and its root has to be
the one in the checkpoint; a receipt's path has to be the one that it makes itself. Then a byte of each of some leaves is
turned, leaves are left out, doubled and swapped, and the root has to be another.
Source: RFC 6962, C2SP tlog-tiles and tlog-checkpoint.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

from pymerkle import InmemoryTree


class Refused(Exception):
    """The log is not what its checkpoint says, and why."""


def require(holds, why):
    if not holds:
        raise Refused(why)


def bundles(folder, size):
    """The leaves in their order, from bundles of 256 of which the last is partial."""
    for number in range((size + 255) // 256):
        name = f"{number % 1000:03}"
        while number >= 1000:
            number //= 1000
            name = f"x{number % 1000:03}/{name}"
        whole, at = folder / "tile" / "entries" / name, 0
        data = whole if whole.is_file() else whole.with_name(f"{whole.name}.p") / str(size % 256)
        data = data.read_bytes()
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            yield data[at + 2 : at + 2 + length]
            at += 2 + length


def tree(leaves):
    built = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        built.append_entry(leaf)
    return built


def check(leaves, size, root):
    require(len(leaves) == size, f"{len(leaves)} leaves, the checkpoint is of {size}")
    built = tree(leaves)
    require(built.get_root() == root, f"the leaves make the root {built.get_root().hex()}, signed is {root.hex()}")
    return built


def spoiled(leaves):
    """Logs that must make another root, each with what was done to it."""
    for at in range(0, len(leaves), max(1, len(leaves) // 16)):
        leaf = leaves[at]
        place = len(leaf) // 2
        turned = leaf[:place] + bytes([leaf[place] ^ 1]) + leaf[place + 1 :]
        yield f"leaf {at} is another", leaves[:at] + [turned] + leaves[at + 1 :]
        yield f"leaf {at} is missing", leaves[:at] + leaves[at + 1 :]
        yield f"leaf {at} stands there twice", leaves[:at] + [leaf] + leaves[at:]
        yield f"leaf {at} is its hash", leaves[:at] + [hashlib.sha256(b"\x00" + leaf).digest()] + leaves[at + 1 :]
    yield "two leaves are swapped", [leaves[1], leaves[0], *leaves[2:]]
    yield "the last one is missing, the first there twice", [leaves[0], *leaves[:-1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--receipt", action="append", default=[], help="a receipt in JSON")
    args = parser.parse_args()
    origin, size, root = (args.folder / "checkpoint").read_text(encoding="utf-8").split("\n")[:3]
    size, root = int(size), base64.b64decode(root, validate=True)
    leaves = list(bundles(args.folder, size))
    built = check(leaves, size, root)
    for name in args.receipt:
        receipt = json.loads(Path(name).read_text(encoding="utf-8"))
        at, of = receipt["index"], int(receipt["checkpoint"].split("\n")[1])
        require(base64.b64decode(receipt["entry"]) == leaves[at], f"{name} holds another leaf than {at}")
        path = [digest.hex() for digest in built.prove_inclusion(at + 1, of).path]
        # pymerkle's path begins with the leaf.
        leaf = hashlib.sha256(b"\x00" + leaves[at]).hexdigest()
        require(path == [leaf, *receipt["proof"]], f"{name} has another path than the one that the tree makes")
    count = 0
    for what, changed in spoiled(leaves):
        count += 1
        try:
            check(changed, size, root)
        except Refused:
            continue
        raise Refused(f"the same root although {what}")
    print(f"root: {origin}, {size} leaves and {len(args.receipt)} paths as pymerkle makes them; {count} spoiled logs refused")


if __name__ == "__main__":
    try:
        main()
    except Refused as fault:
        sys.exit(f"REFUSED {fault}")
