"""Asking a node over HTTP. What it says is read strictly; receipts and checkpoints are verified before they are given on.

Sending the same envelope again is safe: it has the same id, and nothing is done twice. So ``submit`` waits as long as it is
told to by asking again.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .checkpoint import Checkpoint, Cosigner, check_quorum
from .encoding import digest_from_hex, parse_json, text_of, to_base64, to_plain
from .errors import ClientError, NotFinalError, NotVerifiedError, Refused, require
from .merkle import verify_consistency
from .policy import Policy
from .submission import Signed
from .verify import Report, verify_receipt

ANSWER_BYTES_MAX = 8 << 20
EVENT_BYTES_MAX = 32 << 20
#: How long one request may ask the node to wait, and how long an answer may take beyond that, in seconds.
WAIT_S_MAX = 60.0
PATIENCE_S = 15.0
#: A silent stream says every 15 seconds that it lives.
SILENCE_S = 60.0
RECONNECT_S = (0.25, 30.0)

_LAST = ("finalized", "rejected", "expired")
_REACHED = {"accepted": ("accepted", "committed", *_LAST), "committed": ("committed", *_LAST), "finalized": _LAST}
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Proven:
    """A receipt that holds, and the checks that show it."""

    receipt: bytes
    report: Report


@dataclass(frozen=True)
class Head:
    """A checkpoint that is the quorum's and extends the one believed before."""

    origin: str
    size: int
    root: str
    note: str
    cosigners: tuple[Cosigner, ...]


def _read(data: bytes) -> dict[str, Any]:
    try:
        value = parse_json(text_of(data, EVENT_BYTES_MAX, "the answer"))
        require(isinstance(value, dict), "the answer is not an object")
    except Refused as fault:
        raise ClientError("unreadable", f"the answer cannot be read: {fault}") from None
    plain: dict[str, Any] = to_plain(value)
    return plain


def _problem(status: int, data: bytes) -> ClientError:
    try:
        problem = _read(data)
    except ClientError:
        # Whatever answered, it is not a node of ours: a proxy, perhaps.
        return ClientError("unreadable", f"status {status} without a problem")
    kind = "failed"
    if status == 404:
        kind = "not_found"
    elif status < 500 or problem.get("code") == "busy":
        kind = "refused"
    words = " ".join(str(problem.get(name, "")) for name in ("detail", "hint"))
    return ClientError(kind, f"{problem.get('title')}: {words}", problem=problem)


def _path(name: str | int) -> str:
    """An entry's name: a submission's id, or a place in the log."""
    if isinstance(name, str) and _ID.fullmatch(name):
        return f"v1/entries/{name}"
    if isinstance(name, int) and name >= 0:
        return f"v1/entries/{name}"
    raise ClientError("address", f"{name!r:.80} is neither an id of 64 hex digits nor an index")


