"""``python tests/live.py URL POLICY [RECEIPT…]``: against a network that runs.

Submits with every scheme, waits, gets the receipts, verifies them, follows the events that tell of them; then verifies the
files named, each also spoilt.
"""

import hashlib
import sys
import time
from itertools import islice
from pathlib import Path

from quorate import Client, Signer, proof_submit, sign, verify_receipt


def main() -> None:
    url, policy_file, *files = sys.argv[1:]
    policy = Path(policy_file).read_bytes()
    client = Client(url, policy=policy)
    network = client.status()["network"]
    before = client.checkpoint()
    wanted = set()
    for scheme in ("ed25519", "ml-dsa-65", "ed25519+ml-dsa-65"):
        content = f"made by Python, {scheme}, {time.time_ns()}".encode()
        operation = proof_submit(hashlib.sha256(content).digest(), len(content), subject=scheme)
        submission = sign(Signer.generate(scheme), network, operation)
        facts = client.prove(submission).report.facts
        wanted.add(submission.id)
        print(f"{scheme:18} leaf {facts.index} of {facts.checkpoint_size}, {facts.id}")
    # All of them are final, so the events that tell of them have been told.
    for event in islice(client.events(1), 1_000_000):
        wanted -= {outcome["id"] for outcome in event.get("outcomes", ()) if outcome["state"] == "committed"}
        if not wanted:
            break
    after = client.checkpoint()
    assert not wanted and after.size >= before.size
    print(f"events and checkpoints agree; the log grew from {before.size} to {after.size}")
    for file in files:
        receipt = Path(file).read_bytes()
        report = verify_receipt(policy, receipt)
        assert report.verified, f"{file}: check {report.failed} failed"
        caught = 0
        for at in range(0, len(receipt), 97):
            spoilt = bytearray(receipt)
            spoilt[at] ^= 1
            assert not verify_receipt(policy, bytes(spoilt)).verified, f"{file}: byte {at} may be another"
            caught += 1
        print(f"{file}: verified, and refused with each of {caught} bytes turned")


if __name__ == "__main__":
    main()
