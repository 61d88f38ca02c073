"""What is kept of a pushed fact -> the delivery fact that KPIs read.

The environment stays as it was told, and whether it is production is left open: the mapping's rules decide that. So do
they about results that are no words of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from integration.core.catalogue import folded
from integration.core.delivery.facts import Build, Change, DeliveryFact, Deployment, Incident, Pushed, TestRun, Times
from integration.core.facts import Value
from integration.pushed import shapes
from integration.pushed.shapes import SHAPES, Kind

RESULTS: Mapping[str, str] = {
    "success": "success",
    "succeeded": "success",
    "successful": "success",
    "passed": "success",
    "partiallysucceeded": "success",
    "succeededwithissues": "success",
    "failed": "failed",
    "failure": "failed",
    "error": "failed",
    "timedout": "timed out",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "aborted": "cancelled",
    "skipped": "skipped",
}
"""The words of the usual CI servers for how something ended, without case and spaces -> ours."""


def fact_of(kind: str, data: str) -> DeliveryFact:
    """`kind` and `data` are those of `reading.Received`; whatever was kept once can be read for good."""
    return _MEANINGS[cast("Kind", kind)](SHAPES[cast("Kind", kind)].model_validate_json(data))


def _deployment(told: shapes.Deployment) -> DeliveryFact:
    return Deployment(
        **_common(told),
        moments=_moments(started=told.started, finished=told.finished),
        fields=_fields(
            told,
            environment=told.environment,
            result=_result(told.result),
            version=told.version,
            rollback=told.rollback,
            rework=told.rework,
        ),
        names=(*([told.version] if told.version else []), *told.commits, *told.changes),
    )


def _change(told: shapes.Change) -> DeliveryFact:
    moments = _moments(
        first_commit=told.first_commit,
        opened=told.opened,
        approved=told.approved,
        merged=told.merged,
        started=told.started,
        done=told.done,
    )
    return Change(
        **_common(told),
        moments=moments,
        fields=_fields(told, repository=told.repository),
        names=(*told.versions, *told.commits),
    )


def _incident(told: shapes.Incident) -> DeliveryFact:
    return Incident(
        **_common(told),
        moments=_moments(opened=told.opened, responded=told.responded, planned=told.planned, restored=told.restored),
        fields=_fields(told, severity=told.severity),
        causes=told.deployment,
    )


def _build(told: shapes.Build) -> DeliveryFact:
    return Build(
        **_common(told),
        moments=_moments(started=told.started, finished=told.finished),
        fields=_fields(told, pipeline=told.pipeline, branch=told.branch, result=_result(told.result)),
    )


def _test_run(told: shapes.TestRun) -> DeliveryFact:
    counts = {"passed": told.passed, "failed": told.failed, "skipped": told.skipped}
    return TestRun(
        **_common(told),
        moments=_moments(started=told.started, finished=told.finished),
        fields=_fields(told, suite=told.suite, run=told.passed + told.failed, **counts),
    )


def _measurement(told: shapes.Measurement) -> DeliveryFact:
    return Pushed(**_common(told), moments=_moments(at=told.at), fields=_fields(told, kpi=told.kpi, value=told.value))


_MEANINGS: Mapping[Kind, Callable[[Any], DeliveryFact]] = {
    "deployment": _deployment,
    "change": _change,
    "incident": _incident,
    "build": _build,
    "test run": _test_run,
    "measurement": _measurement,
}


def _common(told: shapes.Fact) -> dict[str, Any]:
    return {"id": told.id, "url": told.url or "", "pushed": True}


def _moments(**told: datetime | None) -> Mapping[str, Times]:
    return {name.replace("_", " "): (at,) for name, at in told.items() if at is not None}


def _fields(told: shapes.Fact, **own: Value) -> Mapping[str, Value]:
    """Its own fields, and those that came with it by their folded names. What was not told is not there."""
    said = {folded(name): value for name, value in told.fields.items()}
    said |= {name: value for name, value in own.items() if value is not None}
    if told.service:
        said["service"] = told.service
    return said


def _result(told: str | None) -> str | None:
    """In our words where there are any, else as it was told."""
    if told is None:
        return None
    return RESULTS.get("".join(char for char in told.casefold() if char.isalpha()), told)
