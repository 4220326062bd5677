"""Is this receipt true? A function of a policy, a receipt and what the caller wants to know; opens no socket.

The checks are made in one fixed order, from the policy inwards, and end at the first that fails: what comes after would
rest on something that was not believed. Codes, order and facts are those of ``quorate verify --output json``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from .checkpoint import Checkpoint, Cosigner, check_quorum, vouched_time_s
from .cose import check_issuers
from .encoding import U64_MAX, digest_from_hex
from .entry import Entry, Submission, read_entry, verify_signatures
from .errors import Refused, UsageError, require
from .merkle import check_inclusion, leaf_hash, proof_length
from .names import is_did_of
from .operation import Ending
from .policy import Policy
from .receipt import BatchItem, ProvenLeaf, Receipt, Standing, read_receipt

CODES = (
    "receipt_format",
    "policy",
    "checkpoint_signatures",
    "quorum",
    "index",
    "proof_length",
    "root",
    "entry",
    "author_signature",
    "key_standing",
    "batch_item",
    "artifact",
    "freshness",
)

BATCH_TREE = "rfc6962-sha256-digests"
#: How far a quorum's clocks may be ahead of the caller's, in seconds.
CLOCK_SKEW_S = 300

T = TypeVar("T")


@dataclass(frozen=True)
class Freshness:
    """How recent the quorum's cosignatures must be: the caller's time and the greatest age, in seconds."""

    now_s: int
    max_age_s: int

    @classmethod
    def within(cls, max_age_s: int) -> Freshness:
        """Measured from now."""
        return cls(int(time.time()), max_age_s)


@dataclass(frozen=True)
class Check:
    """One check: ``passed``, ``failed`` or ``skipped``, and why."""

    code: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class ItemFacts:
    """An item of the batch that the entry anchors."""

    digest: str
    index: int
    count: int


@dataclass(frozen=True)
class KeyEnd:
    """How a key ended: ``retired`` or ``revoked``, by the entry of this index, and from where on it is not believed."""

    kind: str
    index: int
    from_: str


@dataclass(frozen=True)
class StatementFacts:
    """What a statement that was signed elsewhere says of itself; ``payload`` is its SHA-256."""

    format: str
    issuer: str
    subject: str
    media_type: str
    payload: str


@dataclass
class Facts:
    """What a receipt shows; None where nothing is believed."""

    origin: str | None = None
    checkpoint_size: int | None = None
    root: str | None = None
    cosigners: list[str] = field(default_factory=list)
    vouched_time_s: int | None = None
    index: int | None = None
    entry: str | None = None
    id: str | None = None
    height: int | None = None
    time_ms: int | None = None
    network: str | None = None
    operation: str | None = None
    tenant: str | None = None
    author: str | None = None
    key: str | None = None
    key_standing: str | None = None
    #: How the key ended, if the leaf that ended it came along.
    key_end: KeyEnd | None = None
    content: str | None = None
    #: What a statement says of itself; height, time and network are None where it says none.
    statement: StatementFacts | None = None
    item: ItemFacts | None = None


@dataclass
class Report:
    """All checks in order, and what they show."""

    checks: list[Check] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)

    @property
    def failed(self) -> str | None:
        """The code of the check that failed."""
        return next((check.code for check in self.checks if check.outcome == "failed"), None)

    @property
    def verified(self) -> bool:
        """Whether every check that was made holds."""
        return self.failed is None

    def __bool__(self) -> bool:
        return self.verified

    def to_dict(self) -> dict[str, Any]:
        """The members that ``quorate verify --output json`` prints."""
        checks = [asdict(check) for check in self.checks]
        facts = asdict(self.facts)
        # Written only where it is there, as by the binary.
        if facts["statement"] is None:
            del facts["statement"]
        end = facts.pop("key_end")
        if end is not None:
            facts["key_end"] = {"kind": end["kind"], "index": end["index"], "from": end["from_"]}
        return {"verified": self.verified, "failed": self.failed, "checks": checks, "facts": facts}


class _Run:
    """The checks made so far."""

    def __init__(self) -> None:
        self.report = Report()

    def code(self) -> str:
        return CODES[len(self.report.checks)]

    def skip(self, why: str) -> None:
        self.report.checks.append(Check(self.code(), "skipped", why))

    def make(self, work: Callable[..., T], *arguments: Any) -> T:
        """Makes the next check; a refusal ends the run."""
        try:
            found = work(*arguments)
        except Refused as fault:
            self.report.checks.append(Check(self.code(), "failed", str(fault)))
            raise
        self.report.checks.append(Check(self.code(), "passed"))
        return found


def _policy(policy: Policy, note: str) -> Checkpoint | Refused:
    """A note that cannot be read says no origin: the fault is the checkpoint's, unless no log is believed at all."""
    require(bool(policy.logs), "the policy names no log")
    try:
        checkpoint = Checkpoint.parse(note)
    except Refused as fault:
        return fault
    checkpoint.check_origin(policy)
    return checkpoint


