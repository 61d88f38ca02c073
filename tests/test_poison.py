"""A delivery that cannot be read, or cannot be kept, ends dead with its reason, and those around it go on."""

import dataclasses
import random
from datetime import datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from integration.core.catalogue import Catalogue
from integration.core.facts import Commented, ItemSeen, TrackerFact
from integration.ingest import ingest
from integration.store import tables
from integration.store.db import Database
from integration.trackers import TRACKERS
from integration.trackers.contract import Translation
from tests.steps import NOW, deliver, policy_in_force, scorecard, settle

GOOD_BEFORE, GOOD_AFTER = b'{"says": "good", "item": "1"}', b'{"says": "good", "item": "2"}'
UNINDEXABLE = random.Random(1).randbytes(9000).hex()
"""Longer than an entry of an index of PostgreSQL's, however it is compressed."""


def told(body: Any, _received: datetime) -> Translation:
    """A tracker that says exactly what a test wants it to, and has a mistake."""
    if body["says"] == "mistake":
        raise RecursionError
    at, item = NOW, body.get("item", "3")
    facts: dict[str, TrackerFact] = {
        "good": ItemSeen(at=at, source=item, item=item, fields={"key": f"SHOP-{item}"}),
        "a NUL": Commented(at=at, source="\0", item=item, comment="1"),
        "an endless id": Commented(at=at, source=UNINDEXABLE, item=item, comment="1"),
        "half a character": Commented(at=at, source="1", item=item, comment="\ud800"),
        "an endless number": ItemSeen(at=at, source="1", item=item, order=2**70, fields={}),
        "an endless name": Commented(at=at, source="2", item=item, comment="1"),
    }
    event = UNINDEXABLE * 100 + "\0" if body["says"] == "an endless name" else "told"
    return Translation(event, (facts[body["says"]],))


TELLING = dataclasses.replace(TRACKERS["jira"], translate=told)


def outcomes(database: Database) -> list[tuple[str, str | None]]:
    with database.read() as connection:
        rows = connection.execute(
            select(tables.outcomes.c.state, tables.outcomes.c.reason).order_by(tables.outcomes.c.delivery)
        )
        return [(row.state, row.reason) for row in rows]


def items_seen(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(tables.sightings.c.item)).scalars())


@pytest.mark.parametrize("poison", ["mistake", "half a character", "an endless number"])
def test_what_cannot_be_read_or_kept_is_dead_with_its_reason(database: Database, poison: str) -> None:
    deliver(database, "jira", [GOOD_BEFORE, orjson.dumps({"says": poison}), GOOD_AFTER])

    assert ingest(database, {"jira": TELLING}, NOW) == 3

    (before, _), (state, reason), (after, _) = outcomes(database)
    assert (before, state, after) == ("done", "dead", "done")
    assert reason
    assert items_seen(database) == ["1", "2"]
    assert ingest(database, {"jira": TELLING}, NOW) == 0


@pytest.mark.parametrize("poison", ["a NUL", "an endless id", "an endless name"])
def test_what_only_one_kind_of_database_can_keep_stops_nobody(database: Database, poison: str) -> None:
    deliver(database, "jira", [GOOD_BEFORE, orjson.dumps({"says": poison}), GOOD_AFTER])

    assert ingest(database, {"jira": TELLING}, NOW) == 3

    (before, _), (_, _), (after, _) = outcomes(database)
    assert (before, after) == ("done", "done")
    assert items_seen(database) == ["1", "2"]


def test_a_database_in_trouble_kills_nothing(database: Database) -> None:
    deliver(database, "jira", [GOOD_BEFORE, GOOD_AFTER])
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE sightings RENAME TO gone")

    with pytest.raises(Exception, match="sightings") as raised:
        ingest(database, {"jira": TELLING}, NOW)
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO sightings")

    assert "SHOP" not in str(raised.value), "what people wrote is not for logs"
    assert raised.type is OperationalError or database.file is None
    assert outcomes(database) == [("new", None), ("new", None)]
    assert ingest(database, {"jira": TELLING}, NOW) == 2


def test_nul_characters_are_left_out_of_what_is_kept(database: Database) -> None:
    issue = {"id": "7", "key": "SHOP-7\0", "fields": {"summary": "A\0 book", "labels": ["kr:\0nothing"]}}
    card = scorecard()
    policy = policy_in_force(database, card, {"jira": Catalogue()})

    deliver(database, "jira", [orjson.dumps({"webhookEvent": "jira:issue_updated", "issue": issue})])
    settle(database, policy)

    with database.read() as connection:
        assert connection.execute(select(tables.items.c.key)).scalars().all() == ["SHOP-7"]


def test_a_key_that_no_index_holds_stops_no_fold(database: Database) -> None:
    policy = policy_in_force(database, scorecard(), {"jira": Catalogue()})
    issues = [{"id": "7", "key": UNINDEXABLE, "fields": {}}, {"id": "8", "key": "SHOP-8", "fields": {}}]

    deliver(database, "jira", [orjson.dumps({"webhookEvent": "jira:issue_updated", "issue": one}) for one in issues])
    settle(database, policy)

    with database.read() as connection:
        assert sorted(connection.execute(select(tables.items.c.key)).scalars()) == ["7", "SHOP-8"]
