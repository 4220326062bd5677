"""What `receipts.sh` asks of a network, and of the Python verifier.

    receipts.py statements URL COUNT      registers so many statements, signed here, of every envelope in turn
    receipts.py size URL                  the size of the newest checkpoint
    receipts.py sample URL DIR COUNT SEED receipts of random entries and of all that is no mixed load, in every dialect
    receipts.py rust REPORT               what `quorate verify DIR --output json` found, in a line
    receipts.py verify POLICY DIR         verifies every receipt below it; exit code 4 when one is not true
    receipts.py spoil DIR TO              a receipt of each dialect with one byte turned, each in a folder
"""

import base64
import hashlib
import http.client
import json
import random
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from quorate import Policy, Signer, verify_receipt

#: Format to the ending of its files; the entry of a tlog-proof lies beside it.
ENDINGS = {"json": "json", "tlog-proof": "tlog-proof", "cose": "cose", "bundle": "quorate.json"}
#: What a leaf is, by its first byte.
KINDS = {0x0A: "genesis", 0x12: "epoch", 0x1A: "submission", 0x22: "block", 0xD2: "COSE statement"}
#: Leaves that begin every log here: genesis, epoch, keys, artifact, statements with their blocks.
FIRST = 400


def ask(connection, method, path, body=None, headers=None):
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status >= 400:
        sys.exit(f"{method} {path}: {answer.status} {text[:400]!r}")
    return text


def connect(url):
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)


def size_of(connection):
    return int(ask(connection, "GET", "/checkpoint").split(b"\n")[1])


# ---- statements, signed as their own worlds do


def url64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bstr(data):
    length = len(data)
    if length < 24:
        return bytes([0x40 | length]) + data
    return (bytes([0x58, length]) if length < 256 else b"\x59" + length.to_bytes(2, "big")) + data


def tstr(text):
    data = bstr(text.encode())
    return bytes([data[0] | 0x20]) + data[1:]


def jws(key, did, number):
    header = json.dumps({"alg": "EdDSA", "kid": did, "sub": f"number {number}"}).encode()
    signed = url64(header) + "." + url64(b"%d" % number)
    return "application/jose", (signed + "." + url64(key.sign(signed.encode()))).encode()


def cose(key, did, number):
    header = b"\xa2\x01\x27\x0f\xa2\x01" + tstr(did) + b"\x02" + tstr(f"number {number}")
    payload = b"%d" % number
    signature = key.sign(b"\x84\x6aSignature1" + bstr(header) + b"\x40" + bstr(payload))
    return "application/cose", b"\xd2\x84" + bstr(header) + b"\xa0" + bstr(payload) + bstr(signature)


def signed_request(key, did, number):
    body = b"%d" % number
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    params = f'("@path" "content-digest");keyid="{did}";alg="ed25519"'
    base = f'"@path": /{number}\n"content-digest": sha-256=:{digest}:\n"@signature-params": {params}'
    signature = base64.b64encode(key.sign(base.encode())).decode()
    members = {"format": "quorate/http-signature/v1", "base": base, "input": f"sig1={params}"}
    members |= {"signature": f"sig1=:{signature}:", "body": base64.b64encode(body).decode()}
    return "application/vnd.quorate.http-signature.v1+json", json.dumps(members).encode()


def dsse(key, did, number):
    """An envelope has no place for a key, so that it is given beside, in JSON."""
    payload = b"%d" % number
    signature = base64.b64encode(key.sign(b"DSSEv1 10 text/plain %d %b" % (len(payload), payload))).decode()
    envelope = {"payload": base64.b64encode(payload).decode(), "payloadType": "text/plain"}
    envelope |= {"signatures": [{"sig": signature}]}
    beside = {"scheme": "ed25519", "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode()}
    statement = base64.b64encode(json.dumps(envelope).encode()).decode()
    return "application/json", json.dumps({"statement": statement, "keys": [beside], "wait": "committed"}).encode()


def statements(url, count):
    seed = hashlib.sha256(b"the statements of the acceptance").digest()
    key, did = Ed25519PrivateKey.from_private_bytes(seed), Signer(seed).did

    def some(start):
        connection = connect(url)
        for number in range(start, count, 16):
            kind, body = (jws, cose, signed_request, dsse)[number % 4](key, did, number)
            path = "/v1/statements" if kind == "application/json" else "/v1/statements?wait=committed"
            ask(connection, "POST", path, body, {"content-type": kind})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(some, range(16)))


# ---- receipts