def _signatures(policy: Policy, found: Checkpoint | Refused, receipt: Receipt) -> tuple[Checkpoint, list[Cosigner]]:
    if isinstance(found, Refused):
        raise found
    cosigners = found.check_signatures(policy)
    check_issuers(policy, found, receipt.cose)
    return found, cosigners


def _needed(index: int, size: int) -> int:
    needed = proof_length(index, size)
    if needed is None:
        raise Refused(f"leaf {index} is not within a log of {size} leaves")
    return needed


def _index(receipt: Receipt, size: int) -> int:
    needed = _needed(receipt.index, size)
    for issued in receipt.cose:
        other = f"the COSE receipt is of leaf {issued.index} of {issued.size}, the receipt of {receipt.index} of {size}"
        require((issued.index, issued.size) == (receipt.index, size), other)
    return needed


def _length(found: int, needed: int) -> None:
    require(found == needed, f"the proof has {found} hashes, {needed} are needed")


def _lengths(receipt: Receipt, needed: int) -> None:
    for path in (receipt.proof, *(issued.path for issued in receipt.cose)):
        _length(len(path), needed)


def _root(receipt: Receipt, size: int, root: bytes) -> None:
    leaf = leaf_hash(receipt.entry)
    for path in (receipt.proof, *(issued.path for issued in receipt.cose)):
        check_inclusion(leaf, receipt.index, size, path, root)


def _beside(entry: Entry, receipt: Receipt) -> None:
    """That what came with the receipt is about this entry."""
    inside = entry.submission
    if receipt.submission is not None:
        same = inside is not None and receipt.submission == inside.envelope
        require(same, "the submission beside the entry is not the one in it")
    expected = f"urn:quorate:leaf:{receipt.index}"
    if inside is not None:
        expected = f"urn:quorate:submission:{inside.id.hex()}"
        if inside.is_leaf and inside.statement is not None:
            expected = inside.statement.subject
    for issued in receipt.cose:
        require(issued.subject == expected, f"the COSE receipt is about {issued.subject!r}, the entry is {expected}")


def _leaf(leaf: ProvenLeaf, head: Checkpoint, what: str, says: Callable[[Submission], bool]) -> Submission:
    """A leaf that stands in the log, is signed, and says what it should."""
    _length(len(leaf.proof), _needed(leaf.index, head.size))
    check_inclusion(leaf_hash(leaf.entry), leaf.index, head.size, leaf.proof, head.root)
    entry = read_entry(leaf.entry)
    if entry.submission is None or not says(entry.submission):
        raise Refused(f"leaf {leaf.index} is not one that {what} this key of this author")
    verify_signatures(entry.submission)
    return entry.submission


def _end(ending: Ending, index: int) -> KeyEnd:
    start = "its own leaf"
    if ending.from_size:
        start = f"size {ending.from_size}"
    elif ending.from_time_ms:
        start = f"block time {ending.from_time_ms} ms"
    return KeyEnd(ending.how, index, start)


def _reaches(ending: Ending, at: int, index: int, time_ms: int) -> bool:
    """Whether a leaf of a block of that time, signed by the key that ended at ``at``, is not believed."""
    if index >= at:
        return index > at
    from_size, from_time_ms = ending.from_size, ending.from_time_ms
    return 0 < from_size <= index or 0 < from_time_ms <= time_ms


