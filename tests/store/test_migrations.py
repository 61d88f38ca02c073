"""The database's shape: what the migrations make is what `tables` says, and another shape is refused."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from integration.core.errors import StoreUnusable
from integration.store import migrations
from integration.store.db import Database
from integration.store.delivery_tables import metadata

SQLITE_SHAPE = "SELECT name, tbl_name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version'"
POSTGRES_SHAPE = """
SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name != 'alembic_version'
UNION ALL
SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes
 WHERE schemaname = 'public' AND tablename != 'alembic_version'
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database that no migration has seen."""
    on_sqlite = request.param == "sqlite"
    opened = Database.open(
        f"sqlite:///{tmp_path / 'empty.db'}" if on_sqlite else request.getfixturevalue("postgres_url")
    )
    if not opened.is_sqlite:
        clear(opened)
    yield opened
    if not opened.is_sqlite:
        clear(opened)
        migrations.upgrade(opened)
    opened.close()


def clear(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def shape(connection: Connection) -> set[tuple[object, ...]]:
    query = SQLITE_SHAPE if connection.dialect.name == "sqlite" else POSTGRES_SHAPE
    rows = connection.execute(text(query))
    return {tuple(" ".join(str(cell).split()) for cell in row) for row in rows}


def test_migrations_make_what_the_tables_say(empty: Database) -> None:
    with empty.write() as connection:
        metadata.create_all(connection)
        declared = shape(connection)
        metadata.drop_all(connection)

    migrations.upgrade(empty)

    with empty.read() as connection:
        assert shape(connection) == declared


def test_upgrading_twice_does_nothing(empty: Database) -> None:
    assert migrations.upgrade(empty)
    assert not migrations.upgrade(empty)

    migrations.check(empty)


def test_many_processes_upgrade_at_once(empty: Database) -> None:
    url = empty.engine.url.render_as_string(hide_password=False)
    done: list[bool] = []

    def start() -> None:
        database = Database.open(url)
        done.append(migrations.upgrade(database))
        database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, False, False, True]


def test_an_empty_database_says_how_to_begin(empty: Database) -> None:
    with pytest.raises(StoreUnusable, match="the database is empty: run `okrlink migrate`"):
        migrations.check(empty)


def test_a_newer_database_is_left_alone(empty: Database) -> None:
    migrations.upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))

    for refused in (migrations.check, migrations.upgrade):
        with pytest.raises(StoreUnusable, match=r"newer than this program \(it has from-the-future\)"):
            refused(empty)


def test_a_failed_upgrade_leaves_nothing_behind(empty: Database) -> None:
    with empty.write() as connection:
        connection.execute(text("CREATE TABLE subjects (in_the_way INTEGER)"))

    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(empty)

    with empty.read() as connection:
        assert {row[0] for row in shape(connection)} == {"subjects"}
