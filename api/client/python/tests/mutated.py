"""``python tests/mutated.py FILE``: compares how statements are read here and in Rust.

The file is one that ``tests/vectors/mutated.rs`` wrote. Each statement has to be read as there, or refused as there.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from quorate.entry import read_entry, verify_signatures
from quorate.errors import Refused


def judge(data: bytes) -> dict[str, Any]:
    """The check that fails, and what is read of a leaf that is well formed."""
    try:
        submission = read_entry(data).submission
    except Refused:
        return {"failed": "entry"}
    assert submission is not None and submission.statement is not None and submission.asked.content is not None
    said, failed = submission.statement, None
    try:
        verify_signatures(submission)
    except Refused:
        failed = "author_signature"
    return {
        "failed": failed,
        "id": submission.id.hex(),
        "author": submission.author,
        "key": submission.key.id(),
        "content": submission.asked.content.hex(),
        "format": said.format,
        "issuer": said.issuer,
        "subject": said.subject,
        "media_type": said.media_type,
        "payload": said.payload.hex(),
    }


def main() -> None:
    statements = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    others = 0
    for statement in statements:
        found = judge(base64.b64decode(statement["entry"]))
        if found != statement["rust"]:
            others += 1
            if others <= 5:
                print(statement, found)
    print(f"{len(statements)} mutated statements, {others} read otherwise than in Rust")
    if not statements or others:
        sys.exit(1)


if __name__ == "__main__":
    main()
