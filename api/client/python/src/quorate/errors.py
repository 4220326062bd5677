"""What a caller may have to deal with, told apart by what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .verify import Report


class QuorateError(Exception):
    """Every error of this package."""


class PolicyError(QuorateError):
    """Nothing to judge a receipt by: the policy cannot be read."""


class UsageError(QuorateError):
    """The call cannot work: a tlog-proof without its entry, a digest that is none."""


class ClientError(QuorateError):
    """Why there is no answer.

    ``kind`` is one of ``address``, ``cannot_connect``, ``outcome_unknown``, ``interrupted``, ``not_found``, ``refused``,
    ``failed``, ``unreadable``; ``problem`` is what the node said, if it said something.
    """

    EXIT_CODES = {
        "unreadable": 1,
        "failed": 1,
        "address": 2,
        "not_found": 3,
        "outcome_unknown": 6,
        "interrupted": 6,
        "cannot_connect": 7,
        "refused": 8,
    }

    def __init__(
        self, kind: str, message: str, *, id: str | None = None, problem: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.id = id
        self.problem = problem

    @property
    def is_permanent(self) -> bool:
        """Whether the same request will fail again, whenever it is made."""
        busy = self.problem is not None and self.problem.get("retry_after_ms") is not None
        return self.kind == "address" or (self.kind == "refused" and not busy)

    @property
    def exit_code(self) -> int:
        """The exit code of a program that fails because of it."""
        return self.EXIT_CODES[self.kind]


class NotVerifiedError(QuorateError):
    """An answer came and is not believed; ``report`` says which check failed."""

    def __init__(self, message: str, report: Report | None) -> None:
        super().__init__(message)
        self.report = report


class NotFinalError(QuorateError):
    """The submission has not come as far as a receipt: ``ticket`` says how far."""

    def __init__(self, ticket: dict[str, Any]) -> None:
        super().__init__(f"submission {ticket['id']} is {ticket['state']}, so there is no receipt")
        self.ticket = ticket


class Refused(Exception):
    """Why something read is not what it should be. Caught inside the package."""


def require(holds: bool, why: str) -> None:
    """Refuses unless it holds."""
    if not holds:
        raise Refused(why)
