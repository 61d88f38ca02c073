"""A store as years of pushed facts leave it: written in bulk, attributed in memory, with every day measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from integration.core.delivery.attribution import attribute, shipped_by
from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident
from integration.core.delivery.pushed import as_ruled
from integration.core.delivery.rules import Delivery, DeploymentRule, IncidentRule, Service
from integration.core.delivery.timeline import Production
from integration.core.scorecard import Scorecard
from integration.pushed.meaning import fact_of
from integration.pushed.reading import Received
from integration.pushed.receiving import keep, understand
from integration.refresh import Policy, measure_kpis
from integration.refresh.delivery import PUSHED
from integration.refresh.kpis import mark_all
from integration.store import attributed, delivery, migrations, pushed
from integration.store.db import Database
from integration.store.delivery import Drawn
from integration.store.statements import in_batches
from integration.store.tables import marks
from mappings.kpis.resolved import of_preset
from tests.steps import policy_in_force

END = datetime(2025, 1, 1, tzinfo=UTC)
"""When the generated histories end."""
CLASSIC = ("dora/deployment-frequency", "dora/lead-time", "dora/change-failure-rate", "dora/time-to-restore")
SERVICES = [f"service-{number}" for number in range(20)]
A_MONTH = {"deployments": 420, "changes": 420, "incidents": 84}
"""A tenth of the yardstick's: what matters is that a store with more months takes no longer."""

RULES = Delivery(
    {
        name: Service(name, deployments=(DeploymentRule(pushed=True),), incidents=(IncidentRule(pushed=True),))
        for name in SERVICES
    }
)


def policy_of(database: Database) -> Policy:
    card = Scorecard(timezone=ZoneInfo("UTC"), kpis={name: of_preset(name) for name in CLASSIC}, delivery=RULES)
    return policy_in_force(database, card, {})


def opened(file: Path) -> Database:
    database = Database.open(f"sqlite:///{file.absolute()}")
    migrations.upgrade(database)
    return database


def fill(database: Database, plain: ModuleType, months: int) -> None:
    """Keeps what so many months before the end pushed, and all that the steps would have made of it but measurements."""
    numbers = {name: count * months for name, count in A_MONTH.items()}
    told = understand(list(pushes(*plain.generate(**numbers, months=months, services=len(SERVICES)))))
    received = [one for one in told if isinstance(one, Received)]
    with database.write() as connection:
        for some in in_batches(received, 5000):
            keep(connection, some, "ci", END)
        begun = END - timedelta(days=30 * months)
        pushed.known_since(connection, {(kind, "shop"): begun for kind in ("deployment", "change", "incident")})
        connection.execute(delete(marks))  # what they ask for is done here
        _relate(connection, _draw(connection, received))


def _draw(connection: Any, received: Sequence[Received]) -> Sequence[DeliveryFact]:
    drawn = []
    for one in received:
        fact = as_ruled(fact_of(one.kind, one.data), RULES)
        assert fact is not None
        fact = replace(fact, id=f"{PUSHED}{fact.id}")
        drawn.append(Drawn(("", f"{one.kind}:{one.id}"), (fact,)))
    for some in in_batches(drawn, 5000):
        delivery.replace(connection, some, ())
    return [fact for one in drawn for fact in one.facts]


def _relate(connection: Any, facts: Sequence[DeliveryFact]) -> None:
    deployments = [one for one in facts if isinstance(one, Deployment)]
    changes = [one for one in facts if isinstance(one, Change)]
    incidents = [one for one in facts if isinstance(one, Incident)]
    related, timeline = attribute(deployments, changes, incidents), Production(deployments)
    shipped = {one.id: by for one in changes if (by := shipped_by(one, timeline))}
    attributed.save_shipments(connection, shipped)
    attributed.save_causes(connection, related.causes)
    attributed.save_outcomes(connection, related.outcomes)


def pushes(deployments: list[Any], changes: list[Any], incidents: list[Any]) -> Iterator[Mapping[str, Any]]:
    """What a CI server would have pushed."""
    for ident, service, finished, good in deployments:
        result = "success" if good else "failed"
        yield deployment(ident, SERVICES[service], at(finished), result)
    for ident, service, first, merged in changes:
        yield {
            "kind": "change",
            "id": ident,
            "service": SERVICES[service],
            "first_commit": at(first),
            "merged": at(merged),
        }
    for ident, service, opened_at, restored in incidents:
        over = {} if restored is None else {"restored": at(restored)}
        yield {"kind": "incident", "id": ident, "service": SERVICES[service], "opened": at(opened_at), **over}


def deployment(ident: str, service: str, finished: str, result: str) -> Mapping[str, Any]:
    said = {"service": service, "environment": "production", "finished": finished, "result": result}
    return {"kind": "deployment", "id": ident, "version": f"1.{ident}", **said}


def at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def measure_everything(database: Database, policy: Policy) -> None:
    """Measures every KPI, and every day that is over."""
    with database.write() as connection:
        mark_all(connection, policy, END, timedelta())
    later = END
    while measure_kpis(database, policy, later := later + timedelta(seconds=2), END):
        pass
