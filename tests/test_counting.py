"""How many items there are, as a key result: counted as they are folded, known once all of them have been read."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from integration.core.links import Pattern, Selector
from integration.core.okr import Standing
from integration.core.quantities import Quantity
from integration.core.scorecard import Count, Scorecard
from integration.forgetting import forget_connection
from integration.history import walk
from integration.ingest import ingest
from integration.refresh import Policy, adopt, fold_items, measure_key_results
from integration.store import check_ins, streams, tables
from integration.store.db import Database
from integration.store.streams import WHOLE
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Reader, Secret
from tests.busy_team import BusyTeam
from tests.chronicles import Chronicle
from tests.histories import CATALOGUES
from tests.steps import NOW, deliver, policy_in_force, scorecard, settle

BUILT = "checkout.built"
LATER = timedelta(days=400)


def counting(**said: object) -> Scorecard:
    """One key result: at most two stories are open."""
    card = scorecard()
    objective = card.objectives[0]
    count = Count(Selector(types=(Pattern("Story"),), open=True))
    one = replace(objective.key_results[0], measure=count, target=Quantity(Decimal(2)), **said)  # type: ignore[arg-type]
    return replace(card, objectives=(replace(objective, key_results=(one,)),))


def team_of(stories: int) -> BusyTeam:
    team = BusyTeam()
    for _ in range(stories):
        team.create("Story")
    team.create("Epic")
    return team


def tell(database: Database, team: BusyTeam) -> None:
    deliver(database, "jira", team.bodies)
    team.bodies.clear()


def backfilled(database: Database, scope: str = WHOLE, at: datetime = NOW) -> None:
    """A backfill of a tracker that has nothing more to tell comes to its end."""
    with database.write() as connection:
        streams.begin(connection, "jira", "issues", scope, NOW, NOW + LATER)
        stream = streams.take_over(connection, "jira", "issues", scope, NOW)
    walk(database, Chronicle(streams=("issues",)), stream, lambda: at, LATER)


def standing(database: Database) -> Standing:
    with database.read() as connection:
        return check_ins.standings_of(connection)[BUILT].standing


def counted(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(tables.counted.c.item)).scalars())


def begin(database: Database, stories: int = 4) -> tuple[Policy, BusyTeam]:
    policy = policy_in_force(database, counting(), CATALOGUES)
    team = team_of(stories)
    tell(database, team)
    settle(database, policy)
    return policy, team


def test_it_is_unknown_until_all_items_have_been_read(database: Database) -> None:
    policy, _ = begin(database)
    reason = "the items of jira have not all been read yet; run okrlink backfill jira"
    assert (standing(database).current, standing(database).reason) == (None, reason)

    backfilled(database, "project SHOP")
    backfilled(database, f"{WHOLE} since 2026-10-01")
    settle(database, policy)
    assert standing(database).reason == reason

    backfilled(database)
    settle(database, policy)
    assert (standing(database).current, standing(database).unit) == (Decimal(4), "items")


def test_it_follows_every_item_that_becomes_one_of_these_or_is_none_any_more(database: Database) -> None:
    policy, team = begin(database)
    backfilled(database)
    first, second, *_ = (one for one in team.issues.values() if one.type == "Story")

    team.set_status(first, "Done")
    team.delete(second)
    tell(database, team)
    settle(database, policy)
    assert standing(database).current == 2

    team.set_status(first, "In Progress")
    team.create("Story")
    tell(database, team)
    settle(database, policy)
    assert standing(database).current == 4


def test_each_days_count_is_kept_and_the_first_of_the_cycle_is_where_it_begins(database: Database) -> None:
    policy, team = begin(database)
    backfilled(database)
    settle(database, policy)

    for day, story in enumerate([one for one in team.issues.values() if one.type == "Story"][:2], start=1):
        team.set_status(story, "Done")
        tell(database, team)
        settle(database, policy, NOW + timedelta(days=day))

    with database.read() as connection:
        assert [one.value for one in check_ins.history(connection, BUILT)] == [4, 3, 2]
    assert (standing(database).start, standing(database).progress) == (4, 1)


def test_it_waits_until_all_that_was_read_is_counted(database: Database) -> None:
    """A backfill leaves thousands of items to be folded; a number in between would be none of anything."""
    policy, team = begin(database)
    for _ in range(3):
        team.create("Story")
    tell(database, team)
    ingest_only(database)
    backfilled(database)

    measure_key_results(database, policy, NOW + timedelta(seconds=2), NOW)
    waiting = standing(database)
    assert (waiting.current, waiting.waiting) == (None, True)
    assert waiting.reason == "the items of jira are still being counted"

    while fold_items(database, policy, NOW, limit=1):
        pass
    settle(database, policy, NOW + timedelta(seconds=5))
    assert (standing(database).current, standing(database).waiting) == (7, False)


def ingest_only(database: Database) -> None:
    ingest(database, {"jira": TRACKERS["jira"]}, NOW)


def test_a_key_result_that_counts_no_more_lets_its_items_go(database: Database) -> None:
    begin(database)
    assert len(counted(database)) == 4

    policy = policy_in_force(database, scorecard(), CATALOGUES)
    with database.write() as connection:
        adopt(connection, policy.scorecard, NOW)
    settle(database, policy)
    assert counted(database) == set()


def test_items_of_a_forgotten_connection_are_counted_no_more(database: Database) -> None:
    policy, _ = begin(database)
    backfilled(database)
    settle(database, policy)

    forget_connection(database, "jira", lambda: NOW)
    settle(database, policy)
    assert counted(database) == set()
    assert standing(database).reason.startswith("the items of jira have not all been read yet")


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_tells_of_its_items_first(name: str) -> None:
    client = TRACKERS[name].connect(
        Connection("site", name, "https://tracker.example", user="a@b.example", token=Secret("t"))
    )
    if isinstance(client, Reader):
        assert client.streams[0] in streams.ITEMS
