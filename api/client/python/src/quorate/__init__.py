"""Checks receipts of a Quorate ledger offline; submits, waits and follows events."""

from .client import Client
from .errors import ClientError, NotFinalError, NotVerifiedError, PolicyError, QuorateError, UsageError
from .policy import Policy
from .submission import Signed, Signer, attestation_issue, batch_anchor, proof_submit, sign
from .verify import CODES, Check, Facts, Freshness, ItemFacts, Report, StatementFacts, verify_receipt

__all__ = [
    "CODES",
    "Check",
    "Client",
    "ClientError",
    "Facts",
    "Freshness",
    "ItemFacts",
    "NotFinalError",
    "NotVerifiedError",
    "Policy",
    "PolicyError",
    "QuorateError",
    "Report",
    "Signed",
    "Signer",
    "StatementFacts",
    "UsageError",
    "attestation_issue",
    "batch_anchor",
    "proof_submit",
    "sign",
    "verify_receipt",
]
