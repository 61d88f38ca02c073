"""How far the reading of a site's issues got, as a text that is kept between requests and across restarts.

Usually that is one place, for all the projects that are read. A project that comes to the mapping, or into sight, later
has a place of its own, at the beginning of what is wanted, until it has come to the present like the others; one that is
out of sight keeps the place that it had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from integration.core.facts import LinkAdded

ISSUES = 1000
"""Changelogs are told of at most a thousand issues at a time."""
REMEMBERED = 1000
"""Issues told lately whose repetition is recognised; others are only told twice."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link between two issues, and when it was added, as far as is known: not before `at`."""

    id: str
    source: str
    target: str
    type: str
    key: str
    """Of the other end, by which the changelog of the issue that showed the link tells of it."""
    at: datetime

    def added(self, at: datetime) -> Link:
        return replace(self, at=at)

    def fact(self) -> LinkAdded:
        return LinkAdded(at=self.at, source=self.id, item=self.source, other=self.target, link=self.type, exact=False)

    def packed(self) -> Sequence[str]:
        return [self.id, self.source, self.target, self.type, self.key, self.at.isoformat()]


def _unpacked(packed: Sequence[str]) -> Link:
    number, source, target, kind, key, at = packed
    return Link(number, source, target, kind, key, datetime.fromisoformat(at))


@dataclass(slots=True)
class Place:
    """`updated` is the time until which all changes were told. Nothing depends on the tokens, which may expire."""

    updated: datetime
    projects: Sequence[str] | None = None
    """The ids of those that it stands for; None: all that the account sees."""
    query: str = ""
    token: str | None = None
    """Of the next page of `query`."""
    searched: bool = False
    """Whether the search has no more to tell."""
    owed: MutableMapping[str, Sequence[Link]] = field(default_factory=dict)
    """Issues whose changelogs are not told yet, with their links."""
    at_once: int = ISSUES
    """For how many of them the changelogs are asked at once; fewer while one is looked for that Jira refuses."""
    entries: str | None = None
    """Token of the next page of those changelogs."""
    seen: MutableMapping[str, datetime] = field(default_factory=dict)
    """Issues told lately, and as of when."""
    safe: datetime | None = None
    """What search may not have known when this walk came to the present changed later than that."""
    settled: datetime | None = None
    """Until when search knew of all changes as it was asked last."""

    @classmethod
    def unpacked(cls, told: Any) -> Place:
        """The place that `packed` told."""
        return cls(
            datetime.fromisoformat(told["updated"]),
            told["projects"],
            told["query"],
            told["token"],
            told["searched"],
            {number: [_unpacked(link) for link in links] for number, links in told["owed"].items()},
            told["at_once"],
            told["entries"],
            {number: datetime.fromisoformat(at) for number, at in told["seen"].items()},
            None if told["safe"] is None else datetime.fromisoformat(told["safe"]),
            None if told["settled"] is None else datetime.fromisoformat(told["settled"]),
        )

    def packed(self) -> Any:
        return {
            "updated": self.updated,
            "projects": self.projects,
            "query": self.query,
            "token": self.token,
            "searched": self.searched,
            "owed": {number: [link.packed() for link in links] for number, links in self.owed.items()},
            "at_once": self.at_once,
            "entries": self.entries,
            "seen": self.seen,
            "safe": self.safe,
            "settled": self.settled,
        }

    def knows(self, number: str, updated: datetime) -> bool:
        """Whether the issue was told as of that time."""
        return self.seen.get(number) == updated

    def go_on(self, told: Iterable[tuple[str, datetime]], *, settled: datetime) -> None:
        """These were told. Search knew then of all changes until `settled`; a later one it may have told too early,
        and others not at all.
        """
        for number, updated in told:
            self.seen.pop(number, None)
            self.seen[number] = updated
            if updated <= settled:
                self.updated = max(self.updated, updated)
            elif self.safe is None:
                self.safe = settled.astimezone(UTC)
        self.settled = settled.astimezone(UTC)
        for number in list(self.seen)[:-REMEMBERED]:
            del self.seen[number]

    def end(self) -> None:
        """All was told; the next walk begins where this one may have missed something."""
        if self.safe is not None:
            self.updated = self.safe
        self.token, self.searched, self.safe = None, False, None

    def apart(self, projects: Sequence[str]) -> Place:
        """Where these stand, which the walk leaves behind: not later than what is still owed of them."""
        owed = (self.seen[number] for number in self.owed if number in self.seen)
        seen = {number: at for number, at in self.seen.items() if number not in self.owed}
        return Place(min((self.safe or self.updated, *owed)), projects, seen=seen, settled=self.settled)

    def rests(self) -> bool:
        """Whether it came to the present."""
        return self.settled is not None and self.token is None and not self.searched and not self.owed


@dataclass(slots=True)
class Places:
    """Where a walk through some projects stands: `walked` are gone on with, one after the other; `resting` are not."""

    walked: list[Place]
    resting: list[Place]

    @classmethod
    def read(cls, cursor: str | None, since: datetime, projects: Collection[str] | None) -> Places:
        """The places that `text` told, for these projects, or all that the account sees. What no place is told of begins
        at `since`: all does where there is no cursor, or one that another version wrote.
        """
        try:
            kept = [Place.unpacked(told) for told in orjson.loads(cursor)] if cursor is not None else []
        except (ValueError, KeyError, TypeError, AttributeError):
            kept = []
        if projects is None:
            return cls([one for one in kept if one.projects is None][:1] or [Place(since)], [])
        places = cls([], [])
        for one in kept:
            places._share(one, projects)
        known = {project for one in places.walked for project in one.projects or ()}
        if new := sorted(set(projects) - known):
            places.walked.append(Place(since, new))
        places.walked.sort(key=Place.rests)  # a walk that was stopped goes on where it stopped
        return places

    def _share(self, place: Place, projects: Collection[str]) -> None:
        """Whether its projects are still read."""
        stands_for = sorted(projects) if place.projects is None else place.projects
        here = [one for one in stands_for if one in projects]
        gone = [one for one in stands_for if one not in projects]
        if gone:
            self.resting.append(place.apart(gone) if here else place)
        if here:
            place.projects = here
            self.walked.append(place)

    def end(self) -> None:
        """All places have come to the present, and are one from now on: what search may have missed in any of them since
        it was asked there is asked again.
        """
        first, *others = self.walked
        if not others:
            return
        ends = [one.settled for one in self.walked if one.settled is not None]
        first.updated = min([max(one.updated for one in self.walked), *ends])
        for one in others:
            first.projects = sorted({*(first.projects or ()), *(one.projects or ())})
            first.seen = {**one.seen, **first.seen}
        self.walked = [first]

    def text(self) -> str:
        return orjson.dumps([one.packed() for one in (*self.walked, *self.resting)]).decode()
