"""Two workers on one PostgreSQL derive, attribute and measure at the same moments, and end where all facts at once do."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, text

from integration.core.delivery.rules import ChangeRule, Delivery, Service
from integration.core.facts import CommitsPushed
from integration.core.kpi.measure import measure
from integration.core.kpi.summary import summary
from integration.core.links import Pattern
from integration.ingest import keep_pages
from integration.refresh import Policy, attribute_facts, derive_facts, measure_kpis
from integration.store import marks, measurements
from integration.store.db import Database
from integration.store.delivery_tables import delivery_facts
from integration.store.tables import metadata, notices
from tests.steps import NOW
from tests.test_measuring import (
    CLASSIC,
    FAILING,
    at_once,
    everything_known,
    kpis,
    measured_by,
    push,
    some_history,
    stored,
)
from tests.test_measuring_again import in_force, of_jira


@pytest.fixture
def postgres(_migrated_postgres: str) -> Iterator[Database]:
    database = Database.open(_migrated_postgres)
    with database.write() as connection:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    yield database
    database.close()


@pytest.fixture
def url(postgres: Database, _migrated_postgres: str) -> str:
    return _migrated_postgres


def together(url: str, policy: Policy, feed: Callable[[], None]) -> None:
    """Two workers work while facts arrive, each with connections of its own and few subjects at a time."""
    fed: list[bool] = []

    def work() -> None:
        database = Database.open(url)
        mine = replace(policy, _catalogues={}, _adopted=[])
        try:
            while True:
                over = bool(fed)
                done = derive_facts(database, mine, NOW, 3) + attribute_facts(database, mine, NOW, 3)
                done += measure_kpis(database, mine, NOW + timedelta(seconds=2), NOW)
                with database.read() as connection:
                    if over and not done and not marks.pending(connection, ("delivery", "attribution", "kpi")):
                        return
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        working = [threads.submit(work) for _ in range(2)]
        try:
            feed()
        finally:
            fed.append(True)
        for one in working:
            one.result(timeout=120)


@pytest.mark.parametrize("seed", range(3))
def test_they_end_where_all_facts_at_once_do(postgres: Database, url: str, seed: int) -> None:
    dice = Random(seed)
    history = some_history(dice)
    policy = measured_by(postgres, FAILING, kpis(*CLASSIC))

    def feed() -> None:
        for one in dice.sample(history, len(history)):
            push(postgres, [one])
        push(postgres, history[:3])

    together(url, policy, feed)

    assert stored(postgres) == at_once(history)
    with postgres.read() as connection:
        now = {name: one.summary for name, one in measurements.newest(connection).items()}
        assert connection.execute(select(notices)).all() == []
    known = everything_known(history)
    for name, kpi in kpis(*CLASSIC).items():
        assert now[name] == summary(measure(kpi, known, NOW))


def test_a_commit_that_is_pushed_twice_is_one_change_and_troubles_nobody(postgres: Database, url: str) -> None:
    rules = Delivery({"": Service("", changes=(ChangeRule(commits=(Pattern("shop"),)),))})
    policy = in_force(postgres, of_jira(rules))

    def feed() -> None:
        for number in range(60):
            told = [
                CommitsPushed(
                    at=NOW - timedelta(hours=hours),
                    source=f"{number} {hours}",
                    repository="shop",
                    branch="main",
                    commits=(f"{number:040}",),
                )
                for hours in (1, 2, 3, 4)
            ]
            with postgres.write() as connection:
                keep_pages(connection, "jira", told, NOW)

    together(url, policy, feed)

    with postgres.read() as connection:
        rows = connection.execute(select(delivery_facts.c.fact, delivery_facts.c.subject)).all()
        assert connection.execute(select(notices)).all() == []
    assert sorted(rows) == [(f"jira:commit shop/{number:040}", f"push:{number} 4") for number in range(60)]
