"""`okrlink rebuild`: everything that is derived, drawn anew from what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from integration.core.errors import ServiceError, StoreUnusable
from integration.core.figures import decimally, figure
from integration.core.kpi.summary import Summary
from integration.core.okr import Standing
from integration.rebuild import Picture, changed, changed_kpis, picture
from integration.rebuild import rebuild as rebuild_all
from integration.refresh import Outdated, Policy
from integration.store.db import Database
from webhooks.cli.counting import counting
from webhooks.cli.opened import Opened, open_applied
from webhooks.phrases import many, plain
from webhooks.work import only_worker


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rebuild(*, as_json: bool) -> None:
    """Draw items, links, delivery, KPIs, key results and cards anew from what is kept, and show what changed.

    Items are folded again with today's vocabulary and the mapping in force, and with what facts tell of their end.
    Deployments, changes and incidents are derived anew by the rules in force, and attributed to each other; KPIs are
    measured, with the history of every day. What was pushed or imported stays as it came.

    Nothing is asked of a tracker: what it says otherwise, okrlink rescan and okrlink backfill find. What cards show
    afterwards is written by the worker, as always.

    It may be stopped at any time and run again, beside a running okrlink or without one; on SQLite, no okrlink can be
    started while it works without one.
    """
    with open_applied() as opened:
        before = picture(opened.service.database)
        _rebuild(opened, silent=as_json)
        after = picture(opened.service.database)
        opened.service.wakeup.send()
    if as_json:
        click.echo(json.dumps(_as_json(before, after), indent=2, ensure_ascii=False))
        return
    for line in _lines(before, after):
        click.echo(line)


def _rebuild(opened: Opened, *, silent: bool) -> None:
    db = opened.service.database
    policy = Policy(opened.applied.revision, opened.scorecard, opened.service.settings.url)
    with _worker(db) as works, counting("Rebuilding", silent=silent) as report:
        opened.service.wakeup.send()
        try:
            rebuild_all(db, policy, _now, lambda kind, done, whole: report(done, whole, f"{kind}s"), works=works)
        except Outdated as error:
            raise ServiceError("a mapping was applied meanwhile, which draws everything anew, too") from error


@contextmanager
def _worker(db: Database) -> Iterator[bool]:
    """Whether this process works itself: on SQLite only where no other does."""
    with ExitStack() as alone:
        try:
            alone.enter_context(only_worker(db, patience=0))
            works = True
        except StoreUnusable:
            works = False
        yield works


def _now() -> datetime:
    return datetime.now(UTC)


def _lines(before: Picture, after: Picture) -> Iterator[str]:
    names = {"items": "items", "deleted": "of them deleted", "below": "below another", "links": "links to key results"}
    told = [(name, asdict(before.counts)[key], asdict(after.counts)[key]) for key, name in names.items()]
    for name, was, now in told:
        yield f"{name:20} {now:>9,}" + ("" if was == now else f"  (before: {was:,})")
    if any(after.delivery.values()) or any(before.delivery.values()):
        for name, number in after.delivery.items():
            was = before.delivery[name]
            yield f"{name:20} {number:>9,}" + ("" if was == number else f"  (before: {was:,})")
    moved = changed(before, after)
    yield ""
    yield f"{many(len(moved), 'key result')} changed:" if moved else "No key result changed."
    for name, (then, now) in moved.items():
        yield f"  {name}: {_number(then)} → {_number(now)}"
    yield from _of_delivery(before, after)
    if after.to_write:
        yield f"{many(after.to_write, 'item')} to write; the worker does."


def _of_delivery(before: Picture, after: Picture) -> Iterator[str]:
    if not (before.kpis or after.kpis):
        return
    moved = changed_kpis(before, after)
    yield f"{many(len(moved), 'KPI')} changed:" if moved else "No KPI changed."
    for name, one in moved.items():
        days = f" ({many(one.days, 'day')} of history)" if one.days else ""
        yield f"  {name}: {_measured(one.before)} → {_measured(one.after)}{days}"


def _measured(one: Summary | None) -> str:
    if one is None:
        return "not measured"
    return figure(one.value, one.unit) if one.value is not None else f"unknown ({one.reason})"


def _number(standing: Standing | None) -> str:
    if standing is None:
        return "not measured"
    if standing.current is None:
        return f"unknown ({standing.reason})" if standing.reason else "unknown"
    number = f"{plain(standing.current)} {standing.unit}".strip()
    work = standing.work
    return number if work is None else f"{number}, {plain(work.done)} of {plain(work.scope)}"


def _as_json(before: Picture, after: Picture) -> Mapping[str, Any]:
    def number(one: Standing | None) -> Mapping[str, Any] | None:
        if one is None:
            return None
        return {
            "current": None if one.current is None else float(one.current),
            "unit": one.unit,
            "reason": one.reason or None,
            "done": None if one.work is None else float(one.work.done),
            "scope": None if one.work is None else float(one.work.scope),
        }

    def measured(one: Summary | None) -> Mapping[str, Any] | None:
        if one is None:
            return None
        return {"value": decimally(one.value), "unit": one.unit, "reason": one.reason or None}

    return {
        "before": asdict(before.counts),
        "after": asdict(after.counts),
        "changed": {
            name: {"before": number(then), "after": number(now)} for name, (then, now) in changed(before, after).items()
        },
        "delivery": {"before": dict(before.delivery), "after": dict(after.delivery)},
        "changed_kpis": {
            name: {"before": measured(one.before), "after": measured(one.after), "days": one.days}
            for name, one in changed_kpis(before, after).items()
        },
        "to_write": after.to_write,
    }
