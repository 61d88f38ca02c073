"""What it costs to make facts of deliveries: recorded bodies to committed facts and marks, against decoding them alone."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from integration.ingest import ingest
from integration.store import migrations
from integration.store.db import Database
from integration.store.tables import deliveries
from integration.trackers import TRACKERS

CORPUS = Path(os.environ.get("OKRLINK_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus") / "webhooks"
ROUNDS = 3
COPIES = 25
"""Every body is delivered to so many connections: the same work each time, and nothing is a repetition to the database."""
DELIVERIES = 100_000
WARM = 10_000
"""Deliveries before memory is first looked at: caches of statements and imports are filled by then."""

Told = Sequence[tuple[str, bytes]]
"""Connection and body."""


def measure() -> Iterator[tuple[str, float]]:
    if not CORPUS.is_dir():
        print("  no recorded payloads (OKRLINK_CORPUS): ingest's figures are left out", file=sys.stderr)
        return
    rounds = [one_round() for _ in range(ROUNDS)]
    for decoding, taking_in in rounds:
        print(f"  json.loads {decoding * 1e6:6.1f} us   ingest {taking_in * 1e6:6.1f} us a body", file=sys.stderr)
    yield "ingest.vs_json_loads", statistics.median(decoding / taking_in for decoding, taking_in in rounds)
    # In a process of its own: what other benches left behind is not ingest's.
    grown = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True)
    yield "ingest.rss_growth_mib", float(grown.stdout.split()[-1])


def one_round() -> tuple[float, float]:
    """Seconds a body for `json.loads` alone, and for all of ingest."""
    told = bodies(COPIES)
    started = time.perf_counter()
    for _, body in told:
        json.loads(body)
    decoding = time.perf_counter() - started
    with tempfile.TemporaryDirectory(dir=".") as folder:
        database = opened(Path(folder))
        put(database, told)
        started = time.perf_counter()
        take_in(database, told)
        taking_in = time.perf_counter() - started
        database.close()
    return decoding / len(told), taking_in / len(told)


def bodies(copies: int, first: int = 0) -> Told:
    """All recorded bodies that are JSON, each for `copies` connections."""
    found: list[tuple[str, bytes]] = []
    for tracker in ("jira", "azure-devops"):
        for path in sorted((CORPUS / tracker).rglob("*.json")):
            found += [(f"{tracker} {copy}", path.read_bytes()) for copy in range(first, first + copies)]
    return found


def opened(folder: Path) -> Database:
    database = Database.open(f"sqlite:///{folder.absolute() / 'okrlink.db'}")
    migrations.upgrade(database)
    return database


def put(database: Database, told: Told) -> None:
    now = datetime.now(UTC)
    with database.write() as connection:
        rows = [
            {
                "connection": name,
                "delivery": f"{time.monotonic_ns()}-{number}",
                "received_at": now,
                "headers": "{}",
                "body": body,
            }
            for number, (name, body) in enumerate(told)
        ]
        connection.execute(deliveries.insert(), rows)


def take_in(database: Database, told: Told) -> None:
    trackers = {name: TRACKERS[name.rpartition(" ")[0]] for name, _ in told}
    while ingest(database, trackers, datetime.now(UTC)):
        pass


def grown_mib() -> float:
    """How much the process grows from its 10,000th delivery to its 100,000th."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        database = opened(Path(folder))
        done, first, before = 0, 0, None
        while done < DELIVERIES:
            told = bodies(10, first)
            put(database, told)
            take_in(database, told)
            done, first = done + len(told), first + 10
            if before is None and done >= WARM:
                before = peak_mib()
        database.close()
    return peak_mib() - (before or 0.0)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(grown_mib())
