"""Every vector fails the check it must fail, and no other; a true receipt shows the same facts as in Rust."""

import re
import unittest
from typing import Any

from quorate import CODES, Policy, PolicyError, Report, UsageError, verify_receipt

from vectors import Vector, families, family


def judge(vector: Vector) -> Report | None:
    """The report; None when there is nothing to judge by."""
    try:
        return verify_receipt(vector.policy, vector.receipt, **vector.options)
    except PolicyError:
        return None


def as_written(facts: Any) -> Any:
    """Numbers above 2^53 - 1 as nodes write them: strings of digits."""
    if isinstance(facts, dict):
        return {name: as_written(value) for name, value in facts.items()}
    return str(facts) if isinstance(facts, int) and facts > 2**53 - 1 else facts


class Receipts(unittest.TestCase):
    def test_every_vector(self) -> None:
        for name in families():
            vectors = family(name)
            self.assertTrue(vectors)
            for vector in vectors:
                with self.subTest(family=name, vector=vector.name):
                    report = judge(vector)
                    self.assertEqual("no_trust" if report is None else report.failed, vector.failed)
                    if report is None:
                        continue
                    self.assertEqual(tuple(check.code for check in report.checks), CODES)
                    self.assertEqual(bool(report), vector.failed is None)
                    if vector.failed is None:
                        self.assertEqual(as_written(report.to_dict()["facts"]), vector.facts)
                    outcomes = [check.outcome for check in report.checks]
                    after = outcomes[outcomes.index("failed") + 1 :] if "failed" in outcomes else []
                    self.assertLessEqual(set(after), {"skipped"})

    def test_a_scheme_that_cannot_be_checked_here_is_said_so(self) -> None:
        names = r"Dilithium3.*nobody's signature"
        imported = [vector for vector in family("primitive.json") if re.search(names, vector.name)]
        self.assertEqual(len(imported), 3)
        for vector in imported:
            with self.subTest(vector=vector.name):
                report = verify_receipt(vector.policy, vector.receipt)
                detail = next(check.detail for check in report.checks if check.outcome == "failed")
                self.assertRegex(detail, r": signatures of dilithium3-r3(\+ed25519)? cannot be checked here$")
                self.assertFalse(report.verified)

    def test_text_and_bytes_are_judged_alike(self) -> None:
        for vector in [*family("format.json"), *family("tlog-proof.json")]:
            try:
                receipt = vector.receipt.decode()
            except UnicodeDecodeError:
                continue
            with self.subTest(vector=vector.name):
                report = verify_receipt(Policy.parse(vector.policy), receipt, **vector.options)
                self.assertEqual(report.failed, vector.failed)
        good = family("positive.json")[0]
        halved = good.receipt.decode().replace("example", "\ud83d")
        self.assertEqual(verify_receipt(good.policy, halved).failed, "receipt_format")

    def test_what_does_not_fit_is_a_fault_of_the_caller(self) -> None:
        json, proof = family("positive.json")[0], family("tlog-proof.json")[0]
        cases: list[tuple[Vector, dict[str, Any]]] = [
            (json, {"entry": b"abc"}),
            (proof, {}),
            (json, {"artifact": "00"}),
            (json, {"submission": "A" * 64}),
        ]
        for vector, options in cases:
            with self.assertRaises(UsageError):
                verify_receipt(vector.policy, vector.receipt, **options)

    def test_every_bit_of_a_receipt_counts(self) -> None:
        vector = next(one for one in family("positive.json") if one.name.startswith("item 6 of 11, JSON"))
        believed = Policy.parse(vector.policy)
        # A receipt may be spelt with other white space and escapes, never with other contents.
        for at in range(0, len(vector.receipt), 7):
            for bit in (0, 1, 5):
                turned = bytearray(vector.receipt)
                turned[at] ^= 1 << bit
                self.assertFalse(verify_receipt(believed, bytes(turned)), f"byte {at}, bit {bit}")


if __name__ == "__main__":
    unittest.main()
