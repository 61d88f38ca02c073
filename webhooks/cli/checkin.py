"""`okrlink checkin`: people tell a key result's value, their confidence, a note; and take the last one back."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from integration.core.okr import CheckIn, Standing, stand
from integration.core.scorecard import Count, KeyResult, Measured, Objective, Work
from integration.store import check_ins, marks
from mappings.quantities import LONGEST_NUMBER
from webhooks.cli import Mistake
from webhooks.cli.opened import Opened, open_applied
from webhooks.overview import check_in_as_json
from webhooks.phrases import percent, plain

# A value may begin with a minus, which click would take for an option.
_VALUES = {"ignore_unknown_options": True}
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


@click.command(context_settings=_VALUES)
@click.argument("key_result")
@click.argument("value", required=False)
@click.option("--confidence", type=click.IntRange(0, 10), help="From 0 (no hope) to 10 (certain).")
@click.option("--note", default="", help="What a reader should know.")
@click.option("--undo", is_flag=True, help="Take back the last check-in that was typed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def checkin(
    key_result: str, value: str | None, confidence: int | None, note: str, *, undo: bool, as_json: bool
) -> None:
    """Tell where KEY_RESULT stands: a VALUE, or only --confidence or --note.

    KEY_RESULT may be its own name where only one has it: rebuilt for checkout.rebuilt.
    """
    now = datetime.now(UTC)
    with open_applied() as opened:
        objective, meant = opened.key_result(key_result)
        if undo:
            if value is not None or confidence is not None or note:
                raise Mistake("--undo takes nothing else")
            told, taken_back = None, _take_back(opened, meant)
        else:
            told, taken_back = _told(opened, meant, value, confidence, note, now), None
        before, after = _keep(opened, objective, meant, told, taken_back, now)
        opened.service.wakeup.send()
    changed = told or taken_back
    assert changed is not None  # noqa: S101 - one of the two, see above
    if as_json:
        click.echo(json.dumps(_as_json(meant, changed, before, after, undone=undo), indent=2, ensure_ascii=False))
        return
    for line in _lines(meant, changed, before, after, undone=undo):
        click.echo(line)


def parse_value(text: str, unit: str) -> Decimal:
    """The number that a person typed, with or without the unit of the key result. Raises `Mistake`."""
    number = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    number = number.removesuffix("".join(unit.split()))
    if len(number) > LONGEST_NUMBER:
        raise Mistake(f"expected a number of at most {LONGEST_NUMBER} digits")
    if _NUMBER.fullmatch(number):
        return Decimal(number)
    if number.startswith("--"):
        raise Mistake(f"checkin has no option {text.strip()}; see okrlink checkin --help")
    if _NUMBER.fullmatch(number.replace(",", ".")):
        raise Mistake(f"'{text}' has a comma; write {number.replace(',', '.')} or {number.replace(',', '')}")
    raise Mistake(f"expected a number, got '{text}'")


def _told(
    opened: Opened, key_result: KeyResult, value: str | None, confidence: int | None, note: str, now: datetime
) -> CheckIn:
    if value is None and confidence is None and not note:
        raise Mistake("nothing to check in: give a value, --confidence or --note")
    if value is not None and isinstance(key_result.measure, Work):
        raise Mistake(f"{key_result.id} is measured by its linked work; check in --confidence or --note only")
    if value is not None and isinstance(key_result.measure, Count):
        raise Mistake(f"{key_result.id} is measured by counting items; check in --confidence or --note only")
    if value is not None and isinstance(key_result.measure, Measured):
        raise Mistake(f"{key_result.id} is measured by a KPI; check in --confidence or --note only")
    return CheckIn(
        key_result=key_result.id,
        at=now,
        day=now.astimezone(opened.scorecard.timezone).date(),
        value=None if value is None else parse_value(value, _unit(key_result)),
        origin="typed",
        confidence=confidence,
        note=note.strip(),
        by=_who(),
    )


def _unit(key_result: KeyResult) -> str:
    quantities = (key_result.target, key_result.keep.quantity if key_result.keep else None, key_result.start)
    return next((unit for one in quantities if (unit := getattr(one, "unit", ""))), "")


def _who() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that nobody named
        return None


def _take_back(opened: Opened, key_result: KeyResult) -> CheckIn:
    with opened.service.database.read() as connection:
        history = check_ins.history(connection, key_result.id)
    typed = [one for one in history if one.origin == "typed"]
    if not typed:
        raise Mistake(f"nobody has checked in on {key_result.id} by hand; there is nothing to take back")
    return typed[-1]


def _keep(
    opened: Opened,
    objective: Objective,
    key_result: KeyResult,
    told: CheckIn | None,
    taken_back: CheckIn | None,
    now: datetime,
) -> tuple[Standing, Standing]:
    """Keeps one check-in or takes one back; returns where the key result stood and stands."""
    with opened.service.database.write() as connection:
        measured = check_ins.standings_of(connection, [key_result.id]).get(key_result.id)

        def standing(history: Sequence[CheckIn]) -> Standing:
            told = stand(opened.scorecard, objective, key_result, history=history, now=now)
            if measured is None or not isinstance(key_result.measure, Work):
                return told
            # What people say of linked work changes their confidence in it only.
            return replace(measured.standing, confidence=told.confidence)

        before = standing(check_ins.history(connection, key_result.id))
        if told:
            check_ins.add(connection, told)
        if taken_back:
            check_ins.take_back(connection, taken_back)
        after = standing(check_ins.history(connection, key_result.id))
        marks.add(connection, [opened.measure_again(key_result.id)])
    return before, after


def _lines(
    key_result: KeyResult, changed: CheckIn, before: Standing, after: Standing, *, undone: bool
) -> Sequence[str]:
    lines = [f"{key_result.id}  {key_result.title}"]
    if changed.value is not None:
        unit = f" {after.unit}".rstrip()
        ends = "" if after.start is None else f"  (from {plain(after.start)} to {plain(after.target)}{unit})"
        lines.append(f"  value       {_or_none(before.current)} → {_or_none(after.current)}{unit}{ends}")
        lines.append(f"  progress    {_share(before)} → {_share(after)}")
        lines.append(f"  status      {before.status} → {after.status}")
    if changed.confidence is not None:
        lines.append(f"  confidence  {_or_none(before.confidence)} → {_or_none(after.confidence)} of 10")
    if changed.note:
        lines.append(f"  note        {'taken back: ' if undone else ''}{changed.note}")
    lines.append("Taken back." if undone else f"Kept. To take it back: okrlink checkin {key_result.id} --undo")
    return lines


def _or_none(number: Decimal | int | None) -> str:
    return "none" if number is None else plain(Decimal(number))


def _share(standing: Standing) -> str:
    return "none" if standing.progress is None else percent(standing.progress)


def _as_json(
    key_result: KeyResult, changed: CheckIn, before: Standing, after: Standing, *, undone: bool
) -> dict[str, Any]:
    def told(standing: Standing) -> dict[str, Any]:
        return {
            "current": None if standing.current is None else float(standing.current),
            "progress": None if standing.progress is None else float(standing.progress),
            "status": standing.status,
            "confidence": standing.confidence,
        }

    return {
        "key_result": key_result.id,
        "undone": undone,
        "check_in": check_in_as_json(changed),
        "before": told(before),
        "after": told(after),
    }
