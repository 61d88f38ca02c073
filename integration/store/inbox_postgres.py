"""The inbox's commit on PostgreSQL: one statement for all that wait."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import orjson
import psycopg

from integration.store.inbox import Delivery
from integration.store.instants import to_micros
from integration.store.postgres import connect

if TYPE_CHECKING:
    from integration.store.db import Database

INSERT = """
INSERT INTO deliveries (connection, delivery, received_at, headers, body)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[], %b::bytea[])
ON CONFLICT (connection, delivery) DO NOTHING RETURNING connection, delivery
"""


class PostgresWriter:
    turn = nullcontext()  # PostgreSQL lets all processes commit at once

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.Connection | None = None

    def commit(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        # One order for all processes, so that two that hold the same deliveries cannot wait for each other.
        rows = sorted(deliveries, key=_key)
        columns = (
            [delivery.connection for delivery in rows],
            [delivery.id for delivery in rows],
            [to_micros(delivery.received_at) for delivery in rows],
            [orjson.dumps(delivery.headers).decode() for delivery in rows],
            [delivery.body for delivery in rows],
        )
        try:
            new = self._insert(columns)
        except psycopg.OperationalError:
            # The server may have restarted since the last time. Asking twice is harmless: a known id is left alone.
            self.close()
            new = self._insert(columns)
        return [_first(new, _key(delivery)) for delivery in deliveries]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _insert(self, columns: Sequence[Sequence[object]]) -> set[tuple[str, str]]:
        try:
            if self._connection is None:
                self._connection = connect(self._database)
            return set(self._connection.execute(INSERT, columns, prepare=True).fetchall())
        except BaseException:
            self.close()
            raise


def _key(delivery: Delivery) -> tuple[str, str]:
    return delivery.connection, delivery.id


def _first(new: set[tuple[str, str]], key: tuple[str, str]) -> bool:
    """Of two deliveries with one id in one batch, only the first is new."""
    fresh = key in new
    new.discard(key)
    return fresh
