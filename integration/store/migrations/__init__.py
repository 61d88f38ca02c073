"""The database's shape over time, one file a step under `versions`. Expand first, contract a release later.

Any process may call `upgrade`: it holds a lock that all processes of the database respect, and the steps commit
together. A process that finds another shape than its own stops and says what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from integration.core.errors import StoreUnusable

if TYPE_CHECKING:
    from integration.store.db import Database

ADVISORY_LOCK = 0x6F6B726C  # "okrl": any number will do that nobody else in the database uses


def upgrade(database: Database) -> bool:
    """Brings the database to the shape this program needs; False where it had it. Raises `StoreUnusable` where it is newer."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        before = _revision(connection)
        if before == _head():
            return False
        _refuse_newer(before)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return True


def check(database: Database) -> None:
    """Raises `StoreUnusable`, with what to do, unless the database has exactly the shape this program needs."""
    with database.read() as connection:
        revision = _revision(connection)
    if revision == _head():
        return
    _refuse_newer(revision)
    state = "is empty" if revision is None else f"is older than this program (it has {revision}, {_head()} is needed)"
    raise StoreUnusable(f"the database {state}: run `okrlink migrate`")


def _refuse_newer(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreUnusable(
            f"the database is newer than this program (it has {revision}): install the okrlink that made it, or a later one"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "integration.store:migrations")
    return config
