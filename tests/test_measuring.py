"""Delivery facts through the store: the same attribution and the same measurements as from all facts at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from integration.core.delivery.attribution import Attributed, attribute
from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident
from integration.core.delivery.pushed import as_ruled
from integration.core.delivery.rules import Delivery, DeploymentRule, IncidentRule, Service
from integration.core.kpi.history import history as kpi_history
from integration.core.kpi.language import Kpi
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known
from integration.core.kpi.summary import summary
from integration.core.scorecard import Scorecard
from integration.pushed.meaning import fact_of
from integration.pushed.reading import Received, Refused
from integration.pushed.receiving import keep, understand
from integration.refresh import Policy
from integration.store import measurements, pushed
from integration.store.attributed import causes_of, deployments_of, outcomes_of, ships
from integration.store.db import Database
from integration.store.delivery_tables import delivery_facts
from mappings.kpis.resolved import of_preset
from tests.steps import NOW, policy_in_force, settle

PUSHED = Delivery(
    {
        name: Service(name, deployments=(DeploymentRule(pushed=True),), incidents=(IncidentRule(pushed=True),))
        for name in ("shop", "mail")
    }
)
BEGAN = NOW - timedelta(days=40)


def kpis(*presets: str) -> Mapping[str, Kpi]:
    return {name: of_preset(name) for name in presets}


CLASSIC = ("dora/deployment-frequency", "dora/lead-time", "dora/change-failure-rate", "dora/recovery-time")


def at(day: float) -> str:
    """Days since facts began to be pushed."""
    return (BEGAN + timedelta(days=day)).isoformat()


def measured_by(database: Database, delivery: Delivery, watched: Mapping[str, Kpi]) -> Policy:
    card = Scorecard(timezone=ZoneInfo("UTC"), kpis=watched, delivery=delivery)
    return policy_in_force(database, card, {})


def push(database: Database, facts: Iterable[Mapping[str, Any]], now: datetime = NOW) -> None:
    understood = understand(facts)
    assert not [one.reason for one in understood if isinstance(one, Refused)]
    received = [one for one in understood if isinstance(one, Received)]
    with database.write() as connection:
        keep(connection, received, "test", now)
        pushed.known_since(connection, {(one.kind, "shop"): BEGAN for one in received})


# --- one history of pushed facts, by hand ---


def deployed(ident: str, day: float, result: str = "success", **said: Any) -> Mapping[str, Any]:
    usual = {"service": "shop", "environment": "production", "finished": at(day), "result": result}
    return {"kind": "deployment", "id": ident, **usual, **said}


HISTORY: Sequence[Mapping[str, Any]] = [
    deployed("d1", 14, version="1.0"),
    deployed("d2", 20, "failed", version="1.1"),
    deployed("d3", 21, version="1.2"),
    deployed("d4", 30, version="1.3"),
    deployed("s1", 15, environment="test"),
    {"kind": "change", "id": "c1", "service": "shop", "first_commit": at(16), "merged": at(18)},
    {"kind": "change", "id": "c2", "service": "shop", "first_commit": at(20), "merged": at(25)},
    {"kind": "incident", "id": "i1", "service": "shop", "opened": at(31), "restored": at(31.25)},
]


def values(database: Database) -> Mapping[str, tuple[Any, str]]:
    with database.read() as connection:
        told = measurements.newest(connection)
    return {name: (one.summary.value, one.summary.unit) for name, one in told.items()}


def test_pushed_facts_become_measurements(database: Database) -> None:
    policy = measured_by(database, PUSHED, kpis(*CLASSIC))
    push(database, HISTORY)

    settle(database, policy)

    assert values(database) == {
        "dora/deployment-frequency": (0.75, "/ week"),  # d1, d3, d4 in four weeks
        "dora/lead-time": (7.5 * 24, "h"),  # 5 and 10 days
        "dora/change-failure-rate": (50, "%"),  # d2 failed, d4 caused i1; of four
        "dora/recovery-time": ((1 + 1.25) / 2 * 24, "h"),  # d2 by d3, d4 when i1 was restored
    }


# --- any history, in any order ---


def some_history(dice: Random) -> list[Mapping[str, Any]]:
    """Two services' deployments, changes and incidents over forty days, with versions that come again."""
    facts: list[Mapping[str, Any]] = []
    for number in range(dice.randint(3, 14)):
        said = {"service": dice.choice(["shop", "mail"]), "version": f"1.{dice.randint(0, 4)}"}
        day = dice.randint(0, 78) / 2
        if dice.random() < 0.5:
            said["started"] = at(day - dice.choice([0.1, 1, 3]))
        facts.append(deployed(f"d{number}", day, dice.choice(["success", "success", "failed"]), **said))
    for number in range(dice.randint(1, 10)):
        merged = dice.randint(0, 78) / 2
        names = {"versions": [f"1.{dice.randint(0, 6)}"]} if dice.random() < 0.3 else {}
        service = dice.choice(["shop", "mail"])
        change = {"first_commit": at(merged - 1), "merged": at(merged), "service": service, **names}
        facts.append({"kind": "change", "id": f"c{number}", **change})
    for number in range(dice.randint(1, 8)):
        opened = dice.randint(0, 78) / 2
        over = {"restored": at(opened + dice.choice([0.2, 2, 9]))} if dice.random() < 0.8 else {}
        named = {"deployment": f"d{dice.randint(0, 9)}"} if dice.random() < 0.3 else {}
        service = dice.choice(["shop", "mail"])
        facts.append(
            {"kind": "incident", "id": f"i{number}", "opened": at(opened), "service": service, **over, **named}
        )
    return facts


