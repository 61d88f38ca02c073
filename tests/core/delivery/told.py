"""Tracker facts in few words, for tables: days of November 2026, an item called jira:1."""

from datetime import UTC, datetime, timedelta
from typing import Any

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.delivery.derive import Derivation
from integration.core.delivery.facts import DeliveryFact
from integration.core.delivery.rules import Delivery, Service
from integration.core.facts import (
    Commented,
    FieldChanged,
    ItemCreated,
    ItemRef,
    RunFinished,
    StatusChanged,
    TrackerFact,
    VersionChanged,
)
from integration.core.items import Item
from integration.core.links import Pattern
from integration.core.scorecard import ConnectionRule

JIRA = ConnectionRule("jira", "jira", "https://shop.example")
ADO = ConnectionRule("ado", "azure-devops", "https://dev.azure.com/shop")
CATALOGUE = Catalogue(
    fields=(
        TrackerField("customfield_10020", "Sprint", role="sprint"),
        TrackerField("customfield_10050", "Outage started", type="date"),
        TrackerField("customfield_10060", "Affected service", type="option"),
        TrackerField("duedate", "Due date", type="date"),
    ),
    states={
        "to do": "to do",
        "blocked": "in progress",
        "in progress": "in progress",
        "in review": "in progress",
        "restored": "in progress",
        "implemented": "in progress",
        "backed out": "done",
        "done": "done",
        "closed": "done",
        "removed": "dropped",
    },
    projects={"SHOP": "Bookshop", "10000": "Bookshop", "PAY": "Payments", "10001": "Payments"},
)


def at(day: float) -> datetime:
    """Noon of a day of November 2026, and parts of days after it."""
    return datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=day - 1)


def days(times: tuple[datetime, ...]) -> list[float]:
    return [(time - at(1)) / timedelta(days=1) + 1 for time in times]


def patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(map(Pattern, texts))


def item(**more: Any) -> Item:
    """A story of SHOP that was created on the first."""
    told = {"key": "SHOP-1", "project": "SHOP", "type": "Story", "status": "To Do", "state": "to do", "created": at(1)}
    return Item(ref=ItemRef("jira", "1"), **{**told, **more})


def born(day: float = 1, actor: str | None = "reader") -> ItemCreated:
    return ItemCreated(at=at(day), source="1", item="1", actor=actor)


def moved(day: float, before: str, after: str, entry: int = 0) -> StatusChanged:
    return StatusChanged(at=at(day), source=f"{entry or int(day * 100)}:status", item="1", before=before, after=after)


def walked(*statuses: tuple[float, str], first: str = "To Do") -> list[TrackerFact]:
    """Born on the first, and then from status to status."""
    names = [first, *(name for _, name in statuses)]
    return [
        born(),
        *(
            moved(day, before, after, entry)
            for entry, ((day, after), before) in enumerate(zip(statuses, names, strict=False), 1)
        ),
    ]


def changed(day: float, field: str, before: str | None, after: str | None) -> FieldChanged:
    return FieldChanged(
        at=at(day), source=f"{int(day * 100)}:{field}", item="1", field=field, before=before, after=after
    )


def said(day: float, by: str | None = "agent", *, internal: bool = False) -> Commented:
    return Commented(at=at(day), source=f"c{day}", item="1", actor=by, comment=f"c{day}", seen_by_author=not internal)


def released(day: float, action: str = "released", *, name: str = "Shop 1.4", project: str = "10000") -> VersionChanged:
    return VersionChanged(at=at(day), source=f"7:{action}", action=action, version="7", name=name, project=project)


def ended(day: float, of: str = "stage", result: str | None = "succeeded", **more: Any) -> RunFinished:
    told = {"pipeline": "shop-cd", "run": "12", "stage": "prod" if of != "build" else None, "project": "Bookshop"}
    told |= {"branch": "main", "commit": "ABC1234", "attempt": 1, "started": at(day - 0.25), "state": "completed"}
    told |= more
    source = f"{of}:{told['run']}:{told['stage']}:{told['attempt']}:{day}"
    return RunFinished(at=at(day), source=source, of=of, result=result, **told)


def delivery(*services: Service) -> Delivery:
    return Delivery({service.name: service for service in services})


def derived(
    kind: type[DeliveryFact],
    facts: list[TrackerFact],
    service: Service | Delivery | None = None,
    known: Item | None = None,
    connection: ConnectionRule = JIRA,
) -> list[Any]:
    """What is derived of one kind, by the rules of one service or of several."""
    rules = service if isinstance(service, Delivery) else delivery(service or Service(""))
    found = Derivation(connection, CATALOGUE, rules).derive(facts, known)
    return [fact for fact in found if isinstance(fact, kind)]
