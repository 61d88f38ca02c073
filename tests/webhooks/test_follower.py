"""`serve --apply FILE` follows the file and those it includes, while it serves."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.store import applied
from integration.store.db import Database
from webhooks.cli.serve import Follower

TEAM = "objectives: {NAME: {title: A goal, key_results: {built: {title: It is built, work: items}}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "okr.yaml").write_text("cycle: 2026-Q4\ninclude: [teams/*.yaml]\n")
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "search.yaml").write_text(TEAM.replace("NAME", "search"))
    return tmp_path


@pytest.fixture
def look(database: Database, folder: Path) -> Callable[[], int | None]:
    """Looks as `serve` does every second; returns the revision that is then in force."""
    follower = Follower(database, folder / "okr.yaml", "http://127.0.0.1:8080")
    follower.begin()

    def look() -> int | None:
        follower.look()
        with database.read() as connection:
            return applied.revision(connection)

    return look


def test_nothing_new_is_no_revision(look: Callable[[], int | None]) -> None:
    assert [look(), look()] == [1, 1]


def test_a_file_that_comes_or_goes_is_followed(folder: Path, look: Callable[[], int | None]) -> None:
    pay = folder / "teams" / "pay.yaml"
    pay.write_text(TEAM.replace("NAME", "pay"))
    assert look() == 2

    pay.unlink()
    assert look() == 3


def test_a_mistake_in_a_new_file_is_followed_until_it_is_mended(
    folder: Path, look: Callable[[], int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    pay = folder / "teams" / "pay.yaml"
    pay.write_text("objectives: [")
    assert [look(), look()] == [1, 1]
    assert capsys.readouterr().err.count("what was in force stays so") == 1

    pay.write_text(TEAM.replace("NAME", "pay"))
    os.utime(pay, (2_000_000_000, 2_000_000_000))  # a coarse clock may not tell two writes apart
    assert look() == 2