class Client:
    """A node's address, and whom to believe. Without a policy nothing can be verified, so no receipt is given."""

    def __init__(self, url: str, *, policy: str | bytes | Policy | None = None, token: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ClientError("address", f"{url} is not the address of a node")
        self._url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._token = token
        self._policy = policy if isinstance(policy, Policy) or policy is None else Policy.parse(policy)
        self._newest: Checkpoint | None = None

    def _believed(self) -> Policy:
        if self._policy is None:
            raise ClientError("address", "no policy was given, so nothing can be verified")
        return self._policy

    def _open(
        self, path: str, body: dict[str, Any] | None, timeout: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection: http.client.HTTPConnection
        if self._secure:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        try:
            connection.connect()
        except OSError as fault:
            raise ClientError("cannot_connect", f"cannot connect to {self._url}: {fault}") from fault
        headers = {"accept": "*/*"}
        if body is not None:
            headers["content-type"] = "application/json"
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request("GET" if data is None else "POST", f"{self._base}/{path}", data, headers)
            response = connection.getresponse()
            if response.status // 100 != 2:
                raise _problem(response.status, response.read(ANSWER_BYTES_MAX))
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            raise ClientError("interrupted", f"no whole answer came from {self._url}: {fault!r}") from fault
        except ClientError:
            connection.close()
            raise
        return connection, response

    def _bytes(self, path: str, body: dict[str, Any] | None = None, wait_s: float = 0.0) -> bytes:
        connection, response = self._open(path, body, PATIENCE_S + wait_s)
        try:
            data = response.read(ANSWER_BYTES_MAX + 1)
            if response.length not in (None, 0) and len(data) <= ANSWER_BYTES_MAX:
                raise ClientError(
                    "interrupted", f"no whole answer came from {self._url}: {response.length} bytes are missing"
                )
        except (OSError, http.client.HTTPException) as fault:
            raise ClientError("interrupted", f"no whole answer came from {self._url}: {fault!r}") from fault
        finally:
            connection.close()
        if len(data) > ANSWER_BYTES_MAX:
            raise ClientError("unreadable", f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        return data

    def status(self) -> dict[str, Any]:
        """What the node says of itself; ``network`` is what submissions are signed for."""
        return _read(self._bytes("v1/status"))

    def policy_text(self) -> str:
        """The policy as the node tells it: a first look, no root of trust."""
        try:
            return text_of(self._bytes("v1/policy"), 1 << 20, "the policy")
        except Refused as fault:
            raise ClientError("unreadable", str(fault)) from None

    def entry(self, name: str | int) -> dict[str, Any]:
        """What became of a submission, or what a leaf says. Not verified."""
        return _read(self._bytes(_path(name)))

    def submit(self, submission: Signed, *, wait: str = "accepted", timeout: float = 10.0) -> dict[str, Any]:
        """Submits a signed envelope and waits until it has come as far as ``wait``: ``accepted``, ``committed``, ``finalized``.

        That it has not in ``timeout`` seconds is no error: the ticket says how far it has come.
        """
        until = time.monotonic() + timeout
        while True:
            pause = 0.0
            try:
                ticket = self._submit_once(submission, wait, max(0.0, min(until - time.monotonic(), WAIT_S_MAX)))
            except ClientError as fault:
                pause = float((fault.problem or {}).get("retry_after_ms") or 0) / 1_000
                if not pause or time.monotonic() + pause >= until:
                    raise
            else:
                if ticket["state"] in _REACHED[wait] or time.monotonic() >= until:
                    return ticket
                pause = float(ticket.get("retry_after_ms") or 50) / 1_000
            time.sleep(pause)

    def _submit_once(self, submission: Signed, wait: str, timeout: float) -> dict[str, Any]:
        body = {"envelope": to_base64(submission.envelope), "wait": wait, "timeout_ms": int(timeout * 1_000)}

        def unknown(fault: object) -> ClientError:
            return ClientError(
                "outcome_unknown", f"what became of submission {submission.id} is not known: {fault}", id=submission.id
            )

        try:
            ticket = _read(self._bytes("v1/entries", body, timeout))
        except ClientError as fault:
            if fault.kind in ("interrupted", "unreadable", "failed"):
                raise unknown(fault) from fault
            raise
        if ticket.get("id") != submission.id:
            raise unknown(f"the node speaks of submission {ticket.get('id')}")
        return ticket

    def receipt(self, name: str | int, *, size: int | None = None) -> Proven:
        """A receipt that holds: of this very submission, when it is named by its id.

        Raises ``NotVerifiedError`` with the report when it does not hold.
        """
        policy = self._believed()
        query = "" if size is None else f"&size={size}"
        receipt = self._bytes(f"{_path(name)}/receipt?format=json{query}")
        report = verify_receipt(policy, receipt, submission=name if isinstance(name, str) else None)
        if not report.verified:
            detail = next(check.detail for check in report.checks if check.outcome == "failed")
            raise NotVerifiedError(f"the receipt does not hold: {report.failed}: {detail}", report)
        if isinstance(name, int) and report.facts.index != name:
            raise NotVerifiedError(f"a receipt of index {report.facts.index} for index {name}", report)
        return Proven(receipt, report)

    def prove(self, submission: Signed, *, timeout: float = 60.0) -> Proven:
        """Submits, waits until it is final, gets the receipt and verifies it; ``NotFinalError`` when it was not in time."""
        ticket = self.submit(submission, wait="finalized", timeout=timeout)
        if ticket["state"] != "finalized":
            raise NotFinalError(ticket)
        return self.receipt(submission.id)

    def checkpoint(self) -> Head:
        """The newest checkpoint, if it is the quorum's and extends the one believed before."""
        policy = self._believed()
        note = _read(self._bytes("v1/checkpoints/latest")).get("note")
        try:
            require(isinstance(note, str), "the note is missing")
            found = Checkpoint.parse(str(note))
            found.check_origin(policy)
            cosigners = found.check_signatures(policy)
            check_quorum(policy, cosigners)
            self._extends(found)
        except Refused as fault:
            raise NotVerifiedError(f"the checkpoint does not hold: {fault}", None) from None
        self._newest = found
        return Head(found.origin, found.size, found.root.hex(), str(note), tuple(cosigners))

    def _extends(self, found: Checkpoint) -> None:
        before = self._newest
        if before is None:
            return
        went_back = f"the newest checkpoint is of size {found.size}, one of size {before.size} was seen before"
        require(found.size >= before.size, went_back)
        proof = _read(self._bytes(f"v1/consistency?from={before.size}&to={found.size}")).get("proof")
        if not isinstance(proof, list) or len(proof) > 128:
            raise Refused("the consistency proof is missing")
        hashes = [digest_from_hex(text) for text in proof]
        verify_consistency(before.size, before.root, found.size, found.root, hashes)

    def events(self, from_: int | None = None, *, reconnect: bool = True) -> Iterator[dict[str, Any]]:
        """The node's events from number ``from_`` on; without it those that happen from now on.

        When the connection breaks, it goes on where it was: no event is missed and none comes twice, as long as one has come.
        Ends only when it is closed, or, with ``reconnect=False``, when the stream does.
        """
        following, pause = from_, RECONNECT_S[0]
        while True:
            try:
                for event in self._stream(following):
                    sequence = int(event["sequence"])
                    if following is not None and sequence < following:
                        continue
                    following, pause = sequence + 1, RECONNECT_S[0]
                    yield event
            except ClientError as fault:
                passing = fault.kind in ("interrupted", "cannot_connect", "failed") or not fault.is_permanent
                if not reconnect or not passing or fault.kind in ("unreadable", "not_found"):
                    raise
            if not reconnect:
                return
            time.sleep(pause)
            pause = min(2 * pause, RECONNECT_S[1])

    def _stream(self, following: int | None) -> Iterator[dict[str, Any]]:
        query = "" if following is None else f"?from={following}"
        connection, response = self._open(f"v1/events{query}", None, SILENCE_S)
        buffer = b""
        try:
            while True:
                piece = response.read1(1 << 16)
                if not piece:
                    return
                buffer += piece
                if len(buffer) > EVENT_BYTES_MAX:
                    raise ClientError("unreadable", f"an event of more than {EVENT_BYTES_MAX} bytes")
                while b"\n\n" in buffer:
                    event, _, buffer = buffer.partition(b"\n\n")
                    data = next((line for line in event.split(b"\n") if line.startswith(b"data:")), None)
                    # The others are comments, which only say that the stream lives.
                    if data is not None:
                        yield _read(data[len(b"data:") :])
        except (OSError, http.client.HTTPException) as fault:
            raise ClientError("interrupted", f"the stream broke: {fault!r}") from fault
        finally:
            connection.close()
