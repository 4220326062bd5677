"""The vectors of `tests/vectors/evidence`, which the Rust verifier made: the same verdict, the same checks."""

import hashlib
import json
import pathlib
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

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

    def test_salts_and_points_are_spelt_as_the_other_verifiers_read_them(self) -> None:
        signed = b"what is signed"
        digest, pre = hashlib.sha256(signed).digest(), Prehashed(hashes.SHA256())
        of_rsa = rsa.generate_private_key(65_537, 2048)
        key = of_rsa.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for salt, fits in ((222, True), (32, False)):
            value = of_rsa.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), salt), pre)
            self.assertIs(evidence._holds("RSA-PSS-SHA256", key, signed, value), fits)
        of_ec = ec.generate_private_key(ec.SECP256R1())
        value = of_ec.sign(digest, ec.ECDSA(pre))
        for form in (PublicFormat.CompressedPoint, PublicFormat.UncompressedPoint):
            key = of_ec.public_key().public_bytes(Encoding.X962, form)
            self.assertTrue(evidence._holds("ECDSA-P256", key, signed, value))
            self.assertFalse(evidence._holds("ECDSA-P256", key, signed + b".", value))


if __name__ == "__main__":
    unittest.main()
