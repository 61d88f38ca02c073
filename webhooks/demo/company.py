"""The people of the bookshop. Each thing they do is done in a tracker, or told to okrlink, and said in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from webhooks.demo.teams import Team

TellCheckIn: TypeAlias = Callable[[str, Decimal, int | None, str, str], None]
"""Key result, value, confidence, note, who: told to okrlink."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One epic, feature or story: its team, and its id in the team's tracker."""

    team: Team
    item: str
    title: str

    def __str__(self) -> str:
        return f"{self.team.name(self.item)} {self.title}"


@dataclass(slots=True)
class Company:
    """What there is, by the names that the story gives it."""

    teams: Mapping[str, Team]
    check_in: TellCheckIn
    things: dict[str, Thing] = field(default_factory=dict)

    def plans(self, by: str, team: str, name: str, title: str, tag: str) -> str:
        """An epic, or what stands for one, tagged with a key result."""
        kind = {"web": "Epic", "app": "Feature"}[team]
        thing = self._add(team, kind, name, title, by=by, parent=None, tags=[tag])
        return f"{by} plans {thing} and tags it {tag}"

    def writes(
        self, by: str, name: str, title: str, points: float | None, below: str, *, tag: str | None = None
    ) -> str:
        """A story below an epic; without points it is not estimated yet."""
        parent = self.things[below]
        team = next(name for name, one in self.teams.items() if one is parent.team)
        kind = {"web": "Story", "app": "User Story"}[team]
        thing = self._add(team, kind, name, title, by=by, parent=parent.item, tags=[tag] if tag else [])
        if points is not None:
            thing.team.estimate(thing.item, points, by=by)
        return f"{by} writes {thing}" + (f" ({points:g} points)" if points is not None else " (no estimate yet)")

    def estimates(self, by: str, name: str, points: float) -> str:
        thing = self.things[name]
        thing.team.estimate(thing.item, points, by=by)
        return f"{by} estimates {thing}: {points:g} points"

    def starts(self, by: str, name: str) -> str:
        thing = self.things[name]
        thing.team.start(thing.item, by=by)
        return f"{by} starts {thing}"

    def finishes(self, by: str, name: str) -> str:
        thing = self.things[name]
        thing.team.finish(thing.item, by=by)
        return f"{by} finishes {thing}"

    def reopens(self, by: str, name: str, why: str) -> str:
        thing = self.things[name]
        thing.team.start(thing.item, by=by)
        return f"{by} reopens {thing}: {why}"

    def drops(self, by: str, name: str) -> str:
        thing = self.things[name]
        thing.team.drop(thing.item, by=by)
        return f"{by} drops {thing}: it will not be done"

    def moves(self, by: str, name: str, below: str) -> str:
        thing, parent = self.things[name], self.things[below]
        thing.team.move(thing.item, parent.item, by=by)
        return f"{by} moves {thing} below {parent}"

    def edits(self, by: str, name: str, what: str, text: str) -> str:
        """A field that okrlink writes, changed by a person: okrlink leaves it alone from then on."""
        thing = self.things[name]
        thing.team.write(thing.item, what, text, by=by)
        return f"{by} writes into {what} of {thing} by hand; okrlink leaves it alone"

    def checks_in(self, by: str, key_result: str, value: str, confidence: int | None = None, note: str = "") -> str:
        self.check_in(key_result, Decimal(value), confidence, note, by)
        return f"{by} checks in {value} on {key_result}" + (f": {note}" if note else "")

    def look(self) -> Sequence[dict[str, Any]]:
        """Every item as its tracker shows it, in the order in which they were made."""
        return [thing.team.look(thing.item) for thing in self._things()]

    def _things(self) -> Iterator[Thing]:
        yield from list(self.things.values())

    def _add(
        self, team: str, kind: str, name: str, title: str, *, by: str, parent: str | None, tags: Sequence[str]
    ) -> Thing:
        item = self.teams[team].add(kind, title, by=by, parent=parent, tags=tags)
        self.things[name] = Thing(self.teams[team], item, title)
        return self.things[name]
