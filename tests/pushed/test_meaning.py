"""What a pushed fact is to a KPI."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration.core.delivery.facts import Build, Change, DeliveryFact, Deployment, Incident, Pushed, TestRun
from integration.pushed.meaning import fact_of
from integration.pushed.reading import Received, read
from tests.pushed.telling import BUILD, CHANGE, DEPLOYMENT, INCIDENT, MEASUREMENT, TEST_RUN, Told, without


def fact(told: Told) -> Any:
    received = read(told)
    assert isinstance(received, Received)
    return fact_of(received.kind, received.data)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> tuple[datetime, ...]:
    return (datetime(2026, month, day, hour, minute, tzinfo=UTC),)


def test_a_deployment() -> None:
    assert fact(DEPLOYMENT) == Deployment(
        id="shop-481",
        moments={"started": at(2, 9), "finished": at(2, 9, 10)},
        fields={
            "region": "EU",
            "canary": True,
            "environment": "production",
            "result": "success",
            "version": "1.4",
            "service": ("shop",),
        },
        names=("1.4", "9f2c1e0", "77ab310", "SHOP-12"),
        url="https://ci.example/runs/481",
        pushed=True,
    )


def test_whether_it_is_production_is_for_the_mapping_to_say() -> None:
    assert "production" not in fact(DEPLOYMENT).fields


def test_a_change() -> None:
    assert fact({**CHANGE, "versions": ["1.4"]}) == Change(
        id="shop#77",
        moments={"first commit": at(30, 8, month=10), "merged": at(1, 12)},
        fields={"repository": "shop", "service": ("shop",)},
        names=("1.4", "9f2c1e0"),
        pushed=True,
    )


def test_an_incident() -> None:
    assert fact(INCIDENT) == Incident(
        id="P-9",
        moments={"opened": at(2, 9, 30), "restored": at(2, 10, 30)},
        fields={"severity": "1", "service": ("shop", "search")},
        causes=("shop-481",),
        pushed=True,
    )


def test_a_build() -> None:
    fields = {"pipeline": "shop", "branch": "main", "result": "failed"}

    assert fact(BUILD) == Build(id="b-1", moments={"finished": at(2, 8)}, fields=fields, pushed=True)


def test_a_test_run_counts_what_was_run() -> None:
    fields = {"suite": "unit", "passed": 90, "failed": 10, "skipped": 0, "run": 100}

    assert fact(TEST_RUN) == TestRun(id="t-1", moments={"finished": at(2, 8)}, fields=fields, pushed=True)


def test_a_measurement() -> None:
    told: DeliveryFact = fact({**MEASUREMENT, "id": "m-1"})

    assert told == Pushed(
        id="m-1",
        moments={"at": (datetime(2026, 9, 1, tzinfo=UTC),)},
        fields={"team": "checkout", "kpi": "team-happiness", "value": 7.4},
        pushed=True,
    )


def test_what_was_not_told_is_not_there() -> None:
    told = fact(without(DEPLOYMENT, "version", "service", "finished", "result", "commits", "changes", "fields", "url"))

    assert dict(told.fields) == {"environment": "production"}
    assert (set(told.moments), told.names, told.services, told.url) == ({"started"}, (), (), "")


@pytest.mark.parametrize(
    ("told", "means"),
    [
        ("success", "success"),
        ("Succeeded", "success"),
        ("SucceededWithIssues", "success"),
        ("failure", "failed"),
        ("Failed", "failed"),
        ("timed_out", "timed out"),
        ("Canceled", "cancelled"),
        ("cancelled", "cancelled"),
        ("skipped", "skipped"),
        ("Rolled back by hand", "Rolled back by hand"),
    ],
)
def test_the_words_of_the_usual_ci_servers_are_understood(told: str, means: str) -> None:
    assert fact({**DEPLOYMENT, "result": told}).fields["result"] == means
