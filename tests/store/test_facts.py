"""Facts are kept once, however often and in whatever order they are told, and in their most precise telling."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from sqlalchemy import delete, select

from integration.core.facts import ItemDeleted, StatusChanged, TrackerFact, VersionChanged
from integration.store import facts, tables
from integration.store.db import Database

MORNING = datetime(2026, 11, 2, 9, tzinfo=UTC)
NIGHT = datetime(2026, 11, 2, 23, tzinfo=UTC)
BY_WEBHOOK = ItemDeleted(at=MORNING, source="10001", actor="dana", item="10001")
BY_HISTORY = ItemDeleted(at=NIGHT, source="10001", item="10001", exact=False)
ANOTHER = StatusChanged(at=MORNING, source="7:status", item="10001", before="To Do", after="Done")


def tell(database: Database, *told: TrackerFact) -> int:
    with database.write() as connection:
        return facts.record(connection, facts.told(("jira", fact) for fact in told))


def kept(database: Database) -> list[tuple[str, datetime, str | None, bool]]:
    with database.read() as connection:
        query = select(tables.facts.c.kind, tables.facts.c.at, tables.facts.c.actor, tables.facts.c.exact)
        return [tuple(row) for row in connection.execute(query.order_by(tables.facts.c.kind))]


def test_it_is_told_how_many_were_new(database: Database) -> None:
    assert tell(database, BY_WEBHOOK, ANOTHER) == 2
    assert tell(database, BY_WEBHOOK, ANOTHER) == 0
    assert tell(database) == 0


def test_the_more_precise_telling_stays_whatever_came_first(database: Database) -> None:
    for order in permutations([BY_WEBHOOK, BY_HISTORY, BY_HISTORY]):
        with database.write() as connection:
            connection.execute(delete(tables.facts))
        for fact in order:
            tell(database, fact)

        assert kept(database) == [("item deleted", MORNING, "dana", True)]


@pytest.mark.parametrize("exact", [True, False])
def test_of_two_equally_precise_tellings_the_earlier_stays(database: Database, exact: bool) -> None:
    for number, hours in enumerate(permutations([MORNING, NIGHT])):
        for at in hours:
            tell(database, ItemDeleted(at=at, source=str(number), item="1", exact=exact))

    assert [at for _, at, _, _ in kept(database)] == [MORNING, MORNING]


def test_what_can_happen_again_happened_the_last_time(database: Database) -> None:
    """A version that was taken back and released once more was released then; its history tells only the day."""
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)
    first, second = (
        VersionChanged(at=at, source="7:released", action="released", version="7") for at in (MORNING, NIGHT)
    )
    by_history = VersionChanged(at=noon, source="7:released", action="released", version="7", exact=False)
    for order in permutations([first, second, by_history]):
        with database.write() as connection:
            connection.execute(delete(tables.facts))
        for fact in order:
            tell(database, fact)

        assert [at for _, at, _, _ in kept(database)] == [NIGHT]
