"""The database's shape over time, one file a step under `versions`. Expand first, contract a release later.

Any process may call `upgrade`: it holds a lock that all processes of the database respect, and the steps commit
together. A process that finds another shape than its own stops and says what to do.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from integration.core.errors import StoreUnusable

if TYPE_CHECKING:
    from integration.store.db import Database

log = logging.getLogger(__name__)

ADVISORY_LOCK = 0x6F6B726C  # "okrl": any number will do that nobody else in the database uses


def upgrade(database: Database) -> bool:
    """Brings the database to the shape this program needs; False where it had it. Raises `StoreUnusable` where it is newer."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        before = _revision(connection)
        if before == _shapes().needed:
            return False
        _refuse_newer(before)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        log.info("the database went from shape %s to %s", before, _shapes().needed)
        return True


def check(database: Database) -> None:
    """Raises `StoreUnusable`, with what to do, unless the database has exactly the shape this program needs."""
    with database.read() as connection:
        revision = _revision(connection)
    if revision == _shapes().needed:
        return
    _refuse_newer(revision)
    if revision is None:
        raise StoreUnusable("the database is empty: run `okrlink migrate`")
    raise StoreUnusable(
        f"the database is older than this program (it has {revision}, {_shapes().needed} is needed): run `okrlink migrate`"
    )


def prepare(database: Database) -> None:
    """Sets up a database that is empty; like `check` for any other. For commands that people begin with."""
    with database.read() as connection:
        empty = _revision(connection) is None
    if empty:
        upgrade(database)
    else:
        check(database)


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in _shapes().known:
        raise StoreUnusable(
            f"the database is newer than this program (it has {revision}): install the okrlink that made it, or a later one"
        )


class _Shapes(NamedTuple):
    needed: str
    known: frozenset[str]


@cache
def _shapes() -> _Shapes:
    scripts = ScriptDirectory.from_config(_config())
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return _Shapes(str(scripts.get_current_head()), known)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "integration.store:migrations")
    return config
