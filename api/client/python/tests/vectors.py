"""The vectors of ``tests/vectors/receipt``, read for tests."""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate import Freshness

_OURS = Path(__file__).resolve().parents[4] / "tests" / "vectors" / "receipt"
FOLDER = Path(os.environ.get("QUORATE_RECEIPT_VECTORS", _OURS))


def bytes_of(text: Any) -> bytes:
    """A string, bytes in base64, or a list of these with how often each stands there."""
    if isinstance(text, str):
        return text.encode()
    if isinstance(text, list):
        return b"".join(bytes_of(part) * times for part, times in text)
    return base64.b64decode(text["base64"])


@dataclass(frozen=True)
class Vector:
    name: str
    policy: bytes
    receipt: bytes
    options: dict[str, Any]
    failed: str | None
    facts: dict[str, Any] | None


def families() -> list[str]:
    names = [line[66:] for line in (FOLDER / "SHA256SUMS").read_text().splitlines()]
    return [name for name in names if name != "cosignature.json"]


def family(name: str) -> list[Vector]:
    read = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    policies = {policy["name"]: bytes_of(policy["policy"]) for policy in read["policies"]}

    def vector(record: dict[str, Any]) -> Vector:
        options = {member: record[member] for member in ("submission", "artifact") if member in record}
        if "entry" in record:
            options["entry"] = bytes_of(record["entry"])
        if "now_s" in record:
            options["freshness"] = Freshness(record["now_s"], record["max_age_s"])
        policy, receipt = policies[record["policy"]], bytes_of(record["receipt"])
        return Vector(record["name"], policy, receipt, options, record["failed"], record.get("facts"))

    return [vector(record) for record in read["vectors"]]


def cosignatures() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "cosignature.json").read_text(encoding="utf-8"))
    return read
