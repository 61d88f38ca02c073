"""`okrlink rebuild`: what is derived comes out of what is kept, again and again, whatever happened to it."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from integration.core.catalogue import Catalogue
from integration.core.facts import ItemDeleted, ItemSeen
from integration.ingest import keep_pages
from integration.refresh import Policy
from integration.simulators.jira import JiraSimulator
from integration.store import applied, check_ins, marks, reads, tables
from tests.busy_team import BusyTeam
from tests.living import living_jira
from tests.steps import deliver, everything, settle
from tests.webhooks.typing_commands import run, sit_down

MAPPING = """\
version: 1
cycle: always
cycles: {always: {from: 2020-01-01, to: 2099-12-31}}
connections:
  jira: {tracker: jira, url: https://bookshop.jira.example, user: env/TEST_JIRA_USER, token: env/TEST_JIRA_TOKEN, projects: [SHOP]}
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
      built: {title: The new checkout is built, work: items}
      pointed: {title: The hard half of it is built, work: items}
links:
  - label: kr:*
write_back:
  jira: {fields: {KR Progress: percent}}
"""
NOW = datetime.now(UTC)
STEPS = ("item", "reach", "key result", "card")


@pytest.fixture
def team(database, database_url, tmp_path, monkeypatch):
    """A team's work, taken in and measured."""
    terminal = sit_down(database, database_url, tmp_path, monkeypatch, MAPPING)
    busy = BusyTeam(seed=5)
    busy.begin()
    for _ in range(200):
        busy.change()
    deliver(database, "jira", busy.bodies)
    with database.write() as db:
        reads.save_catalogue(db, "jira", Catalogue(), NOW)
        revision = applied.revision(db)
    settle(database, Policy(revision, terminal.scorecard, "https://okr.example"), NOW)
    return terminal


def derived(database):
    """All that is derived, but for the day and the moment on which it was measured."""
    with database.read() as db:
        told = {name: (one.standing.current, one.standing.work) for name, one in check_ins.standings_of(db).items()}
    found = everything(database)
    return {name: found[name] for name in ("facts", "items", "links", "sightings")} | {"standings": told}


def spoil(database):
    """What no step would do: links that are not there, others that nobody made, parents forgotten, a number invented."""
    with database.write() as db:
        some = select(tables.links.c.item).order_by(tables.links.c.item).limit(2)
        db.execute(tables.links.delete().where(tables.links.c.item.in_(list(db.execute(some).scalars()))))
        (key_result,) = db.execute(select(func.max(tables.links.c.key_result))).one()
        item = db.execute(select(func.max(tables.items.c.item))).scalar()
        row = {"connection": "jira", "item": item, "key_result": key_result, "origin": "label nobody:set"}
        db.execute(tables.links.insert(), {**row, "weight": "1", "linked_at": NOW})
        db.execute(update(tables.items).values(parent=None, key="lost"))
        data = tables.standings.c.data
        db.execute(update(tables.standings).values(data=func.replace(data, '"current":"', '"current":"9')))


def test_whatever_happened_to_what_is_derived(team):
    good = derived(team.database)
    spoil(team.database)
    assert derived(team.database) != good

    told = team.json("rebuild")

    assert derived(team.database) == good
    assert told["changed"]["checkout.built"]["before"] != told["changed"]["checkout.built"]["after"]
    assert told["before"]["below"] == 0 < told["after"]["below"]


def test_where_all_is_well_nothing_changes(team):
    good = derived(team.database)
    said = team("rebuild").stdout
    assert "No key result changed." in said
    assert "before" not in said
    assert derived(team.database) == good


def test_it_says_which_numbers_changed(team):
    spoil(team.database)
    said = team("rebuild").stdout
    assert "2 key results changed:" in said
    assert "  checkout.built: 9" in said
    assert "below another" in said


def test_a_vocabulary_that_means_something_else_today_counts(team):
    with team.database.write() as db:
        reads.save_catalogue(db, "jira", Catalogue(states={"done": "dropped"}), NOW)
    changed = team.json("rebuild")["changed"]
    assert changed["checkout.built"]["after"]["done"] == 0 < changed["checkout.built"]["before"]["done"]


def test_what_facts_tell_of_an_items_end_counts(team):
    """A fold without it is a fold of an okrlink that did not know better."""
    with team.database.write() as db:
        item = db.execute(select(tables.items.c.item).where(tables.items.c.deleted.is_(False)).limit(1)).scalar()
        keep_pages(db, "jira", [ItemDeleted(at=NOW, source="gone", item=item)], NOW)
        db.execute(tables.sightings.delete())
        db.execute(tables.marks.delete())
    told = team.json("rebuild")
    assert told["after"]["deleted"] == told["before"]["deleted"] + 1


def test_killed_in_the_middle_and_run_again(team, database_url):
    good = derived(team.database)
    with team.database.write() as db:  # enough to be in the middle of something
        more = [
            ItemSeen(at=NOW, source="", item=str(number), fields={"key": f"X-{number}"})
            for number in range(50_000, 53_000)
        ]
        keep_pages(db, "jira", more, NOW)
    team("rebuild")
    with_more = derived(team.database)
    spoil(team.database)

    command = (sys.executable, "-c", "from webhooks.cli import main; main()", "rebuild")
    with subprocess.Popen(
        command, env={**os.environ, "OKRLINK_DATABASE_URL": database_url}, stdout=subprocess.DEVNULL
    ) as process:
        marked = False
        while not marked and process.poll() is None:
            time.sleep(0.01)
            with team.database.read() as db:
                marked = marks.any_before(db, ("item",), datetime.now(UTC))
        process.send_signal(signal.SIGKILL)
    assert derived(team.database) != with_more, "it was in the middle of something"

    team("rebuild")

    assert derived(team.database) == with_more
    assert with_more["links"] == good["links"]
    with team.database.read() as db:
        assert not marks.any_before(db, STEPS, datetime.now(UTC))


def test_beside_a_running_worker(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)
    with JiraSimulator(write_limits=()) as jira, living_jira(database_url, tmp_path, monkeypatch, jira) as living:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
        jira.create_issue("SHOP", "Story", "Pay by card", {"parent": epic.key})
        living.settle()
        with living.database.write() as db:
            db.execute(tables.links.delete())
        result = run("rebuild")

        assert result.exit_code == 0, result.stderr
        with living.database.read() as db:
            assert db.execute(select(tables.links.c.key_result)).scalars().all() == ["checkout.built"]
        assert living.standings()["checkout.built"].work.items == 1
