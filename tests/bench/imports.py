"""How quickly a file of facts becomes facts that are kept, and whether a long file takes more memory than a short one."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from integration.pushed import lines
from integration.pushed.importing import Ask, bring
from integration.store import migrations
from integration.store.db import Database

ROUNDS = 3
FACTS = 50_000
WARM = 20_000
LONG = 200_000
FIRST = datetime(2024, 11, 1, tzinfo=UTC)


def measure() -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        rates = [one_round(Path(folder), number) for number in range(ROUNDS)]
    yield "import.facts_per_s", statistics.median(rates)
    # In a process of its own: what other benches left behind is not the import's.
    grown = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True)
    yield "import.rss_growth_mib", float(grown.stdout.split()[-1])


def one_round(folder: Path, number: int) -> float:
    """Deployments a second, from a file of JSON Lines to an SQLite database that has none of them."""
    file = folder / f"{number}.jsonl"
    write(file, FACTS)
    database = opened(folder / f"{number}.db")
    started, worked = time.perf_counter(), time.process_time()
    import_(database, file)
    took, worked = time.perf_counter() - started, time.process_time() - worked
    database.close()
    print(f"  {FACTS / took:,.0f} facts/s, {FACTS / worked:,.0f} a second of processor time", file=sys.stderr)
    return FACTS / took


def write(file: Path, count: int) -> None:
    with file.open("w") as opened:
        for number in range(count):
            finished = FIRST + timedelta(minutes=10 * number)
            fact = {
                "kind": "deployment",
                "id": f"shop-{number}",
                "service": "shop",
                "environment": "production",
                "started": (finished - timedelta(minutes=4)).isoformat(),
                "finished": finished.isoformat(),
                "result": "failed" if number % 20 == 0 else "success",
                "version": f"1.{number}",
                "commits": [f"{number:040x}"],
                "url": f"https://ci.example/runs/{number}",
            }
            opened.write(json.dumps(fact) + "\n")


def opened(where: Path) -> Database:
    database = Database.open(f"sqlite:///{where.absolute()}")
    migrations.upgrade(database)
    return database


def import_(database: Database, file: Path) -> None:
    with file.open("rb") as told:
        brought = bring(database, lines.rows(told), Ask(), lambda _: None)
    if brought.counts["refused"]:
        raise AssertionError(brought.refused)


def grown_mib() -> float:
    """How much more memory the process takes for a file that is ten times as long."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        before = 0.0
        for count in (WARM, LONG):
            file = Path(folder) / f"{count}.jsonl"
            write(file, count)
            database = opened(Path(folder) / f"{count}.db")
            import_(database, file)
            database.close()
            before = before or peak_mib()
    return peak_mib() - before


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(grown_mib())
