"""Anchors that a node had made, checked by programs that know nothing of Quorate.

With `--serve` this is the outside: an authority, which is `openssl ts` behind HTTP, and a calendar of OpenTimestamps, which
is python-opentimestamps, with one made-up block. Without, the files that `quorate anchor get` wrote are checked: the token by
rfc3161-client and by openssl, the proof by python-opentimestamps against the block.
Source: RFC 3161; the calendar protocol and serialisation of OpenTimestamps.
"""

import argparse
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpSHA256
from opentimestamps.core.serialize import BytesDeserializationContext, BytesSerializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

HEIGHT = 500
BLOCK_TIME = 1_700_000_000
CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = {dir}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[leaf]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
"""


def run(*words):
    return subprocess.run(words, check=True, capture_output=True).stdout


def certificates(folder):
    """A root and an authority below it, made by openssl."""
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(dir=folder))
    (folder / "serial").write_text("01\n")
    path = lambda name: str(folder / name)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path("root.key"), "-out", path("roots.pem"),
        "-subj", "/CN=Foreign root", "-days", "30")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", path("tsa.key"), "-out", path("tsa.csr"),
        "-subj", "/CN=Foreign authority")
    run("openssl", "x509", "-req", "-in", path("tsa.csr"), "-CA", path("roots.pem"), "-CAkey", path("root.key"),
        "-CAcreateserial", "-out", path("tsa.pem"), "-days", "30", "-extfile", path("tsa.cnf"), "-extensions", "leaf")


def serialized(stamp):
    context = BytesSerializationContext()
    stamp.serialize(context)
    return context.getbytes()


class Outside(http.server.BaseHTTPRequestHandler):
    """An authority at /tsr, a calendar at /digest and /timestamp."""

    folder = None
    url = None
    lock = threading.Lock()

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/tsr":
            with self.lock:
                assert self.headers["content-type"] == "application/timestamp-query"
                (self.folder / "query").write_bytes(body)
                reply = run("openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-queryfile",
                            str(self.folder / "query"), "-signer", str(self.folder / "tsa.pem"), "-inkey",
                            str(self.folder / "tsa.key"))
                self.answer(200, "application/timestamp-reply", reply)
        elif self.path == "/digest" and len(body) == 32:
            stamp = Timestamp(body)
            promised = stamp.ops.add(OpAppend(b"calendar")).ops.add(OpSHA256())
            promised.attestations.add(PendingAttestation(self.url))
            self.answer(200, "application/vnd.opentimestamps.v1", serialized(stamp))
        else:
            self.answer(404, "text/plain", b"no such thing")

    def do_GET(self):
        message = bytes.fromhex(self.path.removeprefix("/timestamp/"))
        stamp = Timestamp(message)
        root = stamp.ops.add(OpAppend(b"transactions")).ops.add(OpSHA256())
        root.attestations.add(BitcoinBlockHeaderAttestation(HEIGHT))
        header = (b"\x01\0\0\0" + bytes(32) + root.msg + BLOCK_TIME.to_bytes(4, "little") + bytes(8)).hex()
        # Whole before it has its name: somebody else reads it.
        beside = self.folder / "headers.new"
        beside.write_text(f"{HEIGHT} {header}\n")
        os.replace(beside, self.folder / "headers.txt")
        self.answer(200, "application/vnd.opentimestamps.v1", serialized(stamp))

    def log_message(self, *words):
        pass


def serve(folder, port):
    folder.mkdir(parents=True, exist_ok=True)
    certificates(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Outside)
    Outside.folder, Outside.url = folder, f"http://127.0.0.1:{server.server_port}"
    (folder / "ready").write_text(Outside.url)
    server.serve_forever()


def check_token(files, name, roots):
    import cryptography.x509
    import rfc3161_client

    text, token = (files / "checkpoint.txt").read_bytes(), (files / name).read_bytes()
    run("openssl", "ts", "-verify", "-data", str(files / "checkpoint.txt"), "-in", str(files / name), "-CAfile", str(roots))
    response = rfc3161_client.decode_timestamp_response(token)
    root = cryptography.x509.load_pem_x509_certificate(roots.read_bytes())
    verifier = rfc3161_client.VerifierBuilder().add_root_certificate(root).build()
    assert verifier.verify_message(response, text)
    try:
        verifier.verify_message(response, text + b"x")
    except rfc3161_client.VerificationError:
        return response.tst_info.gen_time.isoformat()
    sys.exit("a token of other bytes was accepted")


def check_proof(files, name, headers):
    """The attestations of a proof: `pending`, or the height of the block whose root it leads to."""
    digest = hashlib.sha256((files / "checkpoint.txt").read_bytes()).digest()
    proof = DetachedTimestampFile.deserialize(BytesDeserializationContext((files / name).read_bytes()))
    assert proof.file_digest == digest, "the proof is of something else"
    found = "pending"
    for message, attestation in proof.timestamp.all_attestations():
        if isinstance(attestation, BitcoinBlockHeaderAttestation):
            header = bytes.fromhex(headers[attestation.height])
            assert message == header[36:68], "the proof leads elsewhere"
            found = attestation.height
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="be the authority and the calendar")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="where the outside keeps its files")
    parser.add_argument("--files", type=pathlib.Path, help="what `quorate anchor get` wrote")
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.dir.resolve(), asked.port)
    headers = {}
    if (asked.dir / "headers.txt").exists():
        lines = (line.split() for line in (asked.dir / "headers.txt").read_text().splitlines())
        headers = {int(height): header for height, header in lines}
    told = {
        path.name: check_token(asked.files, path.name, asked.dir / "roots.pem")
        if path.suffix == ".tsr" else check_proof(asked.files, path.name, headers)
        for path in sorted(asked.files.iterdir()) if path.suffix in (".tsr", ".ots")
    }
    assert {pathlib.Path(name).suffix for name in told} == {".tsr", ".ots"}, told
    print(json.dumps(told))


if __name__ == "__main__":
    main()
