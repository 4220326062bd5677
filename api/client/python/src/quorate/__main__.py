"""``python -m quorate verify FILE --policy POLICY``: is this receipt true? Opens no socket.

Exit codes are those of the binary: 0 verified, 2 wrong usage, 4 verification failed, 5 trust root missing or unusable.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import BinaryIO

from . import policy, receipt
from .entry import ENTRY_BYTES_MAX
from .errors import PolicyError, UsageError
from .verify import Freshness, Report, verify_receipt

USAGE, NOT_VERIFIED, NO_TRUST = 2, 4, 5
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def _duration(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,12})([smhdw])", text, re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 24h")
    return int(found[1]) * _UNITS[found[2]]


def _read(path: str, limit: int) -> bytes:
    """One byte more than the limit at most, so that the reader sees that it is too long."""
    if path == "-":
        return sys.stdin.buffer.read(limit + 1)
    with Path(path).open("rb") as file:
        return file.read(limit + 1)


def _sha256(file: BinaryIO) -> str:
    """Files of any size are read in pieces."""
    hasher = hashlib.sha256()
    while piece := file.read(1 << 20):
        hasher.update(piece)
    return hasher.hexdigest()


def _print(report: Report) -> None:
    words = {"passed": "ok", "failed": "FAILED", "skipped": "-"}
    for check in report.checks:
        print(f"  {check.code:22} {words[check.outcome]:6} {check.detail}".rstrip())
    for name, value in report.to_dict()["facts"].items():
        if value not in (None, []):
            print(f"  {name:16} {json.dumps(value) if isinstance(value, (dict, list)) else value}")
    print("VERIFIED" if report.verified else f"NOT VERIFIED  check {report.failed} failed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quorate", description="Checks receipts of a Quorate ledger offline.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="Is this receipt true?")
    verify.add_argument("receipt", help="the receipt: JSON, C2SP tlog-proof, COSE or a bundle; - for stdin")
    verify.add_argument("--policy", required=True, metavar="FILE", help="whom to believe: a C2SP tlog-policy")
    about = verify.add_mutually_exclusive_group()
    about.add_argument("--artifact", metavar="FILE", help="the file the receipt should be about")
    about.add_argument("--digest", metavar="SHA-256", help="the SHA-256 of what the receipt should be about")
    verify.add_argument("--id", metavar="ID", help="the submission it should be a receipt of")
    verify.add_argument("--entry", metavar="FILE", help="the entry's bytes, which travel beside a tlog-proof")
    verify.add_argument(
        "--max-age", type=_duration, metavar="DURATION", help="how old the checkpoint may be, such as 24h"
    )
    verify.add_argument("--output", choices=("human", "json"), default="human")
    return parser


def _fail(code: int, message: object) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; gives the exit code."""
    given = _parser().parse_args(arguments)
    try:
        believed = policy.Policy.parse(_read(given.policy, policy.BYTES_MAX))
    except (OSError, PolicyError) as fault:
        return _fail(NO_TRUST, fault)
    try:
        artifact = given.digest
        if given.artifact is not None:
            with Path(given.artifact).open("rb") as file:
                artifact = _sha256(file)
        report = verify_receipt(
            believed,
            _read(given.receipt, receipt.READ_BYTES_MAX),
            entry=None if given.entry is None else _read(given.entry, ENTRY_BYTES_MAX),
            submission=given.id,
            artifact=artifact,
            freshness=None if given.max_age is None else Freshness.within(given.max_age),
        )
    except (OSError, UsageError) as fault:
        return _fail(USAGE, fault)
    if given.output == "json":
        print(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    else:
        _print(report)
    return 0 if report.verified else NOT_VERIFIED


if __name__ == "__main__":
    sys.exit(main())
