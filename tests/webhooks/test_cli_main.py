"""The command line as a whole: what it offers, and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.store.db import Database
from tests.webhooks.typing_commands import run
from webhooks.cli import COMMANDS

DONE = Path(__file__).parents[1] / "trackers" / "jira" / "cloud__jira-issue_updated__status_done.json"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder without a database."""
    monkeypatch.setenv("OKRLINK_DATABASE_URL", f"sqlite:///{tmp_path / 'okrlink.db'}")


def test_the_overview_names_every_command_and_imports_none():
    script = "import sys; from webhooks.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    *overview, modules = told.stdout.splitlines()
    assert all(any(line.split()[:1] == [name] for line in overview) for name in COMMANDS)
    assert not {"sqlalchemy", "flask", "rich.console", "granian"} & set(modules.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    result = run(name, "--help")

    assert result.exit_code == 0
    assert f"Usage: okrlink {name}" in result.stdout


def test_a_locale_without_our_signs_gets_question_marks():
    """Such as that of a pipe on Windows."""
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", "from webhooks.cli import main; main()", "explain", DONE]

    told = subprocess.run(command, capture_output=True, check=True, env=environment)

    assert b"In Progress ? Done" in told.stdout


def test_a_mistyped_command_is_met_with_the_one_that_was_meant():
    result = run("stauts")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "no command is called 'stauts'; did you mean status?\n"


def test_a_database_of_another_shape_ends_with_3_and_says_what_to_do(sqlite_url, monkeypatch):
    database = Database.open(sqlite_url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from-the-future'")
    database.close()
    monkeypatch.setenv("OKRLINK_DATABASE_URL", sqlite_url)

    result = run("okrs")

    assert result.exit_code == 3
    assert result.stderr.startswith("the database is newer than this program")


def test_a_first_command_sets_the_database_up(nowhere):
    result = run("okrs")

    assert result.exit_code == 2
    assert result.stderr == "nothing is applied yet: okrlink apply okr.yaml\n"


@pytest.mark.parametrize("words", [("okrs",), ("checkin", "rebuilt", "3"), ("link", "SHOP-1", "rebuilt")])
def test_without_a_mapping_commands_say_how_to_apply_one(words, sqlite_url, monkeypatch):
    Database.open(sqlite_url).close()
    monkeypatch.setenv("OKRLINK_DATABASE_URL", sqlite_url)

    result = run(*words)

    assert result.exit_code == 2
    assert result.stderr == "nothing is applied yet: okrlink apply okr.yaml\n"


@pytest.mark.parametrize(
    ("file", "reason"),
    [("missing/okrlink.db", "unable to open database file"), ("notes.txt", "file is not a database")],
)
@pytest.mark.parametrize("command", ["status", "migrate"])
def test_a_file_that_can_be_no_database_is_said_in_a_line(file, reason, command, tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("bread, milk, a database\n")
    monkeypatch.setenv("OKRLINK_DATABASE_URL", f"sqlite:///{tmp_path / file}")

    result = run(command)

    assert (result.exit_code, result.stderr) == (3, f"the database cannot be reached: {reason}\n")


def test_an_address_that_is_no_database_is_not_repeated(monkeypatch):
    """It may hold a password."""
    monkeypatch.setenv("OKRLINK_DATABASE_URL", "mysql://okrlink:hunter2@db/okrlink")

    result = run("status")

    assert result.exit_code == 3
    assert "hunter2" not in result.stderr
    assert result.stderr.count("\n") == 1
