"""ProofNest's own client, unchanged, against a node of Quorate.

Its command line makes an identity and a proof and has it verified; its library for the chain asks for status, blocks,
validators, hands in the same proof as a transaction and finds it again; its proof, rebuilt from what the node shows, is
verified by itself, with an implementation of Dilithium that is not the node's. Everything is seen from outside: the package
is started, called and read, and nothing of it is changed or kept.

  proofnest.py --package DIR --url http://127.0.0.1:7070

DIR is where `pip install --no-deps --target DIR proofnest==0.2.1` put it. Needs httpx and dilithium-py.
"""

import argparse
import asyncio
import dataclasses
import hashlib
import json
import os
import subprocess
import sys

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--package", required=True)
arguments.add_argument("--url", required=True)
given = arguments.parse_args()
sys.path.insert(0, given.package)

import httpx  # noqa: E402
from blockchain import BlockchainClient, BlockchainError, ProofSubmission  # noqa: E402
from proof import Evidence, Identity, Proof, ProofType, Signature, SignatureAlgorithm, Timestamp  # noqa: E402

checks = 0


def check(name, holds, detail=""):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"{name}: {detail}")


def command(*words):
    """Runs its command line, which sends no key: what it printed."""
    environment = dict(os.environ, PYTHONPATH=given.package, PYTHONDONTWRITEBYTECODE="1")
    run = [sys.executable, os.path.join(given.package, "cli.py"), "--api", given.url, *words]
    ended = subprocess.run(run, capture_output=True, text=True, env=environment, timeout=60, check=False)
    check(" ".join(words), ended.returncode == 0, ended.stdout + ended.stderr)
    return ended.stdout


def printed(output):
    """The object that stands behind the first line."""
    return json.loads(output[output.index("{"):])


def rebuilt(shown):
    """A proof as its library holds it, from what the node shows of it."""
    issuer = shown["issuer"]
    algorithm = SignatureAlgorithm(issuer["algorithm"])
    identity = Identity(issuer["did"], bytes.fromhex(issuer["public_key"]), algorithm)
    value = bytes.fromhex(shown["signature"]["value"])
    halves = {}
    if algorithm is SignatureAlgorithm.HYBRID_ML_DSA_ED25519:
        halves = {"dilithium_sig": value[:3293], "ed25519_sig": value[3293:]}
    evidence = shown["evidence"] and Evidence(shown["evidence"]["content_hash"], shown["evidence"]["content_type"])
    return Proof(
        proof_id=shown["proof_id"],
        proof_type=ProofType[shown["proof_type"]],
        claim=shown["claim"],
        issuer=identity,
        evidence=evidence,
        signature=Signature(value, algorithm, issuer["did"], **halves),
        timestamp=Timestamp(shown["timestamp"]["unix_time"], shown["nonce"]),
        previous_proof=shown["previous_proof"],
        version=shown["version"],
    )


def by_its_library(rest):
    """Proofs of every algorithm that a node signed are verified by the package itself."""
    previous = None
    for algorithm in ["dilithium3", "ed25519", "hybrid-ml-dsa-ed25519"]:
        made = rest.post("/v1/identities", json={"algorithm": algorithm}).json()
        name = hashlib.shake_256(bytes.fromhex(made["public_key_hex"])).hexdigest(20)
        check(f"{algorithm}: DID", made["did"] == f"did:pn:agent:{name}", made)
        wanted = {"claim": f"čao \U0001f600 {algorithm}", "issuer_did": made["did"], "evidence_data": "YWJj",
                  "previous_proof": previous}
        told = rest.post("/v1/proofs", json=wanted).json()
        shown = rest.get(f"/v1/proofs/{told['proof_id']}").json()
        proof = rebuilt(shown)
        check(f"{algorithm}: id", proof.compute_hash() == told["proof_id"], shown)
        check(f"{algorithm}: valid", proof.verify(), shown)
        check(f"{algorithm}: spoilt", not dataclasses.replace(proof, claim="another").verify())
        value = bytearray(proof.signature.value)
        value[5] ^= 1
        halves = {"dilithium_sig": bytes(value[:3293])} if proof.signature.dilithium_sig else {}
        spoilt = dataclasses.replace(proof.signature, value=bytes(value), **halves)
        check(f"{algorithm}: signature", not dataclasses.replace(proof, signature=spoilt).verify())
        previous = told["proof_id"]


def by_its_command_line():
    """Identity, proof, verdict and lists."""
    did = printed(command("identity", "create"))["did"]
    told = printed(command("proof", "create", "--claim", "my first claim", "--issuer", did))
    verdict = command("proof", "verify", told["proof_id"])
    check("proof verify", "Valid: True" in verdict, verdict)
    shown = printed(command("proof", "get", told["proof_id"]))
    check("proof get", shown["claim"] == "my first claim", shown)
    identities, proofs = command("identity", "list"), command("proof", "list")
    check("identity list", "Found 0" not in identities, identities)
    check("proof list", "Found 0" not in proofs, proofs)
    return told["proof_id"], shown


async def on_its_chain(proof_id, shown):
    """The library for the chain: nothing but JSON-RPC."""
    chain = BlockchainClient(given.url)
    status = await chain.get_status()
    check("status", status.height > 0 and status.validators > 0 and len(status.block_hash) == 64, status)
    latest, first = await chain.get_latest_block(), await chain.get_block(1)
    check("blocks", int(latest["height"]) >= status.height and int(first["height"]) == 1, [latest, first])
    validators = await chain.get_validators()
    check("validators", len(validators) == status.validators, validators)
    one = await chain.get_validator(validators[0]["address"])
    check("validator", one["address"] == validators[0]["address"], one)
    signature = shown["signature"]["value"]
    claim = hashlib.sha256(shown["claim"].encode()).hexdigest()
    said = ProofSubmission(proof_id, proof_id, shown["issuer"]["did"], claim, shown["timestamp"]["unix_time"], signature)
    result = await chain.submit_proof(said, bytes.fromhex(signature))
    check("submit_proof", result.tx_hash == shown["tx_hash"] and result.error is None, result)
    found = await chain.get_proof(proof_id)
    check("get_proof", found["proof_hash"] == proof_id, found)
    check("verify_proof_on_chain", await chain.verify_proof_on_chain(proof_id, proof_id))
    check("another hash", not await chain.verify_proof_on_chain(proof_id, "proof:" + "0" * 64))
    transaction = await chain.get_tx(result.tx_hash)
    check("get_tx", transaction["height"] == result.height, transaction)
    # Its own service hands over a secret key in this place.
    try:
        leaked = await chain.submit_proof(said, bytes(4000))
        check("a secret key as signature", False, leaked)
    except BlockchainError as refused:
        check("a secret key as signature", "0000000000" not in str(refused), refused)
    await chain.close()


with httpx.Client(base_url=given.url, timeout=30) as client:
    by_its_library(client)
proof, as_shown = by_its_command_line()
asyncio.run(on_its_chain(proof, as_shown))
print(f"proofnest 0.2.1: {checks} checks hold")
