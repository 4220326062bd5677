"""Clients of three services, each written from what the service promises: acts through one node, checks through another.

A session of quality is opened and finalized, an attestation issued and revoked, a proof of ProofNest told; what the other
node gives out is verified here, from the documented bytes, with hashlib, `cryptography` and `dilithium-py`. Then each is
spoilt, and must fail for its own reason, here and at the node.

  services.py --at http://127.0.0.1:7070 --other http://127.0.0.1:7073
"""

import argparse
import base64
import copy
import hashlib
import json
import time
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from dilithium_py.dilithium import Dilithium3

JSON = {"content-type": "application/json"}


def ask(url, body=None, expect=200):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, JSON), timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    assert status == expect, f"{url}: {status}, not {expect}: {text[:400]}"
    return json.loads(text)


def until(url, holds):
    """Another node may be a commit behind: it is asked again for up to ten seconds."""
    for _ in range(100):
        try:
            answer = ask(url)
            if holds(answer):
                return answer
        except AssertionError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url}: not there within ten seconds")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value, ascii_only):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only).encode()


def key_of(jwks, kid):
    (key,) = [key for key in jwks["keys"] if key["kid"] == kid]
    return key


# A proof of quality: `canonical` keeps letters, a link is SHA-256 of "before|proof", the seal is over its hexadecimal.


def quality_fault(bundle, jwks):
    record = bundle["ledger"]
    key = ed25519.Ed25519PublicKey.from_public_bytes(unb64(key_of(jwks, record["kid"])["x"]))
    try:
        key.verify(unb64(record["signature"]), record["this_hash"].encode())
    except InvalidSignature:
        return "signature_mismatch"
    proof, artifact = bundle["proof"], bundle["runtime_artifact"]
    if sha256(record["prev_hash"].encode() + b"|" + canonical(proof, False)) != record["this_hash"]:
        return "ledger_hash_mismatch"
    if sha256(canonical(artifact, False)) != proof["artifacts"]["runtime_artifact_sha256"]:
        return "runtime_hash_mismatch"
    return None


def quality(at, other):
    intent = {"text": "Vidéo für 東京", "target_p95_latency_ms": 50, "target_jitter_ms": 10, "duration_s": 60}
    before = None
    for samples in ([(20, 31.5, 2), (22, 40, 3.25)], [(90, 120, 9)]):
        opened = ask(f"{at}/intent", intent)
        assert (opened["qos_profile"], opened["qos_status"]) == ("QOS_LOW_LATENCY", "REQUESTED"), opened
        sid = opened["session_id"]
        for p50, p95, jitter in samples:
            sample = {"session_id": sid, "n": 10, "p50_ms": p50, "p95_ms": p95, "jitter_ms": jitter}
            assert ask(f"{other}/telemetry", sample) == {"status": "stored"}
        ask(f"{at}/proof/{sid}/finalize", {})
        record = ask(f"{other}/proof/{sid}/finalize", {})
        assert record["proof"] == ask(f"{at}/proof/{sid}/finalize", {})["proof"], "finalized twice"
        bundle, jwks = ask(f"{other}/proof/{sid}/bundle"), ask(f"{other}/.well-known/jwks.json")
        assert quality_fault(bundle, jwks) is None, bundle
        if before is not None:
            assert bundle["ledger"]["prev_hash"] == before, "the chain has a gap"
        before = bundle["ledger"]["this_hash"]
        verdict = ask(f"{other}/proof/{sid}/verify")
        assert verdict["verified"] and verdict["reason"] == "ok", verdict
    average = sum(p95 for _, p95, _ in samples) / len(samples)
    assert bundle["runtime_artifact"]["decision"]["result"] == ("pass" if average <= 50 else "fail")

    def artifact(it):
        it["runtime_artifact"]["decision"]["result"] = "pass"

    def proof(it):
        it["proof"]["measured_outcomes"]["samples_count"] = 9

    def proof_and_hash(it):
        proof(it)
        link = it["ledger"]["prev_hash"].encode() + b"|" + canonical(it["proof"], False)
        it["ledger"]["this_hash"] = sha256(link)

    def link(it):
        it["ledger"]["prev_hash"] = "0" * 64

    for spoil, here, there in (
        (artifact, "runtime_hash_mismatch", "runtime_hash_mismatch"),
        (proof, "ledger_hash_mismatch", "ledger_hash_mismatch"),
        (proof_and_hash, "signature_mismatch", "signature_mismatch"),
        (link, "ledger_hash_mismatch", "ledger_hash_mismatch"),
    ):
        spoilt = copy.deepcopy(bundle)
        spoil(spoilt)
        assert quality_fault(spoilt, jwks) == here, spoil.__name__
        verdict = ask(f"{at}/proof/{sid}/verify", spoilt)
        assert (verdict["verified"], verdict["reason"]) == (False, there), (spoil.__name__, verdict)
    return "two sessions, one chain, 4 spoilt bundles refused"


# An attestation: a JWS of ES256, r and s as they are.


