"""The vectors of `tests/vectors/evidence`, which the Rust verifier made: the same verdict, the same checks."""

import json
import pathlib
import unittest

from quorate import evidence

VECTORS = pathlib.Path(__file__).parents[4] / "tests" / "vectors" / "evidence" / "vectors.json"


class Evidence(unittest.TestCase):
    def test_every_vector_ends_as_it_says(self) -> None:
        file = json.loads(VECTORS.read_text())
        seen = set()
        for case in file["cases"]:
            with self.subTest(case["name"]):
                expected = case["expect"]
                seen.add(expected["verdict"])
                try:
                    record = evidence.Record.parse(case["record"])
                except evidence.Unread:
                    self.assertEqual(expected["decided_by"], "record_format")
                    continue
                text = {name: file["documents"].get(case[name]) for name in ("trust_root", "trust_bundle", "checkpoint")}
                trust = evidence.Trust(
                    now=evidence._micros(case["now"]),
                    root=text["trust_root"] and evidence.TrustRoot.parse(text["trust_root"]),
                    bundle=text["trust_bundle"] and evidence.TrustBundle.parse(text["trust_bundle"]),
                    pin=case["root_pin"] and case["root_pin"].removeprefix("sha256:"),
                    kept=text["checkpoint"] and evidence.parse_checkpoint(text["checkpoint"]),
                )
                report = evidence.verify(record, trust, case["artifacts"], case["at_least"])
                outcomes = {code: outcome for code, (outcome, _) in report.checks.items()}
                self.assertEqual(outcomes, expected["checks"])
                self.assertEqual((report.verdict, report.decided_by), (expected["verdict"], expected["decided_by"]))
                self.assertEqual((report.confirmed, report.details), (expected["confirmed"], expected["details"]))
                self.assertEqual(report.trust_chain, expected["trust_chain"])
        self.assertEqual(seen, set(evidence.VERDICTS))


if __name__ == "__main__":
    unittest.main()
