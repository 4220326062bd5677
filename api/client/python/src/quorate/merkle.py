"""The tree of RFC 6962 with SHA-256: leaves, nodes, inclusion and consistency proofs.

Index and size fix the exact length of a proof, so nothing can be appended, dropped or moved.
Source: RFC 6962 section 2.1, RFC 9162 sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from .encoding import sha256
from .errors import require


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00", entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01", left, right)


def proof_length(index: int, size: int) -> int | None:
    """How many hashes the proof for leaf ``index`` of ``size`` leaves has; None without such a leaf."""
    if index >= size:
        return None
    inner = (index ^ (size - 1)).bit_length()
    return inner + (index >> inner).bit_count()


def root_from(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a leaf's hash and a proof of the right length lead to."""
    found, at, edge = leaf, index, size - 1
    for sibling in proof:
        if at % 2 == 1 or at == edge:
            found = node_hash(sibling, found)
            # A left child on the right edge has no sibling: it is its own parent until it turns right.
            while at % 2 == 0 and at != 0:
                at, edge = at >> 1, edge >> 1
        else:
            found = node_hash(found, sibling)
        at, edge = at >> 1, edge >> 1
    return found


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuses unless the proof, whose length is right, leads to the root."""
    found = root_from(leaf, index, size, proof)
    require(found == root, f"the proof leads to root {found.hex()}, claimed was {root.hex()}")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Refuses unless the log of ``new_size`` leaves extends that of ``old_size``."""
    require(old_size <= new_size, f"a log of {new_size} leaves cannot extend one of {old_size}")
    require(old_size > 0, "the older log is empty, which says nothing about the newer one")
    if old_size == new_size:
        require(not proof, "a proof where none is needed")
        require(old_root == new_root, f"two roots for a log of {old_size} leaves")
        return
    at, edge = old_size - 1, new_size - 1
    while at % 2 == 1:
        at, edge = at >> 1, edge >> 1
    # A complete older tree is a node of the newer one, and begins the proof itself.
    hashes = [old_root, *proof] if at == 0 else list(proof)
    require(bool(hashes), "the proof is too short")
    older = newer = hashes[0]
    for sibling in hashes[1:]:
        require(edge != 0, "the proof is too long")
        if at % 2 == 1 or at == edge:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while at % 2 == 0 and at != 0:
                at, edge = at >> 1, edge >> 1
        else:
            newer = node_hash(newer, sibling)
        at, edge = at >> 1, edge >> 1
    require(edge == 0, "the proof is too short")
    require(older == old_root, "the proof leads to another older root")
    require(newer == new_root, "the proof leads to another newer root")
