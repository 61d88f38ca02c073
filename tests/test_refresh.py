"""When key results are measured, what is kept of it, and whose mapping counts (design section 6)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from integration.core.facts import ItemRef
from integration.core.scorecard import Scorecard
from integration.ingest import ingest
from integration.refresh import (
    Outdated,
    Policy,
    adopt,
    fold_items,
    mark_new_day,
    measure_key_results,
    reach_key_results,
)
from integration.store import applied, check_ins, items, marks, tables
from integration.store.db import Database
from integration.store.marks import Mark
from integration.trackers import TRACKERS
from tests.busy_team import BusyTeam
from tests.histories import BODIES, CATALOGUES
from tests.steps import NOW, deliver, policy_in_force, scorecard, settle

HOUR = timedelta(hours=1)


def begin(database: Database, card: Scorecard | None = None) -> tuple[Policy, BusyTeam]:
    """A tagged epic with four stories, measured."""
    policy = policy_in_force(database, card or scorecard(), CATALOGUES)
    team = BusyTeam()
    epic = team.create("Epic", labels=("kr:built",))
    for _ in range(4):
        team.create("Story", parent=epic.id)
    tell(database, team)
    settle(database, policy)
    return policy, team


def tell(database: Database, team: BusyTeam) -> None:
    deliver(database, "jira", team.bodies)
    team.bodies.clear()


def flip(team: BusyTeam) -> None:
    story = team._one("Story")
    team.set_status(story, "To Do" if story.status == "Done" else "Done")


def measured(database: Database, policy: Policy, team: BusyTeam, seconds: float) -> list[float]:
    """Flips a status every 50 ms for so long, and looks every 50 ms until 2 s after that: when was it measured?"""
    found = []
    for tick in range(int((seconds + 2) * 20)):
        now = NOW + timedelta(seconds=tick / 20)
        if tick < seconds * 20:
            flip(team)
            tell(database, team)
        ingest(database, {"jira": TRACKERS["jira"]}, now)
        fold_items(database, policy, now)
        reach_key_results(database, policy, now)
        found += [tick / 20] * measure_key_results(database, policy, now, NOW)
    return found


def test_a_burst_settles_into_one_measurement(database: Database) -> None:
    policy, team = begin(database)
    assert measured(database, policy, team, seconds=0.5) == [pytest.approx(0.45 + 0.3, abs=0.06)]


def test_a_stream_without_end_is_measured_every_second(database: Database) -> None:
    policy, team = begin(database)
    found = measured(database, policy, team, seconds=3)
    assert len(found) in (3, 4)
    assert all(later - before >= 0.95 for before, later in pairwise(found[:-1]))


def test_what_the_clock_wants_later_does_not_unsettle_a_burst(database: Database) -> None:
    policy, team = begin(database)
    with database.write() as connection:
        marks.add(connection, [Mark("key result", ("", "checkout.built"), NOW + HOUR)])
    assert measured(database, policy, team, seconds=0.5) == [pytest.approx(0.45 + 0.3, abs=0.06)]


def computed(database: Database) -> list[tuple[date, Decimal | None]]:
    with database.read() as connection:
        return [(one.day, one.value) for one in check_ins.history(connection, "checkout.built")]


def test_a_computed_check_in_is_replaced_within_its_local_day_and_kept_afterwards(database: Database) -> None:
    """Monday noon in UTC is Tuesday, an hour past midnight, in Auckland."""
    policy, team = begin(database, replace(scorecard(), timezone=ZoneInfo("Pacific/Auckland")))
    stories = [one for one in team.issues.values() if one.type == "Story"]
    for number, hours in enumerate((0, 22, 24)):
        team.set_status(stories[number], "Done")
        tell(database, team)
        settle(database, policy, NOW + hours * HOUR)

    assert computed(database) == [(date(2026, 11, 3), Decimal(50)), (date(2026, 11, 4), Decimal(75))]


def clock_marks(database: Database) -> Sequence[tuple[str, datetime]]:
    with database.read() as connection:
        query = select(tables.marks.c.subject, tables.marks.c.at).where(tables.marks.c.kind == "key result")
        return [(row.subject, row.at) for row in connection.execute(query.order_by(tables.marks.c.id))]


def test_the_clock_marks_once_a_local_day_and_spreads_it(database: Database) -> None:
    policy = policy_in_force(database, replace(scorecard(), timezone=ZoneInfo("Pacific/Auckland")), {})
    assert mark_new_day(database, policy, NOW, NOW, HOUR)
    expected = [("checkout.built", NOW), ("checkout.pointed", NOW + HOUR / 2)]
    assert clock_marks(database) == expected

    evening = NOW + timedelta(hours=22, minutes=59)
    assert not mark_new_day(database, policy, evening, evening, HOUR)
    midnight = NOW + timedelta(hours=23)
    assert mark_new_day(database, policy, midnight, midnight, HOUR)
    assert len(clock_marks(database)) == 4


def test_of_several_workers_one_marks_the_day(database: Database) -> None:
    policy = policy_in_force(database, scorecard(), {})
    for day in range(10):
        now, together = NOW + timedelta(days=day), Barrier(4, timeout=60)

        def look(now: datetime = now, together: Barrier = together) -> bool:
            together.wait()
            return mark_new_day(database, policy, now, now, HOUR)

        with ThreadPoolExecutor(4) as threads:
            assert [one.result() for one in [threads.submit(look) for _ in range(4)]].count(True) == 1
    assert len(clock_marks(database)) == 20


def test_history_and_links_by_hand_follow_a_renamed_key_result(database: Database) -> None:
    card = scorecard()
    policy, team = begin(database, card)
    by_hand = team.create("Story")
    with database.write() as connection:
        items.link_by_hand(connection, ItemRef("jira", by_hand.id), "checkout.built", NOW)
    tell(database, team)
    settle(database, policy)
    before = computed(database)

    (objective,) = card.objectives
    built, pointed = objective.key_results
    renamed = replace(built, id="checkout.done", name="done", was=("checkout.built",))
    newer = replace(card, objectives=(replace(objective, key_results=(renamed, pointed)),))
    policy = policy_in_force(database, newer, {})
    with database.write() as connection:
        adopt(connection, newer, NOW)
    settle(database, policy, NOW + 24 * HOUR)

    with database.read() as connection:
        history = [(one.day, one.value) for one in check_ins.history(connection, "checkout.done")]
        assert items.by_hand(connection, [ItemRef("jira", by_hand.id)]) == {
            ItemRef("jira", by_hand.id): ("checkout.done",)
        }
        linked = items.linked_to(connection, "checkout.done")
    assert before == [(date(2026, 11, 2), Decimal(0))]
    assert history[0] == before[0]
    assert ItemRef("jira", by_hand.id) in linked
    assert computed(database) == []


def test_a_worker_with_an_outdated_mapping_writes_nothing(database: Database) -> None:
    policy, team = begin(database)
    flip(team)
    tell(database, team)
    ingest(database, {"jira": TRACKERS["jira"]}, NOW)
    with database.write() as connection:
        marks.add(connection, [Mark("key result", ("", "checkout.built"), NOW)])
        applied.apply(connection, "newer", {"okr.yaml": ""}, ".", NOW)
    before = computed(database)

    with pytest.raises(Outdated):
        fold_items(database, policy, NOW)
    with pytest.raises(Outdated):
        measure_key_results(database, policy, NOW + HOUR, NOW + 48 * HOUR)
    with pytest.raises(Outdated):
        mark_new_day(database, policy, NOW + 48 * HOUR, NOW + 48 * HOUR, HOUR)

    assert computed(database) == before
    with database.read() as connection:
        assert marks.pending(connection) == {"item": 1, "key result": 1}
        assert connection.execute(select(tables.sightings.c.item)).all()


def test_what_cannot_be_refreshed_stops_nobody_else(database):
    """A fold that fails is put off with a line in `status`, its neighbours go on, and once it works the line is gone."""
    policy = policy_in_force(database, scorecard(), {"jira": CATALOGUES["jira"]})
    deliver(database, "jira", BODIES["jira"]())
    settle(database, policy)
    with database.write() as db:
        epic, state = db.execute(
            select(tables.items.c.item, tables.items.c.state).order_by(tables.items.c.item)
        ).first()
        db.execute(update(tables.items).where(tables.items.c.item == epic).values(state="[]"))
        every = [("jira", item) for item in db.execute(select(tables.items.c.item)).scalars()]
        marks.add(db, [Mark("item", subject, NOW) for subject in every])

    settle(database, policy)

    with database.read() as db:
        lines = [message for _, topic, message, _ in applied.shown(db) if topic == f"refresh item {epic}"]
        waiting = [tuple(row) for row in db.execute(select(tables.marks.c.kind, tables.marks.c.subject))]
    assert lines == [f"item {epic} cannot be refreshed (AttributeError); it is tried again every ten minutes"]
    assert waiting == [("item", epic)]

    with database.write() as db:
        db.execute(update(tables.items).where(tables.items.c.item == epic).values(state=state))
    settle(database, policy, NOW + timedelta(minutes=11))

    with database.read() as db:
        assert not [topic for _, topic, _, _ in applied.shown(db) if topic.startswith("refresh ")]
        assert not db.execute(select(tables.marks)).all()


def test_who_counts_the_same_items_hears_what_is_tagged_above(database: Database) -> None:
    """Both key results list the story as counted twice, although only one of them was tagged just now."""
    policy = policy_in_force(database, scorecard(), CATALOGUES)
    team = BusyTeam()
    initiative = team.create("Initiative")
    epic = team.create("Epic", labels=("kr:pointed",), parent=initiative.id)
    story = team.create("Story", parent=epic.id)
    tell(database, team)
    settle(database, policy)
    team.set_labels(initiative, "kr:built")
    tell(database, team)
    settle(database, policy)

    assert double(database) == {"checkout.built": (story.key,), "checkout.pointed": (story.key,)}

    team.set_labels(initiative)
    tell(database, team)
    settle(database, policy)

    assert double(database)["checkout.pointed"] == ()


def double(database: Database) -> dict[str, tuple[str, ...]]:
    with database.read() as connection:
        found = check_ins.standings_of(connection)
    return {name: one.standing.work.double for name, one in found.items() if one.standing.work}
