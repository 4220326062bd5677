"""Evidence of a job, judged by programs that know nothing of Quorate.

A job is run through a node, and its record taken from another together with the published keys. `json` makes the canonical
bytes anew, pymerkle the root over the items, pyca/cryptography checks the ML-DSA-65 signature over the documented bytes. Then
a byte of an artifact is turned, one after the other, and what the record would have to be then is neither signed nor has that
root. What is written goes to a folder, for `quorate verify-evidence`.
Source: ledger/verify/EVIDENCE.md.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import sys
import time
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from pymerkle import InmemoryTree

ARTIFACTS = {"circuit.qasm": b"OPENQASM 3;\nh q[0];\n", "results.json": b'{"00":512,"11":488}'}


class Refused(Exception):
    """The record is not what it says, and why."""


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def call(url, path, key=None, body=None):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url + path, None if body is None else json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as fault:
        return fault.code, fault.read()


def wanted(url, path, key=None, body=None, status=200):
    """Asks until the answer has the status; what one node committed another has a moment later."""
    for _ in range(300):
        found, text = call(url, path, key, body)
        if found == status:
            return json.loads(text)
        if found not in (202, 404):
            break
        time.sleep(0.1)
    raise Refused(f"{path}: {found} {text!r}")


def run(url, key, name):
    """A job from its plan to its evidence."""
    job = {"job_id": name, "backend": {"id": "sim", "provider": "Simulated"}, "shots_requested": 1000}
    wanted(url, "/api/v2/jobs", key, job, 201)
    wanted(url, f"/api/v2/jobs/{name}/state", key, {"status": "running"})
    described = [
        {"name": file, "hash": "sha256:" + sha256(data), "size_bytes": len(data), "content_type": "application/octet-stream"}
        for file, data in ARTIFACTS.items()
    ]
    done = {"status": "completed", "execution": {"shots_completed": 1000, "success_rate": 0.987}, "artifacts": described}
    wanted(url, f"/api/v2/jobs/{name}/state", key, done)
    wanted(url, f"/api/v2/jobs/{name}/evidence", key)


def root_of(items):
    tree = InmemoryTree(algorithm="sha256")
    for item in items:
        tree.append_entry(bytes.fromhex(item["content_hash"]))
    return tree.get_root().hex()


def hash_of(record, items, root):
    sealed = [{"id": item["id"], "content_hash": item["content_hash"]} for item in items]
    header = {name: record[name] for name in ("protocol", "record_id", "tenant_id", "created_at")}
    return sha256(canonical(header | {"items": sealed, "merkle_root": root}))


def signed(record, key, bundle_hash):
    """Whether the envelope's signature is one of this hash."""
    public, value = (base64.b64decode(text) for text in (key["public_key"], record["attestation"]["signature"]["value"]))
    kinds = {"ML-DSA-65": mldsa.MLDSA65PublicKey.from_public_bytes, "Ed25519": ed25519.Ed25519PublicKey.from_public_bytes}
    try:
        kinds[key["algorithm"]](public).verify(value, hashlib.sha256(bundle_hash.encode()).digest())
        return True
    except InvalidSignature:
        return False


def check(record, files, key):
    """The record with the data its items would have beside these files, judged from the beginning."""
    items = []
    for item in record["items"]:
        data = dict(item["data"]) if isinstance(item["data"], dict) else item["data"]
        if isinstance(data, dict) and data.get("name") in files:
            data["hash"] = "sha256:" + sha256(files[data["name"]])
        items.append({"id": item["id"], "content_hash": sha256(canonical(data))})
    root = root_of(items)
    return root == record["merkle_root"], signed(record, key, hash_of(record, items, root))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--other", required=True, help="the node that is asked for what the first one made")
    arguments.add_argument("--key", help="a credential; a development network asks for none")
    arguments.add_argument("--dir", required=True, type=pathlib.Path)
    arguments = arguments.parse_args()
    name = f"job_{int(time.time() * 1000)}"
    run(arguments.url, arguments.key, name)
    record = wanted(arguments.other, f"/api/v2/jobs/{name}/evidence/record", arguments.key)
    bundle = wanted(arguments.other, "/api/v1/kms/trust-bundle")
    root = wanted(arguments.other, "/api/v1/kms/trust-root")
    key = next(key for key in bundle["keys"] if key["key_id"] == record["attestation"]["key"]["key_id"])
    if sha256(base64.b64decode(key["public_key"])) != record["attestation"]["key"]["fingerprint"]:
        raise Refused("the fingerprint is of another key")
    if hash_of(record, record["items"], record["merkle_root"]) != record["bundle_hash"]:
        raise Refused("the bundle hash is of another record")
    if check(record, ARTIFACTS, key) != (True, True):
        raise Refused("root or signature of the record as it is")
    turned = 0
    for file, data in ARTIFACTS.items():
        for at in range(len(data)):
            spoilt = bytearray(data)
            spoilt[at] ^= 1
            if check(record, ARTIFACTS | {file: bytes(spoilt)}, key) != (False, False):
                raise Refused(f"{file}: byte {at} turned is not noticed")
            turned += 1
    arguments.dir.mkdir(parents=True, exist_ok=True)
    for file, value in (("record.json", record), ("trust-bundle.json", bundle), ("trust-root.json", root)):
        (arguments.dir / file).write_bytes(canonical(value))
    for file, data in ARTIFACTS.items():
        (arguments.dir / file).write_bytes(data)
    print(f"{record['record_id']}: root and signature agree; {turned} turned bytes of {len(ARTIFACTS)} artifacts do not")


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(f"REFUSED: {refused}")
