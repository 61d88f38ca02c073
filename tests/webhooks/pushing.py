"""Pushed facts in a line each, as programs write them. 20 November 2026 is a Friday; times are hours before its noon, UTC."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from integration.core.scorecard import Scorecard
from integration.refresh.policy import Policy
from integration.store import applied, marks
from integration.store.db import Database
from tests.steps import settle
from tests.webhooks.typing_commands import run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AS_OF = "2026-11-20T12:00:00Z"


def ago(hours: float) -> str:
    return (NOON - timedelta(hours=hours)).isoformat()


def deployment(name: str, hours: float, result: str = "success", **said: Any) -> Mapping[str, Any]:
    """Into production, unless said otherwise."""
    told = {"environment": "production", "finished": ago(hours), "result": result}
    return {"kind": "deployment", "id": name, **told, **said}


def change(name: str, hours: float, **said: Any) -> Mapping[str, Any]:
    """Merged with its first commit, unless said otherwise."""
    return {"kind": "change", "id": name, "first_commit": ago(hours), "merged": ago(hours), **said}


def incident(name: str, hours: float, **said: Any) -> Mapping[str, Any]:
    return {"kind": "incident", "id": name, "opened": ago(hours), **said}


def suite(name: str, hours: float, passed: int, failed: int) -> Mapping[str, Any]:
    return {"kind": "test run", "id": name, "finished": ago(hours), "passed": passed, "failed": failed}


def number(kpi: str, at: str, value: float) -> Mapping[str, Any]:
    return {"kind": "measurement", "kpi": kpi, "at": at, "value": value}


def write(file: Path, facts: Iterable[Mapping[str, Any]]) -> str:
    file.write_text("".join(f"{json.dumps(fact)}\n" for fact in facts))
    return str(file)


def work(database: Database, scorecard: Scorecard) -> None:
    """All that a worker does with what was pushed, until nothing waits; a long past it measures in parts."""
    with database.read() as connection:
        policy = Policy(applied.revision(connection) or 0, scorecard, "https://okr.example")
    for minute in range(1, 20):
        settle(database, policy, datetime.now(UTC) + timedelta(minutes=minute))
        with database.read() as connection:
            if not marks.pending(connection, ["kpi"]):
                return
    raise AssertionError("KPIs are still marked after 20 rounds")


HEAD = "version: 1\ncycle: 2026-Q4\nconnections: {}\n"
RULES = "delivery: {deployments: [{pushed: true}], changes: [{pushed: true}], incidents: [{pushed: true}]}\n"


class Sheet:
    """A folder with a mapping and facts, away from any database. Called, it measures these by KPIs in YAML."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OKRLINK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
        monkeypatch.chdir(folder)

    def __call__(
        self, said: str, facts: Iterable[Mapping[str, Any]], *words: str, rules: str = RULES, as_of: str = AS_OF
    ) -> Result:
        Path("okr.yaml").write_text(f"{HEAD}{rules}kpis: {said}\n")
        write(Path("facts.jsonl"), facts)
        return run("kpis", "--facts", "facts.jsonl", "--mapping", "okr.yaml", "--as-of", as_of, *words)

    def told(self, said: str, facts: Iterable[Mapping[str, Any]], *words: str, **more: str) -> Any:
        """The KPIs, as programs see them."""
        result = self(said, facts, *words, "--json", **more)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)["kpis"]
