"""Everything that can go wrong, named by what the caller does next.

ServiceError
├── Unverified       refuse the delivery (401); nothing is kept
├── Malformed        keep the delivery, dead, with the reason; the sender still gets 204
├── Unsupported      done, counted: the event says nothing that we know how to read
├── MappingInvalid   show all problems; whatever was in force stays in force
├── PlanTooLarge     stop before writing; a person decides
├── Retryable        try again, not before `after` seconds
│   └── Conflict     somebody wrote in between: read again, then decide again
├── Permanent        do not try again; tell a person the tracker's own words
│   ├── Refused      the credentials are wrong or may not do it
│   │   └── NotQuiet it may be done, but not without sending mail; nothing was done
│   └── Gone         the item is not there any more, or not visible
└── StoreUnusable    the database cannot be used by this version; stop and say so
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Scope: TypeAlias = Literal["item", "connection"]
"""What a refusal is about: the one item that was asked for, or everything that is asked of the connection."""


class ServiceError(Exception):
    """The root of all errors that okrlink raises on purpose."""


class Unverified(ServiceError):
    """The sender did not prove who it is. A missing proof is as bad as a wrong one."""


class Malformed(ServiceError):
    """The body cannot be understood; says where and why."""


class Unsupported(ServiceError):
    """An event of a kind that this version does not know. Known but useless kinds are ignored on purpose instead.

    Its text is that kind, as much of it as is worth counting by.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind[:80])


class Retryable(ServiceError):
    """It may work later: a limit, an outage, a timeout. `after` is the tracker's own wish in seconds, if it told one.

    With the scope `connection` nothing else should be asked of the tracker meanwhile, by any worker.
    """

    def __init__(self, reason: str, *, after: float | None = None, scope: Scope = "item") -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.scope: Scope = scope


class Conflict(Retryable):
    """The item changed between our read and our write; nothing was written."""


class Permanent(ServiceError):
    """It will not work again in the same way; `reason` holds the tracker's own words, `fields` those about single fields."""

    def __init__(self, reason: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fields = dict(fields or {})


class Refused(Permanent):
    """The account is unknown to the tracker (then the scope is `connection`), or may not do this."""

    def __init__(self, reason: str, *, fields: Mapping[str, str] | None = None, scope: Scope = "item") -> None:
        super().__init__(reason, fields=fields)
        self.scope: Scope = scope


class NotQuiet(Refused):
    """The account may not keep a write from notifying people. Nothing was written; `reason` names the remedy."""


class Gone(Permanent):
    """The item does not exist, or the account may not see it."""


class StoreUnusable(ServiceError):
    """The database is older or newer than this program needs, or cannot be reached."""


class PlanTooLarge(ServiceError):
    """A plan touches more of the already written items than the mapping allows at once."""

    def __init__(self, changed: int, written: int, allowed_percent: int | Decimal) -> None:
        share = 100 * changed / written if written else 0
        super().__init__(
            f"would change {changed} of the {written} items written before ({share:.0f} %); "
            f"stop_above allows {allowed_percent} %: look at the plan, then apply with --yes"
        )
        self.changed, self.written, self.allowed_percent = changed, written, allowed_percent


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a mapping: where it stands (lines and columns from 1), at which path, and what to do about it."""

    file: str
    line: int
    column: int
    path: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{'warning: ' if self.warning else ''}{self.message}"


class MappingInvalid(ServiceError):
    """The mapping has mistakes; `problems` holds all of them, in the order of the file, warnings included."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
