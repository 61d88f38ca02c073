"""Promise 4: lost webhooks heal. A rescan asks what changed and closes the gap (design section 5)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from integration.core.catalogue import Catalogue
from integration.core.items import Item, item_of, load
from integration.store import items, streams, tables
from integration.store.db import Database
from integration.store.streams import STANDING
from tests.histories import Listener
from tests.living import Living, until
from tests.sides import Side, mapping_of
from tests.steps import deliver

MOST_ACTS = 60


def work_hard(side: Side, luck: Random) -> None:
    """Two epics whose stories come, get done, get tagged, and go."""
    epics = [side.epic("The new checkout", tag="kr:built"), side.epic("Pay by card", tag="kr:paid")]
    stories = [side.story(luck.choice(epics), f"Step {number}") for number in range(12)]
    for number in range(MOST_ACTS):
        story = luck.choice(stories)
        match luck.randrange(5):
            case 0:
                stories.append(side.story(luck.choice(epics), f"Late step {number}"))
            case 1 | 2:
                side.done(story)
            case 3:
                (side.tag if luck.random() < 0.7 else side.untag)(story, "kr:paid")
            case _ if len(stories) > 8:
                side.delete(story)
                stories.remove(story)
            case _:
                side.edit(story, "KR Status", f"mine {number}")


def facts(database: Database) -> set[tuple[str, str, str | None]]:
    """What is kept of the items that are there, by what identifies it. A history that went with its item heals no more;
    whose word on a detail counts is told in the tables of the two trackers.
    """
    there = {item.ref.id for item in present(database).values()}
    with database.read() as connection:
        kept = tables.facts.c
        rows = connection.execute(select(kept.kind, kept.source, kept.item))
        return {tuple(row) for row in rows if row.item in there}


def present(database: Database) -> Mapping[str, Item]:
    """The items that are there, as far as all trackers tell of them alike."""
    with database.read() as connection:
        rows = list(items.every(connection))
    told = {row.key: item_of(load(row.state), row.ref, Catalogue(), None) for row in rows}
    return {key: replace(item, fields={}) for key, item in told.items() if not item.deleted}


def counted(living: Living) -> Mapping[str, tuple[int, int]]:
    standings = living.standings()
    return {name: (one.work.items_done, one.work.items) for name, one in standings.items() if one.work is not None}


def rescanned(living: Living, name: str) -> None:
    """Asks now, and waits until all of it was told."""
    asked_at = datetime.now(UTC)
    with living.database.write() as connection:
        streams.ask_now(connection, [name], asked_at, asked_at, besides="")

    def reached() -> bool:
        with living.database.read() as connection:
            standing = [one for one in streams.every(connection, STANDING) if one.connection == name]
        return bool(standing) and all(one.reached_at and one.reached_at >= asked_at for one in standing)

    until(reached, 60, "the rescan")
    living.settle(60)


@pytest.mark.timeout(180)
def test_promise_4_lost_webhooks_heal(side: Side, database_url: str, tmp_path: Path) -> None:
    """A third of the webhooks never comes, the others in any order; the worker is stopped twice, and a tenth of what it
    asks is refused. After one rescan the database says what it would have said without all that.
    """
    listener, luck = Listener(), Random(4)
    side.hear(listener.url)
    with Living(database_url, mapping_of(side), tmp_path, rescans=True) as living:
        living.settle()
        work_hard(side, luck)
        assert side.drain()
        told = [body for body in listener.bodies if luck.random() > 0.3]
        luck.shuffle(told)
        side.faults.add(side.busy)
        for third in (told[::3], told[1::3], told[2::3]):
            deliver(living.database, side.name, third)
            living.service.wakeup.send()
            living.rest()
            living.work()
        rescanned(living, side.name)
        side.faults.clear()
        healed = facts(living.database), present(living.database), counted(living)
        with living.database.read() as connection:
            missed = sum(one.new for one in streams.every(connection, STANDING))

    (tmp_path / "truth").mkdir()
    with Living(f"sqlite:///{tmp_path}/truth/okrlink.db", mapping_of(side), tmp_path / "truth") as truth:
        deliver(truth.database, side.name, listener.bodies)
        truth.settle(60)
        assert healed[0] == facts(truth.database)
        assert healed[1] == present(truth.database)
        assert healed[2] == counted(truth)
    assert missed > 0
    listener.close()