FAILING = replace(
    PUSHED,
    services=PUSHED.services
    | {"mail": replace(PUSHED.services["mail"], incidents=(IncidentRule(from_failed_deployments=True),))},
)


@pytest.mark.parametrize("seed", range(6))
def test_arrival_in_any_order_ends_as_all_facts_at_once(database: Database, seed: int) -> None:
    dice = Random(seed)
    history = some_history(dice)
    policy = measured_by(database, FAILING, kpis(*CLASSIC))
    corrected = [deployed(one["id"], dice.randint(0, 78) / 2, "failed") for one in history if one["id"] in ("d0", "d1")]
    arrivals = [*corrected, *history, *dice.sample(history, 2)]
    dice.shuffle(arrivals)
    newest = {one["id"]: one for one in arrivals}
    while arrivals:
        batch = [arrivals.pop() for _ in range(min(len(arrivals), dice.randint(1, 6)))]
        newest |= {one["id"]: one for one in batch}
        push(database, batch)
        settle(database, policy)

    assert stored(database) == at_once(newest.values())
    with database.read() as connection:
        told = {name: measurements.days(connection, name) for name in CLASSIC}
        now = {name: one.summary for name, one in measurements.newest(connection).items()}
    known = everything_known(newest.values())
    for name, kpi in kpis(*CLASSIC).items():
        assert now[name] == summary(measure(kpi, known, NOW))
        days = [day for day, _ in told[name]]
        assert days == [BEGAN.date() + timedelta(days=number) for number in range(40)]
        assert [one for _, one in told[name]] == [summary(one) for one in kpi_history(kpi, known, days)]


def drawn(facts: Iterable[Mapping[str, Any]]) -> Sequence[DeliveryFact]:
    """What the rules make of these, without a store."""
    received = [one for one in understand(facts) if isinstance(one, Received)]
    ruled = [as_ruled(fact_of(one.kind, one.data), FAILING) for one in received]
    return [replace(fact, id=f"pushed {fact.id}") for fact in ruled if fact is not None]


def attributed(facts: Sequence[DeliveryFact]) -> Attributed:
    return attribute(
        [fact for fact in facts if isinstance(fact, Deployment)],
        [fact for fact in facts if isinstance(fact, Change)],
        [fact for fact in facts if isinstance(fact, Incident)],
        failures_of=["mail"],
    )


def everything_known(facts: Iterable[Mapping[str, Any]]) -> Known:
    told = drawn(facts)
    related = attributed(told)
    since = dict.fromkeys(("deployments", "changes", "incidents"), BEGAN)
    return Known.of([*told, *related.failures], since, attributed=related)


Picture: TypeAlias = tuple[Mapping[str, Any], ...]


def at_once(facts: Iterable[Mapping[str, Any]]) -> Picture:
    told = attributed(drawn(facts))
    blamed = {incident: cause.id for incident, cause in told.causes.items()}
    return dict(told.deployed), blamed, dict(told.outcomes), dict(told.ships), {one.id for one in told.failures}


def stored(database: Database) -> Picture:
    with database.read() as connection:
        ids: dict[str, list[str]] = {}
        for stream, fact in connection.execute(select(delivery_facts.c.stream, delivery_facts.c.fact)):
            ids.setdefault(stream, []).append(fact)
        shipped = deployments_of(connection, ids.get("changes", ()))
        return (
            {change: tuple(at for _, at in by) for change, by in shipped.items()},
            dict(causes_of(connection, ids.get("incidents", ()))),
            dict(outcomes_of(connection, ids["deployments"])),
            dict(ships(connection, ids["deployments"])),
            {one for one in ids.get("incidents", ()) if one.startswith("failure of")},
        )
