"""Fixtures: okrlink at a desk beside each simulated tracker (`tests.desk`)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.desk import Desk


@pytest.fixture
def jira_desk(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Desk]":
    yield from at_desk("jira", sqlite_url, tmp_path, monkeypatch)


@pytest.fixture
def ado_desk(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Desk]":
    yield from at_desk("ado", sqlite_url, tmp_path, monkeypatch)


@pytest.fixture(params=["jira", "ado"])
def desk(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[Desk]":
    """The same test beside Jira and beside Azure DevOps."""
    yield from at_desk(request.param, sqlite_url, tmp_path, monkeypatch)


def at_desk(name: str, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Desk]":
    """A desk beside the tracker of this name in `tests.sides.SIDES`."""
    from integration.store.db import Database
    from tests.desk import Desk
    from tests.sides import SECRETS, SIDES, Clock

    for variable, value in SECRETS.items():
        monkeypatch.setenv(variable, value)
    clock = Clock(datetime(2026, 11, 2, 12, 0, tzinfo=UTC))
    database = Database.open(url)
    desk = Desk(database, SIDES[name](clock), clock, folder)
    yield desk
    desk.close()
    database.close()