def _latest_ms(vouched_s: int | None) -> int:
    return U64_MAX if vouched_s is None else min(U64_MAX, 1_000 * vouched_s + 999)


def _standing(standing: Standing | None, head: Checkpoint, signed: int, entry: Entry, facts: Facts) -> None:
    """That the key was the author's when it signed, by the leaf that listed it and the one that ended it, if they came along.

    Without them there is nothing to compute: either the DID shows the key, or the entry's place in the log does.
    """
    if standing is None:
        return
    if entry.submission is None:
        raise Refused("the entry has no author, so no key can be shown to be the author's")
    author, key = entry.submission.author, entry.submission.key.thumbprint()

    def lists(leaf: Submission) -> bool:
        listing = leaf.asked.listing
        return (
            listing is not None and listing.identity == author and any(one.thumbprint() == key for one in listing.keys)
        )

    def ends(leaf: Submission) -> bool:
        ending = leaf.asked.ending
        return ending is not None and ending.identity == author and ending.key == key

    listed, ended = standing.listed, standing.ended
    _leaf(listed, head, "listed", lists)
    ending = None if ended is None else _leaf(ended, head, "ended", ends).asked.ending
    self_certified = facts.key_standing == "self_certified"
    # Before an identity is registered it speaks by the key that its DID names.
    later = f"the key signed entry {signed}, and was listed by entry {listed.index}, later"
    if ended is not None and ending is not None:
        facts.key_end = _end(ending, ended.index)
    require(self_certified or signed >= listed.index, later)
    # A leaf that does not state its time is no younger than the word of the quorum that it was there.
    time_ms = _latest_ms(facts.vouched_time_s) if entry.time_ms is None else entry.time_ms
    if ended is not None and ending is not None and _reaches(ending, ended.index, signed, time_ms):
        raise Refused(
            f"the key was {ending.how} by entry {ended.index}; entry {signed}, which it signed, is not believed"
        )
    if not self_certified:
        facts.key_standing = "listed"


def _entry(receipt: Receipt, origin: str, wanted: str | None, facts: Facts) -> Entry:
    entry = read_entry(receipt.entry)
    if entry.origin is not None:
        require(entry.origin == origin, f"the genesis is of {entry.origin}, the log is {origin}")
    if wanted is not None:
        if entry.submission is None:
            raise Refused(f"the entry is a {entry.kind}, not submission {wanted}")
        found = entry.submission.id.hex()
        require(found == wanted, f"the entry is submission {found}, asked for was {wanted}")
    _beside(entry, receipt)
    facts.entry, facts.height, facts.time_ms = entry.kind, entry.height, entry.time_ms
    facts.network = entry.network.hex() if entry.network is not None else None
    if entry.submission is not None:
        _submission(entry.submission, facts)
    return entry


def _submission(submission: Submission, facts: Facts) -> None:
    content = submission.asked.content
    facts.id = submission.id.hex()
    facts.network = None if submission.network is None else submission.network.hex()
    facts.operation = submission.operation
    facts.tenant = submission.tenant
    facts.author = submission.author
    facts.key = submission.key.id()
    self_certified = is_did_of(submission.author, submission.key)
    facts.key_standing = "self_certified" if self_certified else "attested_by_log"
    facts.content = content.hex() if content is not None else None
    said = submission.statement
    if said is not None:
        facts.statement = StatementFacts(said.format, said.issuer, said.subject, said.media_type, said.payload.hex())


def _item(item: BatchItem, submission: Submission | None) -> ItemFacts:
    batch = submission.asked.batch if submission is not None else None
    if batch is None:
        found = submission.operation if submission is not None else "the network's own"
        raise Refused(f"the receipt is about an item of a batch, and the entry is {found}, not batch.anchor")
    require(batch.tree == BATCH_TREE, f"the batch is a tree {batch.tree!r}, items are proven in {BATCH_TREE!r} alone")
    _length(len(item.path), _needed(item.index, batch.count))
    check_inclusion(leaf_hash(item.digest), item.index, batch.count, item.path, batch.root)
    return ItemFacts(item.digest.hex(), item.index, batch.count)


