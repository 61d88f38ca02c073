"""`okrlink backup` copies a database in use; on PostgreSQL it says what does."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from integration.core.facts import Commented
from integration.store import backup, facts, migrations, tables
from integration.store.db import Database
from tests.steps import NOW, deliver, everything
from tests.webhooks.typing_commands import run, sit_down
from webhooks.cli import counting

BODY = b'{"issue": {}}' * 100


@pytest.fixture
def used(sqlite_url, tmp_path, monkeypatch):
    """An SQLite database with a mapping and something in it."""
    database = Database.open(sqlite_url)
    terminal = sit_down(database, sqlite_url, tmp_path, monkeypatch)
    deliver(database, "jira", [BODY] * 300)
    yield terminal
    database.close()


def counted(file: Path) -> int:
    connection = sqlite3.connect(file)
    (count,) = connection.execute("SELECT count(*) FROM deliveries").fetchone()
    connection.close()
    return count


def test_a_copy_is_one_file_that_okrlink_runs_on(used, tmp_path, monkeypatch):
    told = used.json("backup", str(tmp_path / "copy.db"))

    assert told["rows"]["deliveries"] == 300
    assert told["bytes"] == (tmp_path / "copy.db").stat().st_size
    assert not list(tmp_path.glob("copy.db?*"))
    monkeypatch.setenv("OKRLINK_DATABASE_URL", f"sqlite:///{tmp_path / 'copy.db'}")
    assert run("status").exit_code == 0
    copied = Database.open(f"sqlite:///{tmp_path / 'copy.db'}")
    migrations.check(copied)
    assert everything(copied) == everything(used.database)
    copied.close()


def test_it_says_what_was_copied(used, tmp_path):
    said = used("backup", str(tmp_path / "copy.db")).stdout
    assert "300 deliveries" in said
    assert said.endswith("and was verified.\n")


def test_only_its_owner_may_read_it(used, tmp_path):
    used("backup", str(tmp_path / "copy.db"))
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_the_copy_is_of_one_moment_however_much_is_written_meanwhile(used, tmp_path, monkeypatch):
    """Each transaction writes a delivery and a fact: a copy of two moments would hold more of one than of the other."""
    monkeypatch.setattr(backup, "PAGES", 2)
    begun, ended, written = threading.Event(), threading.Event(), 0

    def write() -> None:
        nonlocal written
        while not ended.is_set():
            with used.database.write(synced=False) as db:
                row = {"connection": "jira", "delivery": f"later {written}", "received_at": NOW, "headers": "{}"}
                db.execute(tables.deliveries.insert(), {**row, "body": BODY})
                fact = Commented(at=NOW, source=str(written), comment=str(written))
                facts.record(db, facts.told([("jira", fact)]))
            written += 1
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(60)
    copies = [used.json("backup", str(tmp_path / f"copy{number}.db"))["rows"] for number in range(3)]
    ended.set()
    writer.join()
    assert [rows["deliveries"] - rows["facts"] for rows in copies] == [300] * 3
    assert 0 < copies[0]["facts"] <= copies[1]["facts"] <= copies[2]["facts"] <= written


def test_nothing_is_overwritten(used, tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    result = used("backup", str(tmp_path / "copy.db"))
    assert (result.exit_code, (tmp_path / "copy.db").read_text()) == (2, "precious")
    assert "name another file" in result.stderr


@pytest.mark.parametrize("file", ["okrlink.db", "nowhere/copy.db"])
def test_a_file_that_cannot_be(used, tmp_path, file):
    assert used("backup", str(tmp_path / file)).exit_code == 2


def test_what_a_killed_copy_left_behind_is_in_nobodys_way(used, tmp_path):
    (tmp_path / "copy.db.partial").write_text("half a copy")
    assert used.json("backup", str(tmp_path / "copy.db"))["rows"]["deliveries"] == 300
    assert not (tmp_path / "copy.db.partial").exists()


def test_a_damaged_database_is_not_taken_for_a_good_one(used, tmp_path):
    used.database.close()
    file = tmp_path / "okrlink.db"
    connection = sqlite3.connect(file)
    (root,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_deliveries_1'"
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    pages = bytearray(file.read_bytes())
    pages[size * (root - 1) + 100 : size * root] = b"\xff" * (size - 100)
    file.write_bytes(pages)

    result = used("backup", str(tmp_path / "copy.db"))

    assert result.exit_code == 3
    assert not (tmp_path / "copy.db").exists()


def test_an_empty_place_is_no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("OKRLINK_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    result = run("backup", str(tmp_path / "copy.db"))
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_postgresql_is_copied_by_its_own_tool_without_its_password_on_the_screen(tmp_path, monkeypatch):
    monkeypatch.setenv("OKRLINK_DATABASE_URL", "postgresql://okr:s3cret@db.example:5433/okrlink?sslmode=require")
    result = run("backup", str(tmp_path / "my copy.dump"))
    assert result.exit_code == 2
    assert "pg_dump --format=custom" in result.stderr
    assert "--host=db.example --port=5433 --username=okr --dbname=okrlink" in result.stderr
    assert "s3cret" not in result.stdout + result.stderr


def test_long_work_is_counted_in_plain_lines_where_there_is_no_terminal(used, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "PAGES", 50)
    monkeypatch.setattr(counting, "BETWEEN_LINES", 0)
    said = used("backup", str(tmp_path / "copy.db")).stderr.splitlines()
    assert said[0].startswith("Copying: 50 of ")
    whole = said[-1].split()[-2]
    assert said[-1] == f"Copying: {whole} of {whole} pages"