def claims_of(token, jwks):
    """The claims of a token whose signature holds, else none."""
    header, payload, signature = token.split(".")
    key, raw = key_of(jwks, json.loads(unb64(header))["kid"]), unb64(signature)
    x, y = (int.from_bytes(unb64(key[part]), "big") for part in "xy")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(utils.encode_dss_signature(r, s), f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return None
    return json.loads(unb64(payload))


def attestations(at, other):
    assert ask(f"{at}/verify/math", {"expression": "2+2=4"}).get("attestation") is None, "nobody asked for one"
    answer = ask(f"{at}/verify/math", {"expression": "2+2=4", "include_attestation": True})
    token = answer["attestation"]
    name = answer["jti"]
    until(f"{other}/v1/attestations/{name}", lambda _: True)
    claims = claims_of(token, ask(f"{other}/.well-known/jwks.json"))
    assert claims is not None and claims["sub"] == "sha256:" + sha256(b"2+2=4"), claims
    assert claims["qwed"]["proof_hash"] == answer["proof_ref"] == "sha256:" + sha256(answer["proof"].encode())
    verdict = ask(f"{other}/v1/attestations/verify", {"token": token})
    assert (verdict["valid"], verdict["lifecycle"]) == (True, "VALID"), verdict
    header, payload, signature = token.split(".")
    other_claims = json.dumps(claims | {"jti": "att_other"}).encode()
    forged = f"{header}.{base64.urlsafe_b64encode(other_claims).decode().rstrip('=')}.{signature}"
    assert claims_of(forged, ask(f"{at}/.well-known/jwks.json")) is None
    verdict = ask(f"{at}/v1/attestations/verify", {"token": forged})
    assert (verdict["valid"], verdict["error"], verdict["code"]) == (False, "Invalid token", "ATT-003"), verdict
    ask(f"{other}/v1/attestations/{name}/revoke", {"reason": "asked for"})
    for _ in range(100):
        verdict = ask(f"{at}/v1/attestations/verify", {"token": token})
        if verdict["lifecycle"] == "REVOKED":
            break
        time.sleep(0.1)
    assert (verdict["valid"], verdict["lifecycle"], verdict["code"]) == (False, "REVOKED", "ATT-006"), verdict
    wrong = ask(f"{other}/verify/math", {"expression": "2+2=5", "include_attestation": True})
    assert wrong["status"] != "VERIFIED" and wrong["admission"] == "BLOCKED", wrong
    return "issued, verified, forged one refused, revoked"


# A proof of ProofNest: SHAKE256 over nine members in ASCII, Dilithium3 of round three over the id's text.

NINE = ("proof_type", "claim", "issuer", "subject", "evidence", "timestamp", "nonce", "previous_proof", "version")


def told_fault(proof):
    told = {name: proof.get(name) for name in NINE}
    told |= {
        "issuer": proof["issuer"]["did"],
        "subject": (proof.get("subject") or {}).get("did"),
        "evidence": (proof.get("evidence") or {}).get("content_hash"),
        "timestamp": proof["timestamp"]["unix_time"],
    }
    if "proof:" + hashlib.shake_256(canonical(told, True)).hexdigest(32) != proof["proof_id"]:
        return "hash"
    public = bytes.fromhex(proof["issuer"]["public_key"])
    if not proof["issuer"]["did"].endswith(hashlib.shake_256(public).hexdigest(20)):
        return "issuer"
    if not Dilithium3.verify(public, proof["proof_id"].encode(), bytes.fromhex(proof["signature"]["value"])):
        return "signature"
    return None


def root_of(leaf, index, count, path):
    """RFC 9162, 2.1.3.2."""
    node, last = hashlib.sha256(b"\0" + leaf).digest(), count - 1
    for sibling in path:
        sibling = bytes.fromhex(sibling)
        if index & 1 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index & 1 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return node.hex() if last == 0 else None


def proofs(at, other):
    issuer = ask(f"{at}/v1/identities", {"identity_type": "agent", "name": "scripted"})["did"]
    ids = [ask(f"{at}/v1/proofs", {"claim": f"сказано {n}", "issuer_did": issuer})["proof_id"] for n in range(3)]
    for proof_id in ids:
        proof = until(f"{other}/v1/proofs/{proof_id}", lambda it: it["finality"] != "pending")
        assert told_fault(proof) is None, (told_fault(proof), proof_id)
        place = until(f"{other}/v1/proofs/{proof_id}/merkle-proof", lambda _: True)
        leaf = bytes.fromhex(proof_id.removeprefix("proof:"))
        index, count, path = place["merkle_index"], place["proof_count"], place["merkle_proof"]
        assert root_of(leaf, index, count, path) == place["merkle_root"], place
        assert root_of(bytes(32), index, count, path) != place["merkle_root"]
        for member, value, fault in (
            ("claim", "something else", "hash"),
            ("nonce", "0" * 32, "hash"),
            ("issuer", proof["issuer"] | {"public_key": "00" * 1952}, "issuer"),
        ):
            assert told_fault(proof | {member: value}) == fault, member
    verdict = ask(f"{other}/v1/proofs/batch-verify", {"proof_ids": ids})
    assert verdict["verified"] and len(verdict["proofs"]) == 3, verdict
    checks = ask(f"{other}/v1/proofs/{ids[0]}/verify")["checks"]
    assert all(checks.values()), checks
    ask(f"{at}/v1/proofs", {"claim": "x", "issuer_did": "did:pn:agent:" + "0" * 40}, expect=400)
    return "three proofs, their ids, signatures and places, a stranger refused"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--at", required=True)
    arguments.add_argument("--other", required=True)
    given = arguments.parse_args()
    for walk in (quality, attestations, proofs):
        print(f"{walk.__name__:<13}{walk(given.at, given.other)}")


main()
