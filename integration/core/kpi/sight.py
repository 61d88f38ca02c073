"""What a measurement sees of a fact: its own moments and fields, and what other facts make of it, as of a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from integration.core.delivery.attribution import Attributed
from integration.core.delivery.facts import DeliveryFact, Stream, Times
from integration.core.facts import Value

TimesOf: TypeAlias = Callable[[DeliveryFact], Times | None]
ValueOf: TypeAlias = Callable[[DeliveryFact], Value]

_TOLD = frozenset({("changes", "deployed"), ("incidents", "deployed"), ("deployments", "recovered")})
"""Moments of a stream that other facts tell."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One stream as of a time. Nothing from `as_of` on is seen.

    What `attributed` says goes before what a fact says of itself. Where it tells of any deployment it tells of all: one that
    it does not name caused no incident, ships no change, and was not rolled back. Where it tells of none, the facts do.
    """

    as_of: datetime
    stream: Stream
    attributed: Attributed = field(default_factory=Attributed)

    def tells(self, moment: str) -> bool:
        """Whether anything but the fact itself may tell when this happened."""
        return (self.stream, moment) in _TOLD

    def times(self, moment: str) -> TimesOf:
        """All times at which something happened, those to come too."""
        match self.stream, moment:
            case "changes", "deployed" if deployed := self.attributed.deployed:
                return lambda fact: deployed.get(fact.id) or fact.moments.get("deployed")
            case "incidents", "deployed" if causes := self.attributed.causes:
                return lambda fact: (
                    cause.moments.get("finished") if (cause := causes.get(fact.id)) else fact.moments.get("deployed")
                )
            case "deployments", "recovered" if outcomes := self.attributed.outcomes:
                return lambda fact: (
                    became.recovered if (became := outcomes.get(fact.id)) else fact.moments.get("recovered")
                )
        return lambda fact: fact.moments.get(moment)

    def undone(self, moment: str) -> TimesOf:
        """All times at which it ceased to hold."""
        if (self.stream, moment) == ("deployments", "recovered") and (outcomes := self.attributed.outcomes):
            return lambda fact: became.broken if (became := outcomes.get(fact.id)) else fact.undone.get("recovered")
        return lambda fact: fact.undone.get(moment)

    def value(self, name: str) -> ValueOf:
        """A field; one with a history as of the time. None where it is not known."""
        own = self._own(name)
        attributed, as_of = self.attributed, self.as_of
        match self.stream, name:
            case "deployments", "incidents" if outcomes := attributed.outcomes:
                return lambda fact: bisect_left(became.incidents, as_of) if (became := outcomes.get(fact.id)) else 0
            case "deployments", "rolled back" if outcomes := attributed.outcomes:
                return lambda fact: (
                    (became := outcomes.get(fact.id)) is not None
                    and became.rolled_back is not None
                    and became.rolled_back < as_of
                )
            case "deployments", "changes" if ships := attributed.ships:
                return lambda fact: ships.get(fact.id, 0)
            case "deployments", ("incidents" | "changes"):
                return lambda fact: own(fact) or 0
            case "deployments", "rolled back":
                return lambda fact: own(fact) or False
            case "incidents", "deployment":
                causes = attributed.causes
                return lambda fact: cause.id if (cause := causes.get(fact.id)) else own(fact)
        return own

    def _own(self, name: str) -> ValueOf:
        as_of = self.as_of

        def own(fact: DeliveryFact) -> Value:
            changes = fact.history.get(name)
            if changes is None:
                return fact.fields.get(name)
            for at, value in reversed(changes):
                if at < as_of:
                    return value
            return None

        return own
