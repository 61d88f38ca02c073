"""Facts as a CI would tell them."""

from typing import Any

Told = dict[str, Any]

DEPLOYMENT: Told = {
    "kind": "deployment",
    "id": "shop-481",
    "service": "shop",
    "environment": "production",
    "started": "2026-11-02T09:00:00Z",
    "finished": "2026-11-02T10:10:00+01:00",
    "result": "success",
    "version": "1.4",
    "commits": ["9f2c1e0", "77ab310"],
    "changes": ["SHOP-12"],
    "url": "https://ci.example/runs/481",
    "fields": {"region": "EU", "canary": True},
}
CHANGE: Told = {
    "kind": "change",
    "id": "shop#77",
    "service": "shop",
    "repository": "shop",
    "first_commit": "2026-10-30T08:00:00Z",
    "merged": "2026-11-01T12:00:00Z",
    "commits": "9f2c1e0",
}
INCIDENT: Told = {
    "kind": "incident",
    "id": "P-9",
    "service": ["shop", "search"],
    "opened": "2026-11-02T09:30:00Z",
    "restored": "2026-11-02T10:30:00Z",
    "severity": "1",
    "deployment": "shop-481",
}
BUILD: Told = {
    "kind": "build",
    "id": "b-1",
    "pipeline": "shop",
    "branch": "main",
    "finished": "2026-11-02T08:00:00Z",
    "result": "failed",
}
TEST_RUN: Told = {
    "kind": "test run",
    "id": "t-1",
    "suite": "unit",
    "finished": "2026-11-02T08:00:00Z",
    "passed": 90,
    "failed": 10,
}
MEASUREMENT: Told = {
    "kind": "measurement",
    "kpi": "team-happiness",
    "at": "2026-09-01T00:00:00Z",
    "value": 7.4,
    "fields": {"team": "checkout"},
}
EVERY = (DEPLOYMENT, CHANGE, INCIDENT, BUILD, TEST_RUN, MEASUREMENT)


def without(told: Told, *keys: str) -> Told:
    return {key: value for key, value in told.items() if key not in keys}
