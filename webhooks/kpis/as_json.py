"""KPIs for programs: every key always there, what is unknown is null with its reason, and values exact to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from integration.core.figures import bound, decimally, exactly
from integration.core.kpi.measurement import Measurement
from webhooks.kpis.looks import Look
from webhooks.kpis.traced import Traced


def look_as_json(seen: Look) -> dict[str, Any]:
    """`value` is an exact fraction (`23/4`), `decimal` the nearest number; both are in `unit`."""
    kpi, now = seen.kpi, seen.now
    return {
        "kpi": kpi.name,
        "title": kpi.title or kpi.name,
        "description": kpi.description,
        "kind": kpi.kind,
        "indicator": kpi.indicator,
        "owner": kpi.owner,
        "review": kpi.review,
        "source": kpi.source,
        "preset": kpi.preset,
        "better": kpi.better,
        **measurement_as_json(now),
        "target": bound(kpi.target) if kpi.target else None,
        "meets": now.meets,
        "keep": bound(kpi.keep) if kpi.keep else None,
        "holds": now.holds,
        "band": now.band or None,
        "bands_from": kpi.bands_from or None,
        "before": measurement_as_json(seen.before) if seen.before else None,
        "groups": [measurement_as_json(one) for one in seen.groups],
    }


def measurement_as_json(one: Measurement) -> dict[str, Any]:
    return {
        "group": dict(one.group),
        "value": exactly(one.value),
        "decimal": decimally(one.value),
        "unit": one.unit,
        "reason": one.reason,
        "as_of": one.as_of.isoformat(),
        "window": {"first": one.first.isoformat(), "last": one.last.isoformat()},
        "samples": one.samples,
        "left_out": len(one.left_out),
        "above": exactly(one.above),
        "below": exactly(one.below),
    }


def series_as_json(seen: Look) -> Sequence[dict[str, Any]]:
    return [measurement_as_json(one) for one in seen.series]


def traced_as_json(one: Traced) -> dict[str, Any]:
    return {
        "stream": one.stream,
        "fact": one.fact,
        "key": one.key or None,
        "title": one.title or None,
        "url": one.url or None,
        "part": one.part or None,
        "at": one.at.isoformat() if one.at else None,
        "times": {name: at.isoformat() for name, at in one.times},
        "value": exactly(one.value),
        "decimal": decimally(one.value),
        "unit": one.unit,
        "reason": one.reason,
    }
