"""``python -m quorate verify``: the exit codes are those of the binary."""

import io
import json
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from quorate.__main__ import main

from vectors import Vector, family


class Command(unittest.TestCase):
    def run_on(self, vector: Vector, *more: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "policy").write_bytes(vector.policy)
            (folder / "receipt").write_bytes(vector.receipt)
            arguments = ["verify", str(folder / "receipt"), "--policy", str(folder / "policy"), *more]
            if "entry" in vector.options:
                (folder / "entry").write_bytes(vector.options["entry"])
                arguments += ["--entry", str(folder / "entry")]
            out = io.StringIO()
            with redirect_stdout(out), redirect_stderr(io.StringIO()):
                return main(arguments), out.getvalue()

    def test_exit_codes(self) -> None:
        good = family("positive.json")[0]
        self.assertEqual(self.run_on(good)[0], 0)
        self.assertTrue(self.run_on(good)[1].endswith("VERIFIED\n"))
        self.assertEqual(self.run_on(good, "--max-age", "1h")[0], 4)
        self.assertEqual(self.run_on(good, "--artifact", "/nowhere")[0], 2)
        self.assertEqual(self.run_on(good, "--digest", "00")[0], 2)
        for name, code in (("format.json", 4), ("tlog-proof.json", 4), ("item.json", 4), ("policy.json", 5)):
            self.assertEqual(self.run_on(family(name)[0])[0], code, name)

    def test_json_is_the_report(self) -> None:
        spoilt = family("author.json")[0]
        code, text = self.run_on(spoilt, "--output", "json")
        report = json.loads(text)
        self.assertEqual((code, report["verified"], report["failed"]), (4, False, spoilt.failed))
        self.assertEqual(len(report["checks"]), 13)


if __name__ == "__main__":
    unittest.main()
