"""Steps without processes: take deliveries in, refresh until nothing is marked, and look at all that is kept."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from integration.core.catalogue import Catalogue
from integration.core.links import TagRule
from integration.core.scorecard import ConnectionRule, Cycle, KeyResult, Objective, Scorecard, Work, WriteBackRule
from integration.ingest import ingest
from integration.refresh import (
    Policy,
    attribute_facts,
    derive_facts,
    draw_cards,
    fold_items,
    measure_key_results,
    measure_kpis,
    reach_key_results,
)
from integration.store import applied, marks, reads, tables
from integration.store.db import Database
from integration.trackers import TRACKERS

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""A Monday within 2026-Q4."""
Q4 = Cycle("2026-Q4", date(2026, 10, 1), date(2026, 12, 31))


def scorecard(*, tracker: str = "jira", connection: str = "jira", **write_back: Any) -> Scorecard:
    """Two key results measured by work, tagged by label."""

    def key_result(name: str, unit: str) -> KeyResult:
        return KeyResult(
            id=f"checkout.{name}", name=name, objective="checkout", title=f"The {name} one", measure=Work(unit)
        )

    objective = Objective(
        "checkout", "Buying takes a minute", Q4, (key_result("built", "items"), key_result("pointed", "story points"))
    )
    rule = WriteBackRule(connection, **{"fields": {"KR Progress": "percent", "KR Status": "status"}, **write_back})
    return Scorecard(
        timezone=ZoneInfo("UTC"),
        objectives=(objective,),
        tags=(TagRule(label="kr:*"),),
        write_back={connection: rule},
        connections={connection: ConnectionRule(connection, tracker, "https://jira.example")},
    )


def deliver(database: Database, connection: str, bodies: Iterable[bytes]) -> None:
    """Puts bodies into the inbox as the receiver does, each under an id of its own."""
    with database.write() as db:
        start = len(db.execute(select(tables.deliveries.c.id)).all())
        for number, body in enumerate(bodies, start):
            row = {"connection": connection, "delivery": str(number), "received_at": NOW, "headers": "{}", "body": body}
            db.execute(tables.deliveries.insert(), row)


def policy_in_force(database: Database, card: Scorecard, catalogues: Mapping[str, Catalogue]) -> Policy:
    """The scorecard as if applied, with each connection's vocabulary as if read."""
    with database.write() as db:
        for name, catalogue in catalogues.items():
            reads.save_catalogue(db, name, catalogue, NOW)
        revision = applied.apply(db, "digest", {"okr.yaml": ""}, ".", NOW)
    return Policy(revision, card, "https://okr.example")


def settle(database: Database, policy: Policy, now: datetime = NOW) -> None:
    """Everything that follows from what waits, but talking to trackers: open reads are taken as answered."""
    trackers = {name: TRACKERS[rule.tracker] for name, rule in policy.scorecard.connections.items()}
    later, last = now + timedelta(seconds=2), now + timedelta(seconds=4)  # what follows from a KPI settles after it
    while (
        ingest(database, trackers, now)
        + fold_items(database, policy, now)
        + reach_key_results(database, policy, now)
        + derive_facts(database, policy, now)
        + attribute_facts(database, policy, now)
        + measure_kpis(database, policy, later, now)
        + answer_all(database)
        + measure_key_results(database, policy, last, now)
        + draw_cards(database, policy, last)
    ):
        pass


def answer_all(database: Database) -> int:
    """Takes every open question as answered with nothing new, as when all was told by webhooks."""
    with database.write() as db:
        waiting = [read for read in reads.open_reads(db) if read.state == "wanted"]
        for read in waiting:
            reads.finish(db, read)
            marks.look_again(db, [(read.ref.connection, read.ref.id)], NOW)
    return len(waiting)


def everything(database: Database) -> Mapping[str, list[Any]]:
    """All that deliveries lead to, without row numbers and times of our own clock: equal for equal histories."""
    wanted = {
        "facts": (tables.facts, ("connection", "kind", "source", "item", "at", "actor", "data")),
        "items": (tables.items, ("connection", "item", "key", "parent", "deleted", "state")),
        "links": (tables.links, ("connection", "item", "key_result", "origin", "weight")),
        "check-ins": (tables.check_ins, ("key_result", "day", "origin", "value")),
        "standings": (tables.standings, ("key_result", "data")),
        "outbox": (tables.outbox, ("connection", "item", "desired", "state")),
        "marks": (tables.marks, ("kind", "subject")),
        "sightings": (tables.sightings, ("item",)),
    }
    with database.read() as db:
        return {
            name: sorted(map(tuple, db.execute(select(*(table.c[column] for column in columns)))), key=repr)
            for name, (table, columns) in wanted.items()
        }
