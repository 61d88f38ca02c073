"""What durability costs the receiver, and what group commit behind a file lock saves: 32 connections, 10 KB bodies."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import requests
from sqlalchemy import make_url

from integration.store import migrations
from integration.store.db import Database
from tests.bench.load import Load, deliveries, put_load
from tests.databases import POSTGRES
from tests.webhooks.receiving import SECRETS, put_in_force

ROUNDS = 3
SECONDS = 4.0
PROCESSES = 2
BEGINNING = 5.0
"""Seconds that every rival has to begin: a worker imports the vendors' libraries and lays out its walks meanwhile, and what
is measured is how it ingests."""
SERVE = (
    "import sys; from webhooks.web import serve; serve(sys.argv[1], '127.0.0.1', int(sys.argv[2]), int(sys.argv[3]))"
)


@dataclass(frozen=True, slots=True)
class Rival:
    """A receiver: the function that makes its application, on which database, and whether a worker ingests beside it."""

    target: str
    database: str = "sqlite"
    worker: bool = False


RIVALS: Mapping[str, Rival] = {
    "bare": Rival("tests.bench.rivals:bare"),
    "commit each": Rival("tests.bench.rivals:commit_each"),
    "ours": Rival("webhooks.web:load"),
    "ours and a worker": Rival("webhooks.web:load", worker=True),
    "ours, PostgreSQL": Rival("webhooks.web:load", database="postgresql"),
}


def measure() -> Iterator[tuple[str, float]]:
    names = [name for name, rival in RIVALS.items() if rival.database == "sqlite" or has_postgres()]
    rounds = [{name: one_round(name) for name in names} for _ in range(ROUNDS)]

    def ratio(what: str, name: str, to: str) -> float:
        return statistics.median(getattr(each[name], what) / getattr(each[to], what) for each in rounds)

    yield "receiver.durable_vs_bare", ratio("per_second", "ours", "bare")
    yield "receiver.vs_commit_each", ratio("per_second", "ours", "commit each")
    yield "receiver.p99_vs_commit_each", ratio("p99", "ours", "commit each")
    yield "receiver.p99_with_worker", ratio("p99", "ours and a worker", "ours")
    if "ours, PostgreSQL" in names:
        yield "receiver.postgres_vs_bare", ratio("per_second", "ours, PostgreSQL", "bare")


def one_round(name: str) -> Load:
    rival = RIVALS[name]
    with a_database(rival.database) as url, running(rival, url) as port:
        signed = deliveries()
        put_load(port, 1, signed)
        load = put_load(port, SECONDS, signed)
    print(f"  {name:18} {load}", file=sys.stderr, flush=True)
    return load


@contextmanager
def a_database(kind: str) -> Iterator[str]:
    """The address of a migrated database with a mapping in force, which is dropped afterwards."""
    with tempfile.TemporaryDirectory(dir=".") as folder, a_postgres(kind) as postgres:
        url = postgres or f"sqlite:///{Path(folder).absolute() / 'okrlink.db'}"
        database = Database.open(url)
        migrations.upgrade(database)
        put_in_force(database)
        database.close()
        yield url


@contextmanager
def a_postgres(kind: str) -> Iterator[str | None]:
    if kind != "postgresql":
        yield None
        return
    name = f"okrlink_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def has_postgres() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError:
        print("  no PostgreSQL (OKRLINK_TEST_POSTGRES): its figure is left out", file=sys.stderr)
        return False
    return True


@contextmanager
def running(rival: Rival, url: str) -> Iterator[int]:
    """The port at which it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    commands: list[Sequence[str]] = [[sys.executable, "-c", SERVE, rival.target, str(port), str(PROCESSES)]]
    if rival.worker:
        commands.append([sys.executable, "-m", "webhooks.work"])
    environment = {**os.environ, **SECRETS, "OKRLINK_DATABASE_URL": url}
    processes = [subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) for command in commands]
    try:
        wait_for(port)
        yield port
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.communicate(timeout=30)


def wait_for(port: int) -> None:
    """Until all server processes answer, as far as one can tell from outside."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            time.sleep(BEGINNING)
            return
    raise TimeoutError(f"nobody answers on port {port}")