def sample(url, folder, count, seed):
    folder.mkdir()
    connection = connect(url)
    size = size_of(connection)
    chosen = set(random.Random(seed).sample(range(size), count))
    # Some of the first and of the last ones, which are of the rarer kinds.
    chosen |= set(range(0, min(FIRST, size), 4)) | set(range(max(0, size - 40), size))
    begin = time.perf_counter()

    def some(indices):
        connection = connect(url)
        for index in indices:
            for name, ending in ENDINGS.items():
                text = ask(connection, "GET", f"/v1/entries/{index}/receipt?size={size}&format={name}")
                (folder / f"{index}.{ending}").write_bytes(text)
                if name == "json":
                    (folder / f"{index}.entry").write_bytes(base64.b64decode(json.loads(text)["entry"]))

    ordered = sorted(chosen)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(some, [ordered[start::4] for start in range(4)]))
    kinds = {}
    for index in ordered:
        entry = (folder / f"{index}.entry").read_bytes()
        kind = KINDS[entry[0]]
        kinds[kind] = kinds.get(kind, 0) + 1
    said = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    seconds = time.perf_counter() - begin
    print(f"        {len(ordered)} entries of {size} in {len(ENDINGS)} dialects, fetched in {seconds:.1f} s: {said}")


def receipts_below(path):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.suffix != ".entry"]


def verify(policy_file, path):
    policy, times, untrue = Policy.parse(policy_file.read_bytes()), {}, []
    for file in receipts_below(path):
        receipt = file.read_bytes()
        entry = file.with_suffix(".entry").read_bytes() if file.suffix == ".tlog-proof" else None
        begin = time.perf_counter()
        report = verify_receipt(policy, receipt, entry=entry)
        dialect = file.name.partition(".")[2]
        times.setdefault(dialect, []).append(time.perf_counter() - begin)
        if not report.verified:
            untrue.append(f"{file}: {report.failed}: {next(c.detail for c in report.checks if c.outcome == 'failed')}")
    tell("Python", {name: (len(all_), sum(all_)) for name, all_ in times.items()}, untrue)


def tell(language, times, untrue):
    count, total = (sum(column) for column in zip(*times.values()))
    each = ", ".join(f"{name} {1_000 * seconds / number:.2f}" for name, (number, seconds) in sorted(times.items()))
    print(f"        {language:10} {count - len(untrue)} of {count} verified in {total:.2f} s; ms each: {each}")
    if untrue:
        print("\n".join(untrue[:10]))
        sys.exit(4)


def rust(report):
    found = json.loads(report.read_text(encoding="utf-8"))
    count, ms = found["receipts"], found["elapsed_ms"]
    true = count - len(found["false"])
    print(f"        Rust       {true} of {count} verified in {ms / 1_000:.2f} s; ms each: {ms / count:.2f}")
    others = [file for file in found["passed_over"] if not file.endswith(".entry")]
    if not found["verified"] or others:
        sys.exit(f"{found['false'][:3]} {others[:3]}")


def spoil(folder, to):
    """Turns a bit that a signature or a hash covers: in the middle of the entry's bytes, wherever they stand."""
    to.mkdir()
    index = max(int(file.name.partition(".")[0]) for file in folder.glob("*.json"))
    entry = (folder / f"{index}.entry").read_bytes()
    text = base64.b64encode(entry)
    for ending in ENDINGS.values():
        receipt = (folder / f"{index}.{ending}").read_bytes()
        held = entry if ending == "cose" else text
        place = receipt.find(held) + len(held) // 2
        (to / ending).mkdir()
        if ending == "tlog-proof":
            (to / ending / f"{index}.entry").write_bytes(entry)
            place = receipt.find(b"index ") + len(b"index 1")
        at = receipt[place]
        turned = bytes([at ^ 1]) if ending == "cose" else b"3" if at != ord("3") else b"5"
        (to / ending / f"{index}.{ending}").write_bytes(receipt[:place] + turned + receipt[place + 1 :])


def main():
    command, *words = sys.argv[1:]
    if command == "statements":
        statements(words[0], int(words[1]))
    elif command == "size":
        print(size_of(connect(words[0])))
    elif command == "sample":
        shutil.rmtree(words[1], ignore_errors=True)
        sample(words[0], Path(words[1]), int(words[2]), int(words[3]))
    elif command == "rust":
        rust(Path(words[0]))
    elif command == "verify":
        verify(Path(words[0]), Path(words[1]))
    elif command == "spoil":
        spoil(Path(words[0]), Path(words[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
