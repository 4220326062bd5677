"""Asks a node for attestations, and has them judged by programs that know nothing of Quorate.

PyJWT verifies each token under the keys that the node publishes; the issuer's own client, `qwed`, verifies what it is given
as it does for its users, key set included. After all has passed, each token is spoilt in several ways, and every spoilt one
must fail everywhere, at the node too.
Source: RFC 7515, RFC 7517, RFC 7519; the published behaviour of `qwed` 8.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.request

import jwt
from qwed_sdk import QWEDClient

ISSUER = "did:qwed:node:local"


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def by_pyjwt(token, jwks):
    """The claims, under the one key whose name the header gives, and ES256 alone."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in jwks["keys"] if key["kid"] == kid]
    return jwt.decode(
        token, jwt.PyJWK(key).key, algorithms=["ES256"], issuer=ISSUER, options={"require": ["iss", "sub", "iat", "exp", "jti"]}
    )


def spoilt(token):
    """Another claim, another header, another signature, and the other value of s that plain ECDSA takes."""
    header, payload, signature = token.split(".")
    claims = json.loads(unb64(payload))
    claims["qwed"]["result"]["status"], claims["qwed"]["result"]["verified"] = "VERIFIED", True
    claims["jti"] = "att_spoilt"
    yield "claims", f"{header}.{b64(json.dumps(claims).encode())}.{signature}", True
    none = json.loads(unb64(header)) | {"alg": "none"}
    yield "algorithm", f"{b64(json.dumps(none).encode())}.{payload}.", True
    raw = bytearray(unb64(signature))
    raw[5] ^= 1
    yield "signature", f"{header}.{payload}.{b64(bytes(raw))}", True
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw = unb64(signature)
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    # Others take it, for it is the same statement; the node holds one token of it, and this is not that.
    yield "malleated", f"{header}.{payload}.{b64(other)}", False


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    url = arguments.parse_args().url
    # A key that nobody knows is refused, also where no key is asked for: the client is given one that holds.
    client = QWEDClient(api_key=ask(f"{url}/v1/tokens", {"scope": "attestation:create"})["access_token"], base_url=url)
    asked(client, QWEDClient(api_key="unknown", base_url=url))
    done = 0
    for query in ["2+2=4", "0.1+0.2=0.3", "2^64=18446744073709551616"]:
        answer = ask(f"{url}/verify/math", {"expression": query, "include_attestation": True})
        assert answer["status"] == "VERIFIED" and answer["is_valid"], answer
        token, proof_ref = answer["attestation"], answer["proof_ref"]
        assert proof_ref == sha256(answer["proof"])
        jwks = ask(f"{url}/.well-known/jwks.json")
        claims = by_pyjwt(token, jwks)
        assert claims["sub"] == claims["qwed"]["query_hash"] == sha256(query), claims

        def by_client(token, query=query, proof_ref=proof_ref, admission=answer["admission"]):
            given = {"attestation": token, "proof_ref": proof_ref, "admission": admission}
            return client.verify_attestation(given, query=query, issuer=ISSUER)

        assert by_client(token) == claims
        assert ask(f"{url}/v1/attestations/verify", {"token": token, "query": query})["valid"]
        for name, wrong in [
            ("query", lambda: by_client(token, query="2+2=5")),
            ("proof", lambda: by_client(token, proof_ref=sha256("another"))),
            ("admission", lambda: by_client(token, admission=None)),
        ]:
            refused(name, wrong)
        for name, bad, everywhere in spoilt(token):
            assert not ask(f"{url}/v1/attestations/verify", {"token": bad})["valid"], name
            if everywhere:
                refused(name, lambda: by_pyjwt(bad, jwks))
                refused(name, lambda: by_client(bad))
        done += 1
    print(f"{done} attestations: PyJWT {jwt.__version__} and qwed agree with the node, and refuse what was spoilt")


def asked(client, stranger):
    """What its users call first. What is not decided here it must not take for verified, whatever it is."""
    assert client.health()["status"] in ("ok", "healthy"), client.health()
    held = client.verify_math("(3/4 + 1/4) * 2^10 = 1024")
    assert (held.status, held.is_verified, held.result["is_valid"]) == ("VERIFIED", True, True), held
    failed = client.verify_math("0.1 + 0.2 = 0.30000000000000004")
    assert (failed.status, failed.is_verified) == ("FAILED", False), failed
    for open_question in [
        client.verify_math("x + 1 = 2"),
        client.verify("What is the meaning of life?"),
        client.verify_logic("All men are mortal"),
        client.verify_code("print(1)"),
    ]:
        assert (open_question.status, open_question.is_verified) == ("UNVERIFIABLE", False), open_question
    refused("key", lambda: stranger.verify_math("2+2=4"))


def refused(name, judge):
    try:
        judge()
    except Exception:  # Each program has errors of its own; that there is one is what counts.
        return
    sys.exit(f"accepted with another {name}")


if __name__ == "__main__":
    main()
