"""A small bookshop's words for the tables: items in a line, a scorecard in a few."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integration.core.facts import ItemRef, ItemSeen, Value
from integration.core.items import Item
from integration.core.quantities import Quantity
from integration.core.scorecard import Cycle, KeyResult, Measure, Objective, Scorecard, Work

Q4 = Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    """`2026-10-05` or `2026-10-05 09:30`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ref(number: str) -> ItemRef:
    return ItemRef("jira", number)


def item(number: str, **said: Any) -> Item:
    return Item(**{"ref": ref(number), "key": f"SHOP-{number}", "type": "Story", "state": "to do", **said})


def seen(fields: Mapping[str, Value], when: str = "2026-10-05", order: int = 0) -> ItemSeen:
    return ItemSeen(at=at(when), source="test", item="1", order=order, fields=fields)


def key_result(name: str, measure: Measure | None = None, **said: Any) -> KeyResult:
    """`checkout.rebuilt`, counted in items unless something else is said."""
    objective, _, own = name.partition(".")
    return KeyResult(
        **{
            "id": name,
            "name": own,
            "objective": objective,
            "title": own.replace("-", " ").capitalize(),
            "measure": measure or Work("items"),
            **said,
        }
    )


def objective(*key_results: KeyResult, **said: Any) -> Objective:
    name = key_results[0].objective
    return Objective(**{"id": name, "title": name.capitalize(), "cycle": Q4, "key_results": key_results, **said})


def scorecard(*objectives: Objective, **said: Any) -> Scorecard:
    return Scorecard(**{"timezone": ZoneInfo("UTC"), "objectives": objectives, **said})


def quantity(text: str) -> Quantity:
    """`5 / week`, `50 %`, `24`."""
    number, _, unit = text.partition(" ")
    return Quantity(Decimal(number), unit)
