"""Connections of the driver itself, for the two statements that are hot or that SQLAlchemy has no words for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from integration.store.db import Database


def connect(database: Database) -> psycopg.Connection:
    """A connection outside the pool, in autocommit: each statement is its own transaction unless it says otherwise."""
    args, options = database.engine.dialect.create_connect_args(database.engine.url)
    return psycopg.connect(*args, **{**options, "autocommit": True})
