"""The client against a server that plays a node: what it believes, what it repeats, where it goes on."""

import json
import socket
import threading
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from quorate import (
    Client,
    ClientError,
    NotFinalError,
    NotVerifiedError,
    Signed,
    Signer,
    UsageError,
    proof_submit,
    sign,
)

from quorate.protobuf import bytes_field, message_field, number_field
from vectors import family

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(value: Any, status: int = 200) -> Answer:
    text = value if isinstance(value, (str, bytes)) else json.dumps(value)
    data = text.encode() if isinstance(text, str) else text

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return send


def problem(status: int, code: str, **more: Any) -> Answer:
    return answer(
        {"code": code, "status": status, "title": "Title", "detail": "detail", "hint": "hint", **more}, status
    )


def events(*pieces: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write("".join(pieces).encode())

    return send


def event(sequence: int) -> str:
    return f'id: {sequence}\nevent: finalized\ndata: {{"type":"finalized","sequence":{sequence},"size":3}}\n\n'


def drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


VECTOR = next(vector for vector in family("positive.json") if vector.name.startswith("asked for all"))
ID: str = VECTOR.options["submission"]
SIGNED = Signed(ID, b"\0\0\0")


def ticket(state: str, **more: Any) -> dict[str, Any]:
    return {"id": ID, "state": state, "height": None, "index": None, "checkpoint_size": None, "self": "/", **more}


class Clients(unittest.TestCase):
    def serve(self, *answers: Answer) -> tuple[str, list[tuple[str, str]]]:
        """A server that answers each request with the next of these, the last one for ever."""
        asked: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                asked.append((self.path, body))
                answers[min(len(asked), len(answers)) - 1](self)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}", asked

    def fails(self, kind: str, work: Callable[[], Any]) -> ClientError:
        with self.assertRaises(ClientError) as caught:
            work()
        self.assertEqual(caught.exception.kind, kind)
        return caught.exception

    def test_a_receipt_is_given_only_when_it_holds(self) -> None:
        spoilt = VECTOR.receipt.replace(b'"index":1', b'"index":2')
        url, _ = self.serve(answer(VECTOR.receipt), answer(spoilt), answer(VECTOR.receipt))
        client = Client(url, policy=VECTOR.policy)
        proven = client.receipt(ID)
        self.assertEqual((proven.receipt, proven.report.facts.id), (VECTOR.receipt, ID))
        with self.assertRaises(NotVerifiedError):
            client.receipt(ID)
        with self.assertRaises(NotVerifiedError) as caught:
            client.receipt("ab" * 32)
        assert caught.exception.report is not None
        self.assertEqual(caught.exception.report.failed, "entry")
        with self.assertRaises(NotVerifiedError):
            client.receipt(2)
        self.fails("address", lambda: Client(url).receipt(ID))

    def test_submitting_waits_by_sending_the_same_bytes_again(self) -> None:
        url, asked = self.serve(
            problem(503, "busy", retry_after_ms=1),
            answer(ticket("accepted", retry_after_ms=1)),
            answer(ticket("finalized")),
            answer(VECTOR.receipt),
        )
        self.assertTrue(Client(url, policy=VECTOR.policy).prove(SIGNED).report.verified)
        for _, body in asked[:3]:
            self.assertEqual((json.loads(body)["envelope"], json.loads(body)["wait"]), ("AAAA", "finalized"))

    def test_that_time_is_up_is_no_error_and_what_is_not_known_is_said(self) -> None:
        url, _ = self.serve(answer(ticket("accepted", retry_after_ms=5)))
        client = Client(url, policy=VECTOR.policy)
        self.assertEqual(client.submit(SIGNED, wait="finalized", timeout=0.02)["state"], "accepted")
        with self.assertRaises(NotFinalError):
            client.prove(SIGNED, timeout=0.02)
        broken, _ = self.serve(drop)
        self.assertEqual(self.fails("outcome_unknown", lambda: Client(broken).submit(SIGNED)).id, ID)
        other, _ = self.serve(answer({**ticket("accepted"), "id": "00" * 32}))
        self.fails("outcome_unknown", lambda: Client(other).submit(SIGNED))
        with socket.create_server(("127.0.0.1", 0)) as free:
            gone = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.assertEqual(self.fails("cannot_connect", lambda: Client(gone).submit(SIGNED)).exit_code, 7)
        refused, _ = self.serve(problem(422, "submission_refused"))
        self.assertTrue(self.fails("refused", lambda: Client(refused).submit(SIGNED)).is_permanent)

    def test_answers_are_read_strictly(self) -> None:
        for text in (
            '{"a":1,"a":2}',
            "[]",
            "<html>",
            '{"a":"\\ud800"}',
            '{"a":NaN}',
            '{"a":' + "[" * 40 + "]" * 40 + "}",
        ):
            with self.subTest(text=text):
                url, _ = self.serve(answer(text))
                self.fails("unreadable", Client(url).status)
        proxy, _ = self.serve(answer("<html>bad gateway</html>", 502))
        self.fails("unreadable", Client(proxy).status)
        missing, _ = self.serve(problem(404, "entry_unknown"))
        self.assertEqual(self.fails("not_found", lambda: Client(missing).entry(7)).exit_code, 3)
        self.fails("address", lambda: Client(missing).entry("../status"))
        self.fails("address", lambda: Client("ftp://x"))

    def test_events_go_on_where_they_broke(self) -> None:
        url, asked = self.serve(
            events(":\n\n", event(1), event(2), 'data: {"type":"fin'),
            events(event(2), event(3), event(4)),
            problem(503, "stopping"),
            events(event(5)),
        )
        seen = [one["sequence"] for one in islice(Client(url).events(1), 5)]
        self.assertEqual(seen, [1, 2, 3, 4, 5])
        paths = [path for path, _ in asked]
        self.assertEqual(paths, [f"/v1/events?from={at}" for at in (1, 3, 5, 5)])
        bad, _ = self.serve(problem(400, "invalid_params"))
        self.fails("refused", lambda: next(Client(bad).events(9)))
        once, _ = self.serve(events(event(7)))
        self.assertEqual(len(list(Client(once).events(reconnect=False))), 1)

    def test_a_seed_gives_the_id_that_rust_gives(self) -> None:
        found = next(vector for vector in family("positive.json") if vector.name == "entry proof.submit").facts
        assert found is not None
        # The generator's master seed for the usual author.
        seed = HKDF(algorithm=SHA256(), length=32, salt=b"quorate/keys/v1", info=b"author").derive(bytes([7] * 32))
        signer = Signer(seed)
        operation = proof_submit(found["content"], 12, media_type="text/plain", subject="artifact.txt")
        signed = sign(signer, found["network"], operation, nonce=1)
        self.assertEqual((signed.id, signer.did, signer.key_id), (found["id"], found["author"], found["key"]))
        for scheme in ("ml-dsa-65", "ed25519+ml-dsa-65"):
            self.assertEqual(len(sign(Signer.generate(scheme), found["network"], operation).id), 64)
        with self.assertRaises(UsageError):
            sign(signer, found["network"], operation, tenant="Not a tenant")

    def test_artifacts_beside_the_log_are_read_as_they_are_written(self) -> None:
        signer, network = Signer.generate(), bytes(32)
        address, salted, length, once = (
            bytes_field(1, bytes(32)),
            number_field(2, 1),
            number_field(3, 9),
            number_field(7, 1),
        )
        good = [
            message_field(30, address),
            message_field(30, address, salted, length, number_field(6, 1), once),
            message_field(31, address),
        ]
        for operation in good:
            self.assertEqual(len(sign(signer, network, operation).id), 64)
        bad = [
            message_field(30, length),
            message_field(30, address, number_field(2, 2)),
            message_field(30, address, b"\x10\x00"),
            message_field(30, address, once),
            message_field(31, bytes_field(2, b"reason")),
        ]
        for operation in bad:
            with self.assertRaises(UsageError):
                sign(signer, network, operation)


if __name__ == "__main__":
    unittest.main()
