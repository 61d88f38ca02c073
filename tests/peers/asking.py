"""A mapping as people write it, asked about facts: the way from a file to a number, with nothing of ours left out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import mappings
from integration.core.catalogue import Catalogue
from integration.core.delivery.attribution import Attributed, attribute
from integration.core.delivery.derive import Derivation
from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident, Stream
from integration.core.delivery.pushed import as_ruled
from integration.core.facts import ItemCreated, ItemRef, ItemSeen, TrackerFact, Value
from integration.core.items import item_of, join
from integration.core.kpi.language import Dates, Window
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known, Measurement
from integration.pushed.meaning import fact_of
from integration.pushed.reading import Received, read

JIRA = (
    "connections: {jira: {tracker: jira, url: https://bookshop.example/, user: env/U, token: env/T, projects: ['*']}}\n"
)
AZURE_DEVOPS = (
    "connections: {ado: {tracker: azure-devops, url: https://dev.azure.com/bookshop, token: env/T, projects: ['*']}}\n"
)


class Team:
    """A mapping, by its text. Facts are pushed in the words of the API, or told in those of its one connection."""

    def __init__(self, text: str, catalogue: Catalogue | None = None) -> None:
        loaded = mappings.load_texts({"okr.yaml": text}, "okr.yaml")
        self.scorecard = loaded.scorecard
        self.catalogue = catalogue or Catalogue()

    def pushed(self, told: Iterable[Mapping[str, Any]]) -> list[DeliveryFact]:
        found = []
        for one in told:
            received = read({name: value for name, value in one.items() if value is not None})
            assert isinstance(received, Received), received
            fact = as_ruled(fact_of(received.kind, received.data), self.scorecard.delivery)
            if fact is not None:
                found.append(fact)
        return found

    def derived(self, told: Iterable[TrackerFact]) -> list[DeliveryFact]:
        """What tracker facts of one subject that is no item mean."""
        return list(self._derivation.derive(told))

    def item(
        self, number: str, fields: Mapping[str, Value], created: datetime, told: Sequence[TrackerFact] = ()
    ) -> list[DeliveryFact]:
        """What a work item means, of which `fields` are known as of its newest fact."""
        newest = max((fact.at for fact in told), default=created)
        seen = ItemSeen(at=newest, source=number, item=number, fields={"created": created.isoformat(), **fields})
        return self.recorded(number, [seen], [ItemCreated(at=created, source=number, item=number), *told])

    def recorded(self, number: str, seen: Iterable[ItemSeen], told: Iterable[TrackerFact]) -> list[DeliveryFact]:
        """What a work item means by all that was told of it."""
        [rule] = self.scorecard.connections.values()
        item = item_of(join({}, seen), ItemRef(rule.name, number), self.catalogue, rule)
        return list(self._derivation.derive(told, item))

    @property
    def _derivation(self) -> Derivation:
        [rule] = self.scorecard.connections.values()
        return Derivation(rule, self.catalogue, self.scorecard.delivery)

    def knowing(self, facts: Iterable[DeliveryFact], since: Mapping[Stream, datetime] | None = None) -> "Asked":
        every = list(facts)
        services = self.scorecard.delivery.services.values()
        attributed = attribute(
            [fact for fact in every if isinstance(fact, Deployment)],
            [fact for fact in every if isinstance(fact, Change)],
            [fact for fact in every if isinstance(fact, Incident)],
            [each.name for each in services if any(rule.from_failed_deployments for rule in each.incidents)],
        )
        return Asked(self, Known.of([*every, *attributed.failures], since=since, attributed=attributed))


class Asked:
    """A team with its facts."""

    def __init__(self, team: Team, known: Known) -> None:
        self._team, self._known = team, known

    @property
    def attributed(self) -> Attributed:
        return self._known.attributed

    def key(self, fact: str) -> str:
        """What people call a fact: the key of its item, else its id."""
        facts = (one for of_stream in self._known.facts.values() for one in of_stream if one.id == fact)
        return next((str(one.fields.get("key") or one.fields.get("item") or one.id) for one in facts), fact)

    def keys(self, facts: Iterable[str]) -> set[str]:
        return set(map(self.key, facts))

    def measured(self, kpi: str, as_of: datetime, over: Window | None = None) -> Measurement:
        return measure(self._team.scorecard.kpis[kpi], self._known, as_of, over)

    def by(self, span: str, kpi: str, as_of: datetime, over: Window) -> dict[str, Fraction]:
        """By the label of each part of the calendar that has a value."""
        parts = measure_groups(self._team.scorecard.kpis[kpi], self._known, as_of, [span], over)
        return {part.group[0][1]: part.value for part in parts if part.value is not None and part.group}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def days(first: str, last: str) -> Dates:
    """From the day of one moment to that of another."""
    return Dates(moment(first).date(), moment(last).date())


def commit(name: str) -> str:
    """A commit's id as git writes it, for one that a table calls by a short name."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def number(value: Fraction | None, digits: int = 6) -> float | None:
    """As tables write it; unknown stays unknown."""
    return None if value is None else round(float(value), digits)
