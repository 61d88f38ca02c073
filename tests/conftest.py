"""What every test stands on: no network beyond loopback, and skips that CI turns into failures."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.recorder import _as_the_vendors_describe, recorder  # noqa: F401 - fixtures
from tests.corpus import corpus_folder
from tests.databases import (  # noqa: F401 - fixtures
    _migrated_postgres,
    _sqlite_template,
    database,
    database_url,
    postgres_url,
    sqlite_url,
)
from tests.desks import ado_desk, desk, jira_desk  # noqa: F401 - fixtures
from tests.need import need  # noqa: F401 - tests may take it from here
from tests.routes import _compiled_once  # noqa: F401 - a fixture
from tests.sides import side  # noqa: F401 - a fixture

LOOPBACK = ("127.", "::1", "localhost")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: tests wait for half of their time."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that talks to the world is a mistake, and fails as one."""
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}")
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The recorded payloads, where there are any: `OKRLINK_CORPUS`, else beside the checkout."""
    path = corpus_folder()
    if path is None:
        if named := os.environ.get("OKRLINK_CORPUS"):
            pytest.fail(f"OKRLINK_CORPUS names no folder: {named}", pytrace=False)
        pytest.skip("no corpus of recorded payloads (OKRLINK_CORPUS)")
    return path
