"""`okrlink rebuild`: delivery facts, what they make of each other, and what is measured, come out of what is kept."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from integration.pushed.receiving import keep, understand
from integration.refresh import Policy
from integration.store import applied, marks, pushed
from integration.store import delivery_tables as shelf
from tests.steps import settle
from tests.webhooks.typing_commands import sit_down

MAPPING = """\
version: 1
cycle: always
cycles: {always: {from: 2020-01-01, to: 2099-12-31}}
connections:
  jira: {tracker: jira, url: https://bookshop.jira.example, user: env/TEST_JIRA_USER, token: env/TEST_JIRA_TOKEN, projects: [SHOP]}
objectives:
  speed:
    title: What is written is used the same day
    key_results:
      often: {title: Deployed often, kpi: pace, start: 0.2 / week, target: 5 / week}
services:
  shop:
    deployments: [{pushed: true}]
    changes: [{pushed: true}]
    incidents: [{pushed: true}]
  mail:
    deployments: [{pushed: true}]
    incidents: [{from: failed deployments}]
kpis:
  pace: {use: dora/deployment-frequency}
  lead-time: {use: dora/lead-time}
  failures: {use: dora/change-failure-rate}
  restore: {use: dora/time-to-restore}
"""
TODAY = datetime.now(UTC).replace(microsecond=0)
BEGAN = TODAY - timedelta(days=70, hours=-1)
"""No fact is at the edge of a window that moves while this runs."""


def at(day):
    return (BEGAN + timedelta(days=day)).isoformat()


def deployment(ident, day, service, result="success"):
    said = {"environment": "production", "finished": at(day), "result": result, "service": service}
    return {"kind": "deployment", "id": ident, **said}


def history(more=0):
    for day in range(0, 68, 3):
        yield deployment(f"s{day}", day, "shop", "failed" if day % 5 == 0 else "success")
        yield deployment(f"m{day}", day + 1, "mail", "failed" if day % 4 == 0 else "success")
        yield {"kind": "change", "id": f"c{day}", "service": "shop", "first_commit": at(day - 2), "merged": at(day - 1)}
        if day % 2:
            opened = {"opened": at(day + 0.5), "restored": at(day + 0.75)}
            yield {"kind": "incident", "id": f"i{day}", "service": "shop", **opened}
    for number in range(more):
        yield {"kind": "change", "id": f"x{number}", "service": "shop", "merged": at(60), "first_commit": at(59)}


def push(database, facts):
    with database.write() as connection:
        keep(connection, understand(facts), "test", TODAY)
        pushed.known_since(connection, {(kind, "shop"): BEGAN for kind in ("deployment", "change", "incident")})


@pytest.fixture
def team(database, database_url, tmp_path, monkeypatch):
    """A team's deliveries, pushed and measured."""
    terminal = sit_down(database, database_url, tmp_path, monkeypatch, MAPPING)
    push(database, history())
    with database.read() as connection:
        revision = applied.revision(connection)
    for seconds in (0, 5):  # of so many days the later ones are measured in a second step
        settle(
            database, Policy(revision, terminal.scorecard, "https://okr.example"), TODAY + timedelta(seconds=seconds)
        )
    return terminal


DERIVED = (
    shelf.delivery_facts,
    shelf.moments,
    shelf.timeline,
    shelf.waiting,
    shelf.delivery_names,
    shelf.shipments,
    shelf.blames,
    shelf.outcomes_of_deployments,
)


def derived(database):
    with database.read() as connection:
        found = {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in DERIVED}
        days = select(shelf.kpi_days.c.kpi, shelf.kpi_days.c.day, shelf.kpi_days.c.data)
        return found | {"days": sorted(map(tuple, connection.execute(days)))}


def spoil(database):
    """What no step would do: rows of facts lost, others that nobody told, numbers invented."""
    with database.write() as db:
        for table in (shelf.timeline, shelf.shipments, shelf.blames, shelf.outcomes_of_deployments):
            db.execute(delete(table))
        db.execute(delete(shelf.moments).where(shelf.moments.c.moment.in_(["finished", "deployed", "recovered"])))
        some = shelf.delivery_facts.c
        db.execute(delete(shelf.delivery_facts).where(some.stream == "changes", some.fact < "pushed c3"))
        db.execute(update(shelf.delivery_facts).where(some.stream == "incidents").values(subject="incident:nobody"))
        row = {"connection": "gone", "subject": "version:7", "stream": "deployments", "fact": "gone:7"}
        db.execute(shelf.delivery_facts.insert(), {**row, "open": False, "data": '{"moments":{"finished":[1]}}'})
        db.execute(shelf.blames.insert(), {"incident": "nobody", "deployment": "nothing"})
        data = shelf.kpi_days.c.data
        db.execute(update(shelf.kpi_days).values(data=func.replace(data, '"value":"', '"value":"9')))
        data = shelf.measurements.c.data
        db.execute(update(shelf.measurements).values(data=func.replace(data, '"value":"', '"value":"9')))


def test_whatever_happened_to_what_is_derived(team):
    good = derived(team.database)
    assert all(good.values())
    spoil(team.database)

    told = team.json("rebuild")

    assert derived(team.database) == good
    assert told["delivery"]["before"]["deployments"] == 0 < told["delivery"]["after"]["deployments"]
    assert set(told["changed_kpis"]) == {"pace", "lead-time", "failures", "restore"}
    assert told["changed_kpis"]["pace"]["days"] > 50


def test_where_all_is_well_nothing_changes(team):
    good = derived(team.database)
    said = team("rebuild").stdout
    assert "No KPI changed." in said
    assert "before" not in said
    assert derived(team.database) == good


def test_it_says_which_kpis_changed(team):
    spoil(team.database)
    said = team("rebuild").stdout
    assert "4 KPIs changed:" in said
    assert " days of history)" in said
    assert "deployments" in said


def test_killed_in_the_middle_and_run_again(team, database_url):
    push(team.database, history(more=2000))
    team("rebuild")
    good = derived(team.database)
    spoil(team.database)

    command = (sys.executable, "-c", "from webhooks.cli import main; main()", "rebuild")
    environment = {**os.environ, "OKRLINK_DATABASE_URL": database_url}
    for kind in ("delivery", "attribution", "kpi"):
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            marked = False
            while not marked and process.poll() is None:
                time.sleep(0.005)
                with team.database.read() as db:
                    marked = marks.any_before(db, (kind,), datetime.now(UTC))
            process.send_signal(signal.SIGKILL)
        assert marked, "it was in the middle of something"

    team("rebuild")

    assert derived(team.database) == good
    with team.database.read() as db:
        assert not marks.any_before(db, marks.REFRESHED, datetime.now(UTC))
