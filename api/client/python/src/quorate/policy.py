"""Trust policies: which logs and which quorum of cosigners a verifier believes. The only root of trust there is.

Source: C2SP tlog-policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from .encoding import text_of
from .errors import PolicyError, Refused, require
from .note import LOG, NO_WITNESS, NoteKey

BYTES_MAX = 1 << 20
LOGS_MAX = 256
WITNESSES_MAX = 512
GROUPS_MAX = 256

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True)
class PolicyLog:
    """A log whose checkpoints are believed; the key's name is its origin."""

    key: NoteKey
    url: str | None


@dataclass(frozen=True)
class PolicyWitness:
    """A cosigner that may count towards the quorum."""

    name: str
    key: NoteKey
    url: str | None


@dataclass(frozen=True)
class PolicyGroup:
    """Several witnesses or earlier groups that count as one when ``needed`` of them have cosigned."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass
class Policy:
    """What a verifier believes."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[PolicyGroup] = field(default_factory=list)
    #: The name of a witness or group; None: nobody's cosignature is needed.
    quorum: str | None = None

    @classmethod
    def parse(cls, source: str | bytes) -> Policy:
        """Reads a policy; raises ``PolicyError``."""
        try:
            return _read(text_of(source, BYTES_MAX, "the policy"))
        except Refused as fault:
            raise PolicyError(str(fault)) from None

    def signer(self, name: str, id: str) -> PolicyLog | PolicyWitness | None:
        """Whose key has this name and id: at most one has."""
        known: Iterable[PolicyLog | PolicyWitness] = (*self.logs, *self.witnesses)
        return next((one for one in known if one.key.id == id and one.key.name == name), None)

    def satisfied(self, cosigned: Set[str]) -> bool:
        """Whether the quorum has cosigned when the witnesses of these names have."""
        if self.quorum is None:
            return True
        holds = {witness.name for witness in self.witnesses} & cosigned
        # Members stand before their group, so one pass decides all of them.
        for group in self.groups:
            if sum(member in holds for member in group.members) >= group.needed:
                holds.add(group.name)
        return self.quorum in holds


class _Draft:
    """A policy while its definitions arrive, each checked against those before it."""

    def __init__(self) -> None:
        self.policy = Policy()
        self.has_quorum = False
        self.defined: set[str] = set()
        self.members: set[str] = set()

    def log(self, log: PolicyLog) -> None:
        self.check_key(log.key, [other.key for other in self.policy.logs], is_log=True)
        require(len(self.policy.logs) < LOGS_MAX, f"more than {LOGS_MAX} logs")
        self.policy.logs.append(log)

    def witness(self, witness: PolicyWitness) -> None:
        self.check_key(witness.key, [other.key for other in self.policy.witnesses], is_log=False)
        self.define(witness.name)
        require(len(self.policy.witnesses) < WITNESSES_MAX, f"more than {WITNESSES_MAX} witnesses")
        self.policy.witnesses.append(witness)

    def group(self, group: PolicyGroup) -> None:
        for member in group.members:
            self.expect_defined(member)
            require(member not in self.members, f"{member!r} is a member of a group already")
            self.members.add(member)
        # After its members, so that a group cannot be a member of itself.
        self.define(group.name)
        require(len(self.policy.groups) < GROUPS_MAX, f"more than {GROUPS_MAX} groups")
        self.policy.groups.append(group)

    def quorum(self, name: str) -> None:
        require(not self.has_quorum, "the quorum is defined before")
        if name != "none":
            self.expect_defined(name)
            self.policy.quorum = name
        self.has_quorum = True

    def expect_defined(self, name: str) -> None:
        require(name in self.defined, f"{name!r} is not defined on a line before")

    def define(self, name: str) -> None:
        require(name != "none" and name not in self.defined, f"{name!r} is defined before or reserved")
        self.defined.add(name)

    def check_key(self, key: NoteKey, earlier: list[NoteKey], *, is_log: bool) -> None:
        role = "log" if is_log else "witness"
        require(is_log or key.byte not in NO_WITNESS, f"a key of type {key.byte} cannot be the key of a witness")
        if key.type is not None:
            require((key.type is LOG) == is_log, f"a key for a {key.type.name} cannot be the key of a {role}")
        require(all(other.material != key.material for other in earlier), f"the key of {key.name} was given before")
        both = [log.key for log in self.policy.logs] + [witness.key for witness in self.policy.witnesses]
        twice = any(other.id == key.id and other.name == key.name for other in both)
        require(not twice, f"two keys have the name {key.name} and the id {key.id}")


def _threshold(text: str, members: int) -> int:
    if text in ("all", "any"):
        return members if text == "all" else 1
    count = int(text) if _THRESHOLD.fullmatch(text) else 0
    fault = f"threshold {text[:80]!r} of {members} members: all, any, or a number from 1 to {members} is needed"
    require(1 <= count <= members, fault)
    return count


def _line(line: str, draft: _Draft) -> None:
    require(not _CONTROL.search(line), "holds a control character")
    words = [word for word in re.split("[ \t]", line) if word]
    if not words or words[0].startswith("#"):
        return
    keyword, *rest = words

    def form(holds: bool, text: str) -> None:
        require(holds, f"is not of the form: {text}")

    def url(at: int) -> str | None:
        return rest[at] if len(rest) > at else None

    if keyword == "log":
        form(len(rest) in (1, 2), "log <vkey> [<url>]")
        draft.log(PolicyLog(NoteKey.parse(rest[0]), url(1)))
    elif keyword == "witness":
        form(len(rest) in (2, 3), "witness <name> <vkey> [<url>]")
        draft.witness(PolicyWitness(rest[0], NoteKey.parse(rest[1]), url(2)))
    elif keyword == "group":
        form(len(rest) >= 3, "group <name> all|any|<number> <name>…")
        draft.group(PolicyGroup(rest[0], _threshold(rest[1], len(rest) - 2), tuple(rest[2:])))
    elif keyword == "quorum":
        form(len(rest) == 1, "quorum <name>|none")
        draft.quorum(rest[0])
    else:
        raise Refused(f"begins with {keyword[:80]!r}, not with log, witness, group or quorum")


def _read(text: str) -> Policy:
    # A file that was cut off must not pass for a shorter policy.
    *lines, last = text.split("\n")
    draft = _Draft()
    for number, line in enumerate(lines, 1):
        try:
            _line(line, draft)
        except Refused as fault:
            raise Refused(f"line {number} of the policy: {fault}") from None
    require(
        last == "", f"line {len(lines) + 1} of the policy does not end in a newline: the file may have been cut off"
    )
    require(draft.has_quorum, "the policy has no quorum line")
    return draft.policy