def _artifact(content: str | None, artifact: str) -> None:
    if content is None:
        raise Refused(f"the entry is about no content, so not about the artifact {artifact}")
    require(content == artifact, f"the receipt is about content {content}, the artifact is {artifact}")


def _freshness(time_s: int | None, wanted: Freshness) -> None:
    if time_s is None:
        raise Refused("the policy asks for no cosigners, so nothing says how old the checkpoint is")
    now_s, max_age_s = wanted.now_s, wanted.max_age_s
    require(time_s <= now_s + CLOCK_SKEW_S, f"the quorum cosigned at {time_s} s, and it is only {now_s} s")
    age_s = max(0, now_s - time_s)
    require(age_s <= max_age_s, f"the quorum cosigned {age_s} s ago, at most {max_age_s} s are wanted")


def _checks(
    run: _Run,
    policy: Policy,
    source: str | bytes,
    entry_bytes: bytes | None,
    submission: str | None,
    artifact: str | None,
    freshness: Freshness | None,
) -> None:
    facts = run.report.facts
    receipt = run.make(read_receipt, source, entry_bytes)
    found = run.make(_policy, policy, receipt.checkpoint)
    checkpoint, cosigners = run.make(_signatures, policy, found, receipt)
    if policy.quorum is None:
        run.skip("the policy asks for no cosigners")
    else:
        run.make(check_quorum, policy, cosigners)
    size, root = checkpoint.size, checkpoint.root
    facts.origin, facts.checkpoint_size, facts.root = checkpoint.origin, size, root.hex()
    facts.cosigners = [cosigner.name for cosigner in cosigners]
    facts.vouched_time_s = vouched_time_s(policy, cosigners)

    needed = run.make(_index, receipt, size)
    run.make(_lengths, receipt, needed)
    run.make(_root, receipt, size, root)
    facts.index = receipt.index

    entry = run.make(_entry, receipt, checkpoint.origin, submission, facts)
    standing = receipt.standing
    if entry.submission is None:
        run.skip("the entry is the network's own and has no author")
    else:
        run.make(verify_signatures, entry.submission)
    if entry.submission is None and standing is None:
        run.skip("the entry is the network's own and has no author")
    else:
        run.make(_standing, standing, checkpoint, receipt.index, entry, facts)

    if receipt.item is None:
        run.skip("the receipt is about no item of a batch")
    else:
        facts.item = run.make(_item, receipt.item, entry.submission)
    if artifact is None:
        run.skip("no artifact was given")
    else:
        run.make(_artifact, facts.content if facts.item is None else facts.item.digest, artifact)
    if freshness is None:
        run.skip("no greatest age was given")
    else:
        run.make(_freshness, facts.vouched_time_s, freshness)


def _digest_option(value: str | bytes | None, what: str) -> str | None:
    if value is None:
        return None
    text = bytes(value).hex() if isinstance(value, (bytes, bytearray)) else value
    try:
        digest_from_hex(text)
    except Refused:
        raise UsageError(f"{what} is a SHA-256: 64 lower-case hex digits, or 32 bytes") from None
    return text


def verify_receipt(
    policy: str | bytes | Policy,
    receipt: str | bytes,
    *,
    entry: bytes | None = None,
    submission: str | bytes | None = None,
    artifact: str | bytes | None = None,
    freshness: Freshness | None = None,
) -> Report:
    """Checks a receipt, in any of its spellings, under a policy.

    Raises ``PolicyError`` when the policy cannot be read: there is nothing to judge by. Raises ``UsageError`` when what is
    asked does not fit the receipt. Everything else is in the report.
    """
    believed = policy if isinstance(policy, Policy) else Policy.parse(policy)
    wanted = _digest_option(submission, "submission")
    content = _digest_option(artifact, "artifact")
    if freshness is not None and (freshness.now_s < 0 or freshness.max_age_s < 0):
        raise UsageError("freshness takes whole seconds since 1970")
    run = _Run()
    try:
        _checks(run, believed, receipt, entry, wanted, content, freshness)
    except Refused:
        # The failure is in the checks by now; what was not reached follows it.
        while len(run.report.checks) < len(CODES):
            run.skip("an earlier check failed")
    return run.report
