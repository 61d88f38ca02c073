"""The environment -> a running service: the only place that knows every concrete thing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from integration.ledger import Ledgers
from integration.store.db import Database
from integration.store.inbox import Inbox
from integration.store.wakeup import Wakeup
from webhooks.connections import Resolved, reached, senders
from webhooks.in_force import InForce

DEFAULT_DATABASE = "okrlink.db"
DEFAULT_URL = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. The database's address may hold a password and is never shown."""

    database_url: str = field(repr=False)
    url: str
    """Where people and trackers reach us."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        database = environment.get("OKRLINK_DATABASE_URL") or f"sqlite:///{Path(DEFAULT_DATABASE).absolute()}"
        return cls(database, (environment.get("OKRLINK_URL") or DEFAULT_URL).rstrip("/"))


@dataclass(frozen=True, slots=True)
class Service:
    """What a process of ours works with."""

    settings: Settings
    database: Database
    inbox: Inbox
    wakeup: Wakeup
    connections: Callable[[], Resolved]
    """What the worker reads and writes: the connections in force, with their credentials."""
    senders: Callable[[], Resolved]
    """What the receiver listens to: the same connections, with no more than proves who sends."""
    ledgers: Ledgers
    """By which this process shares each tracker's limits with all others."""

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Raises `StoreUnusable` where the database's address is none; connects only when something is asked."""
        database = Database.open(settings.database_url)
        return cls(
            settings=settings,
            database=database,
            inbox=Inbox.for_database(database),
            wakeup=Wakeup.for_database(database),
            connections=InForce[Resolved](database, partial(reached, os.environ), before={}),
            senders=InForce[Resolved](database, partial(senders, os.environ), before={}),
            ledgers=Ledgers(database),
        )

    def close(self) -> None:
        self.ledgers.flush()
        self.inbox.close()
        self.wakeup.close()
        self.database.close()
