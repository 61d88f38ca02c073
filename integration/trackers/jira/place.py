"""How far the reading of a site's issues got, as a text that is kept between requests and across restarts."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
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

    @classmethod
    def read(cls, cursor: str | None, since: datetime) -> Place:
        """The place that `text` told; the beginning where there is none, or one that another version wrote."""
        if cursor is None:
            return cls(since)
        try:
            told = orjson.loads(cursor)
            return cls(
                datetime.fromisoformat(told["updated"]),
                told["query"],
                told["token"],
                told["searched"],
                {number: [_unpacked(link) for link in links] for number, links in told["owed"].items()},
                told["at_once"],
                told["entries"],
                {number: datetime.fromisoformat(at) for number, at in told["seen"].items()},
                None if told["safe"] is None else datetime.fromisoformat(told["safe"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(since)

    def text(self) -> str:
        told: dict[str, Any] = {
            "updated": self.updated,
            "query": self.query,
            "token": self.token,
            "searched": self.searched,
            "owed": {number: [link.packed() for link in links] for number, links in self.owed.items()},
            "at_once": self.at_once,
            "entries": self.entries,
            "seen": self.seen,
            "safe": self.safe,
        }
        return orjson.dumps(told).decode()

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
        for number in list(self.seen)[:-REMEMBERED]:
            del self.seen[number]

    def end(self) -> None:
        """All was told; the next walk begins where this one may have missed something."""
        if self.safe is not None:
            self.updated = self.safe
        self.token, self.searched, self.safe = None, False, None
