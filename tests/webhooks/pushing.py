"""Pushed facts in a line each, as programs write them. 20 November 2026 is a Friday; times are hours before its noon, UTC."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
