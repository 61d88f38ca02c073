"""`okrlink backfill` and `okrlink rescan`, as a person types them before anything is applied."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import func, select

from integration.simulators.faults import Fault
from integration.store import tables
from integration.store.db import Database
from tests.sides import AzureDevOpsSide, Side, mapping_of
from tests.webhooks.typing_commands import run

ITEMS = {"jira": "issues", "dc": "issues", "ado": "work items", "tfs": "work items"}


@pytest.fixture
def side(side: Side, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Side:
    """A team that has worked for a while, in a folder with a mapping that nobody has applied."""
    monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    Path("okr.yaml").write_text(mapping_of(side))
    epic = side.epic()
    stories = [side.story(epic, f"Step {number}") for number in range(3)]
    side.done(stories[0])
    return side


def told(result: Result, side: Side) -> str:
    """What the line about items says."""
    [line] = [line for line in result.stdout.splitlines() if line.startswith(f"{side.name}: {ITEMS[side.name]} ")]
    return line


def facts(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.facts)).scalar_one()


def test_the_past_is_read_before_anything_is_applied_and_nothing_is_written(side: Side, database: Database) -> None:
    done = run("backfill")

    assert done.exit_code == 0, done.stderr
    assert "4 told" in told(done, side)
    assert facts(database) > 0
    shown = run("okrs")
    assert "33 %" in shown.stdout
    assert "(1 of 3 items)" in shown.stdout
    side.assert_readonly()


def test_the_requests_it_made_are_told_and_kept(side: Side) -> None:
    done = run("backfill")
    first = side.requests
    assert f"{side.name}: {first} requests made" in done.stdout.splitlines()

    again = json.loads(run("backfill", "--json").stdout)["requests"]
    assert again == {side.name: {"history": side.requests - first}}
    today = json.loads(run("status", "--json").stdout)["requests_today"]
    assert today == [{"connection": side.name, "purpose": "history", "made": side.requests, "refused": 0}]


def test_read_again_it_tells_what_came_since(side: Side, database: Database) -> None:
    run("backfill")
    before = facts(database)
    assert run("backfill").exit_code == 0
    assert facts(database) == before

    side.done(side.story(side.epic("Pay by card"), "Late step"))
    again = run("backfill")

    assert again.exit_code == 0
    assert facts(database) > before


def test_a_tracker_that_is_in_trouble_is_waited_for(side: Side, database: Database) -> None:
    side.faults.add(Fault("unavailable", times=3, retry_after=0.05))

    done = run("backfill")

    assert done.exit_code == 0
    assert "waiting" in done.stderr
    assert "4 told" in told(done, side)


def test_a_tracker_that_wants_rest_for_a_day_is_left_alone(side: Side) -> None:
    side.faults.add(Fault("unavailable", times=None, retry_after=86400))

    done = run("backfill")

    assert done.exit_code == 3
    assert "stopped: HTTP 503" in done.stdout
    assert len(side.faults.hits) == 1


def test_whoever_is_not_let_in_is_told_so(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JIRA_TOKEN", "ADO_TOKEN"):
        monkeypatch.setenv(name, "wrong")

    done = run("backfill", "--json")

    assert done.exit_code == 3
    assert "HTTP 401" in done.stdout or "is the token right" in done.stdout
    assert "wrong" not in done.stdout


def test_only_one_project_is_read_where_that_is_wished(side: Side) -> None:
    project = {"jira": "PAY", "dc": "PAY", "ado": "Shop", "tfs": "Shop"}[side.name]

    done = run("backfill", side.name, "--project", project)

    assert done.exit_code == 0, done.stderr
    assert ("0 told" if project == "PAY" else "4 told") in told(done, side)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--project", "OPS"), "has no project 'OPS'; it has"),
        (("elsewhere",), "no connection is called 'elsewhere'; there is"),
        (("--mapping", "missing.yaml"), "missing.yaml"),
    ],
)
def test_what_does_not_exist_is_named(side: Side, words: tuple[str, ...], complaint: str) -> None:
    done = run("backfill", *words)

    assert done.exit_code == 2
    assert complaint in done.stderr


def test_it_can_begin_again(side: Side, database: Database) -> None:
    run("backfill")

    again = run("backfill", "--restart")

    assert "4 told, 0 new facts" in told(again, side)


def test_a_rescan_tells_what_was_missed_since_the_backfill(side: Side) -> None:
    run("backfill")
    assert run("rescan").exit_code == 0

    side.story(side.epic("Pay by card"), "Late step")
    done = run("rescan")

    assert done.exit_code == 0, done.stdout
    assert "new fact" in told(done, side)
    assert "0 new facts" not in told(done, side)


def test_without_a_mapping_it_is_said_what_to_name(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    done = run("backfill")

    assert done.exit_code == 2
    assert "name a mapping with --mapping FILE" in done.stderr


def elsewhere(side: Side, title: str) -> None:
    """Somebody works in the project that the mapping does not name yet."""
    if isinstance(side, AzureDevOpsSide):
        side.simulator.create_work_item("User Story", title, project="Warehouse")
    else:
        side.simulator.create_issue("PAY", "Story", title)


def counted(current: int) -> bool:
    [objective] = json.loads(run("okrs", "--json").stdout)["objectives"]
    return bool(objective["key_results"][0]["current"] == current)


def test_a_project_that_came_to_the_mapping_is_read_from_its_beginning(side: Side, database: Database) -> None:
    both, name = {"ado": ("[Shop, Warehouse]", "Warehouse"), "tfs": ("[Shop, Warehouse]", "Warehouse")}.get(
        side.name, ("[SHOP, PAY]", "PAY")
    )
    one = both.partition(",")[0] + "]"
    if isinstance(side, AzureDevOpsSide):
        side.simulator.add_project("Warehouse")
    for number in range(5):
        elsewhere(side, f"Old {number}")
    counting = mapping_of(side).replace("work: items", "count: {type: [Story, User Story]}, target: 0", 1)
    counting = counting.replace("[SHOP, PAY]", "[Shop]").replace("[Shop]", one)
    Path("okr.yaml").write_text(counting)
    assert "4 told" in told(run("backfill"), side)
    assert counted(current=3)

    Path("okr.yaml").write_text(counting.replace(one, both))
    assert f"the items of {name} in {side.name} have not all been read yet" in run("okrs").stdout
    again = run("backfill")

    assert again.exit_code == 0, again.stdout
    assert f"{side.name}: {name} was not read before" in again.stderr
    assert "5 told" in told(again, side)
    assert counted(current=8)
    assert "0 told" in told(run("backfill"), side)
