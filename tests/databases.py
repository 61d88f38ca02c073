"""`database`: an empty, migrated one, on SQLite and on PostgreSQL; a test that takes it runs on both.

PostgreSQL is the one that OKRLINK_TEST_POSTGRES names, else the one on loopback; the tests make a database of their own
there and drop it at the end.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from integration.store import migrations
from integration.store.db import Database
from integration.store.delivery_tables import metadata
from tests.need import need

POSTGRES = os.environ.get("OKRLINK_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "okrlink.db"
    database = Database.open(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database for this run of the tests."""
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        need(False, "PostgreSQL (OKRLINK_TEST_POSTGRES)")
    name = f"okrlink_test_{uuid.uuid4().hex[:12]}"
    server.execute(f'CREATE DATABASE "{name}"')
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.close()


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_url: str) -> str:
    database = Database.open(postgres_url)
    migrations.upgrade(database)
    database.close()
    return postgres_url


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty, migrated SQLite database."""
    shutil.copy(_sqlite_template, tmp_path / "okrlink.db")
    return f"sqlite:///{tmp_path / 'okrlink.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated database of either kind, for processes of their own."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    url = str(request.getfixturevalue("_migrated_postgres"))
    database = Database.open(url)
    with database.write() as connection:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    database.close()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url)
    yield opened
    opened.close()
