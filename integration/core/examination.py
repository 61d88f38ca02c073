"""What was learnt about a connection -> findings: what is fine, what is not, and what to do about it.

Whoever asks a tracker brings facts; here they are judged beside what the mapping needs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from integration.core.catalogue import folded
from integration.core.fields import FieldStanding
from integration.core.hooks import HookStep
from integration.core.links import Pattern
from integration.core.scorecard import CardValue, Scorecard

Level: TypeAlias = Literal["ok", "warning", "failure"]
Ability: TypeAlias = Literal["browse", "edit", "link", "write quietly"]

CLOCK_WARNING = timedelta(seconds=30)
CLOCK_FAILURE = timedelta(minutes=5)
"""Beyond it identity providers refuse what we sign, and days begin at the wrong time."""
TOKEN_WARNING = timedelta(days=14)
"""Time enough for somebody to make another one."""
NEARLY = 0.2
"""The share of a quota below which little is left."""
RESCANS_MISSED = 3
"""So many intervals without a rescan are no accident."""
MOST_NAMED = 3
"""So many of one kind are told one by one; of the others the number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and the remedy where it is not fine."""

    topic: str
    level: Level
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a tracker says to somebody who signs in."""

    account: str
    """As people know it. Shown, never kept."""
    answered_at: datetime
    """By the tracker's clock, in whole seconds."""
    limit: int | None = None
    left: int | None = None
    """Requests that may be made and are left, where the tracker tells."""


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """A token of the account, as people called it, and when it ends; None: never."""

    name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Project:
    """A project that the account sees."""

    id: str
    key: str
    """What people call it by; its name where it has no key."""
    name: str

    def is_called(self, pattern: str) -> bool:
        """By id, key or name, as mappings write names of projects."""
        meant = Pattern(pattern)
        return any(meant.matches(name) for name in (self.id, self.key, self.name))


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether the account may do something in a project. None: the tracker does not tell, and `remedy` says why."""

    ability: Ability
    granted: bool | None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What types and statuses are called on screen."""

    types: tuple[str, ...]
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that ended so many times, and may have been deployments: a version, or (a stage of) a pipeline."""

    of: Literal["version", "pipeline", "release pipeline"]
    name: str
    stage: str = ""
    """Empty for all of it."""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Needs:
    """What the mapping wants of one connection."""

    fields: Mapping[str, CardValue] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    remote_link: bool = False
    quiet: bool = True

    @classmethod
    def of(cls, scorecard: Scorecard, connection: str) -> Needs:
        rule = scorecard.write_back.get(connection)
        return cls(rule.fields, rule.to, rule.remote_link, rule.quiet) if rule else cls()

    @property
    def abilities(self) -> Sequence[Ability]:
        """In the order in which they are told."""
        wanted: list[Ability] = ["browse"]
        if self.fields:
            wanted.append("edit")
        if self.remote_link:
            wanted.append("link")
        if self.fields and self.quiet:
            wanted.append("write quietly")
        return wanted


def clock(introduction: Introduction, asked_at: datetime, heard_at: datetime) -> Finding:
    """Ours beside the tracker's, which told its time at some moment in between."""
    told = introduction.answered_at
    early, late = asked_at - told - timedelta(seconds=1), told - heard_at
    apart = max(early, late, timedelta())
    if apart < CLOCK_WARNING:
        return Finding("clock", "ok", "agrees with the tracker's")
    level: Level = "failure" if apart >= CLOCK_FAILURE else "warning"
    way = "ahead of" if early > late else "behind"
    return Finding(
        "clock", level, f"this machine's is {_span(apart)} {way} the tracker's", "let this machine keep its time by NTP"
    )


def token(ends: Sequence[TokenEnd] | None, now: datetime) -> Finding:
    """When the token ends. `ends` are those of all tokens of the account, one of which is ours; None where nobody tells."""
    good = [one for one in ends or () if one.at is None or one.at > now]
    if not good:
        return Finding("token", "ok", "the tracker does not tell when it ends")
    first = min(good, key=lambda one: (one.at is None, one.at or now))
    name = f"'{first.name}'"
    if len(good) > 1:
        name = f"the tracker does not tell which of the account's {len(good)} tokens it is; {name}, the first of them,"
    if first.at is None:
        says = f"{name} never ends" if len(good) == 1 else f"none of the account's {len(good)} tokens ever ends"
        return Finding("token", "ok", says)
    left = first.at - now
    says = f"{name} ends on {first.at:%Y-%m-%d}, in {_span(left)}"
    if left > TOKEN_WARNING:
        return Finding("token", "ok", says)
    return Finding("token", "warning", says, "make a new token of the account before that, and put it in its place")


def quota(introduction: Introduction, resting: float) -> Finding:
    """What is left, as told with the answer. `resting` are the seconds for which the tracker wants nothing asked of it."""
    limit, left = introduction.limit, introduction.left
    remedy = "let other programs of this account ask less, or set requests_per_second"
    if resting > 0:
        return Finding("quota", "warning", f"the tracker wants nothing asked for {resting:.0f} seconds", remedy)
    if limit is None or left is None:
        return Finding("quota", "ok", "the tracker tells of no limit that is near")
    level: Level = "warning" if left < NEARLY * limit else "ok"
    return Finding("quota", level, f"{left:,} of {limit:,} requests left", remedy if level == "warning" else "")


