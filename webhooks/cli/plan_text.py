"""A plan as people like to read it, and as programs do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from textwrap import indent
from typing import Any

from integration.core.errors import PlanTooLarge
from integration.core.scorecard import Scorecard
from integration.core.write_back import FieldValue
from integration.planning import Change, ItemPlan, Plan
from integration.store.outbox import BADGE
from webhooks.phrases import field_value, many

AT_MOST = 40
"""Items of a connection that are shown; the rest is counted, and --all has them."""


def vanished(before: Scorecard, after: Scorecard) -> Mapping[str, str]:
    """Key results that are gone -> those that came, and may be the same under another name."""
    former = {was for _, one in after.key_results() for was in one.was}
    former |= {f"{was}.{one.name}" for objective, one in after.key_results() for was in objective.was}
    old = {one.id: one.title for _, one in before.key_results()}
    new = {one.id: one.title for _, one in after.key_results()}
    gone = [name for name in old if name not in new and name not in former]
    came = [name for name in new if name not in old]
    found = {}
    for name in gone:
        alike = [other for other in came if new[other] == old[name]] or difflib.get_close_matches(name, came, n=1)
        if alike:
            found[name] = alike[0]
    return found


def as_text(made: Plan, scorecard: Scorecard, renames: Mapping[str, str], *, everything: bool) -> Iterator[str]:
    """Line by line: each item with what would change, what is in the way, and the sum."""
    for name in sorted({one.ref.connection for one in made.items}):
        of_connection = [one for one in made.items if one.ref.connection == name]
        yield f"{name}: {many(len(of_connection), 'item')}"
        shown = of_connection if everything else of_connection[:AT_MOST]
        for one in shown:
            yield from _item(one)
        if len(of_connection) > len(shown):
            yield f"  … and {many(len(of_connection) - len(shown), 'more item')}; --all shows them"
        yield ""
    lines = [f"{name}: {line}" for (name, _), line in sorted(made.problems.items())]
    lines += [_asked_about(gone, came) for gone, came in renames.items()]
    if lines:
        yield "In the way"
        yield from (indent(line, "  ") for line in dict.fromkeys(lines))
        yield ""
    yield _sum(made, scorecard)


def as_json(made: Plan, renames: Mapping[str, str], too_large: PlanTooLarge | None) -> dict[str, Any]:
    """Every key always there."""
    return {
        "items": [
            {
                "connection": one.ref.connection,
                "id": one.ref.id,
                "key": one.key,
                "title": one.title,
                "first": one.first,
                "changes": [
                    {
                        "field": change.name,
                        "target": change.target,
                        "value": change.value,
                        "now": _badge_of(change.now) if change.target == BADGE else change.now,
                        "then": _badge_of(change.then) if change.target == BADGE else change.then,
                    }
                    for change in one.changes
                ],
                "left_alone": dict(one.left_alone),
            }
            for one in made.items
        ],
        "problems": [
            {"connection": name, "topic": topic, "message": line}
            for (name, topic), line in sorted(made.problems.items())
        ],
        "vanished": dict(renames),
        "written_before": dict(made.written_before),
        "unreached": sorted(made.unreached),
        "too_large": None if too_large is None else str(too_large),
    }


def _item(one: ItemPlan) -> Iterator[str]:
    yield f"  {one.key}  {one.title}".rstrip()
    names = [_name(change) for change in one.changes] + list(one.left_alone)
    width = max(map(len, names), default=0)
    for change in one.changes:
        yield f"    {_name(change):{width}}  {_change(change)}"
    for name, value in one.left_alone.items():
        told = "was emptied by a person" if value in (None, "") else f"{_shown(value)} is a person's"
        yield f"    {name:{width}}  {told}, left alone"


def _name(change: Change) -> str:
    return "remote link" if change.target == BADGE else change.name


def _change(change: Change) -> str:
    if change.target != BADGE:
        return f"{_shown(change.now)} → {_shown(change.then)}"
    # Of a link that changes, the former words would only make the line long.
    return f"{'(none) ' if change.now is None else ''}→ {_link(change.then)}"


def _link(text: FieldValue) -> str:
    badge = _badge_of(text)
    if badge is None:
        return "(none)"
    return f"{badge['title']} ({badge['summary']})" if badge["summary"] else str(badge["title"])


def _badge_of(text: FieldValue) -> Any:
    return None if text is None else json.loads(str(text))


def _shown(value: FieldValue) -> str:
    return "(empty)" if value in (None, "") else field_value(value)


def _asked_about(gone: str, came: str) -> str:
    former = gone.rpartition(".")[2] if gone.rpartition(".")[0] == came.rpartition(".")[0] else gone
    return f"{gone} is gone and {came} is new; if it is the same, write `was: {former}` in it, and its history follows"


def _sum(made: Plan, scorecard: Scorecard) -> str:
    changed = made.changed
    values = sum(len(one.changes) for one in changed)
    first = sum(one.first for one in changed)
    if values:
        on = many(len(changed), "item") + (
            f", {first:,} of them for the first time" if 0 < first < len(changed) else ""
        )
        return f"{many(values, 'value')} on {on} would be written. Nothing was written."
    if not scorecard.write_back:
        return "The mapping has no write_back: okrlink measures, and writes nothing."
    if not made.known_items:
        return "Nothing to write: okrlink knows no items yet. okrlink backfill reads them; webhooks tell what changes."
    if made.unreached or made.problems:
        return "Nothing to write."
    return "Nothing to write: the trackers show what the mapping wants."