def projects(wanted: Sequence[str], visible: Sequence[Project]) -> Iterator[Finding]:
    """Whether the account sees the projects that the mapping names; any, where it names none."""
    lacking = [name for name in wanted if not any(one.is_called(name) for one in visible)]
    for name in lacking:
        yield Finding("projects", "failure", unseen(name, visible), "correct the name, or let the account browse it")
    if not visible and not lacking:
        yield Finding("projects", "failure", "the account sees no project", "let the account browse those that matter")
    elif not lacking:
        names = ", ".join(wanted) if wanted else f"all that the account sees: {len(visible)}"
        yield Finding("projects", "ok", names)


def unseen(name: str, visible: Sequence[Project]) -> str:
    """In words, with the name that may be meant."""
    names = {folded(each): each for one in visible for each in (one.name, one.key)}
    near = difflib.get_close_matches(folded(name), names, n=1)
    sees = ", ".join(one.key for one in visible[:MOST_NAMED]) + (", …" if len(visible) > MOST_NAMED else "")
    hint = f"did you mean {names[near[0]]}?" if near else f"it sees {sees}" if visible else "it sees none"
    return f"the account sees no project '{name}'; {hint}"


def permissions(project: str, told: Sequence[Permission]) -> Iterator[Finding]:
    """A line for what the account may do in the project, and one for each thing that it may not."""
    for one in told:
        if one.granted is False:
            yield Finding("permissions", "failure", f"{project}: the account may not {one.ability}", one.remedy)
        elif one.granted is None:
            yield Finding(
                "permissions",
                "warning",
                f"{project}: nobody can tell whether the account may {one.ability}",
                one.remedy,
            )
    if granted := [one.ability for one in told if one.granted]:
        yield Finding("permissions", "ok", f"{project}: may {', '.join(granted)}")


LOOK_CLOSER = "okrlink fields check tells more"


def fields(standings: Sequence[FieldStanding]) -> Iterator[Finding]:
    """Whether each field of `write_back` exists, fits, and can be written."""
    fine = []
    for one in standings:
        for problem in one.problems:
            said, _, remedy = problem.rpartition("; ")
            yield Finding("fields", "failure", f"{one.name}: {said or remedy}", remedy if said else LOOK_CLOSER)
        if not one.problems and not one.editable_on and one.unknown:
            yield Finding("fields", "warning", f"{one.name}: {one.unknown[0]}", "look again when there is one")
        elif not one.problems:
            fine.append(one.name)
    if fine:
        yield Finding("fields", "ok", ", ".join(fine))


def webhooks(steps: Sequence[HookStep]) -> Finding:
    """How far what the tracker sends is what is wanted of it."""
    wrong = [step for step in steps if step.deed not in ("keep", "leave")]
    fine = sum(step.deed == "keep" for step in steps)
    if not wrong:
        return Finding("webhooks", "ok", f"{fine} {'is' if fine == 1 else 'are'} as wanted")
    told = "; ".join(f"{step.topic} {', '.join(step.drift)}" for step in wrong[:MOST_NAMED])
    more = f"; and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
    return Finding("webhooks", "failure", told + more, "okrlink hooks register")


def no_secret(rescan: timedelta) -> Finding:
    """The mapping wants no webhooks of this connection."""
    return Finding(
        "webhooks",
        "warning",
        f"none are taken; changes are asked for every {_span(rescan)}",
        "name a webhook_secret in the mapping, then okrlink hooks register",
    )


def history(name: str, read_at: datetime | None, lacks: Sequence[str] = ()) -> Finding:
    """Whether a backfill came to the end of all items, and which projects came to the mapping since."""
    if read_at is not None and lacks:
        says = f"the past of {', '.join(lacks)} was not read: the mapping did not name it when the others' was"
        return Finding("history", "warning", says, f"okrlink backfill {name}")
    if read_at is None:
        return Finding("history", "warning", "the past was not read to its end", f"okrlink backfill {name}")
    return Finding("history", "ok", f"read to its end on {read_at:%Y-%m-%d}")


def rescans(ends: Sequence[datetime | None], reason: str | None, interval: timedelta, now: datetime) -> Finding:
    """When each stream was last asked for what webhooks missed. `reason` is why one of them could not be."""
    remedy = "okrlink serve (or work) must be running; okrlink rescan asks at once"
    why = f": {reason}" if reason else ""
    oldest = min((end for end in ends if end is not None), default=None)
    if oldest is None or None in ends:
        return Finding("rescan", "warning", f"was never done{why}", remedy)
    ago = now - oldest
    if ago > RESCANS_MISSED * interval:
        return Finding("rescan", "failure", f"the last was {_span(ago)} ago{why}", remedy)
    return Finding("rescan", "ok", f"the last was {_span(ago)} ago")


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds // size > 1 else ''}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
