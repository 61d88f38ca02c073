"""Where a key result stands, in words: the same on the terminal and on the pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from integration.core.cards import Shown, forecast_of
from integration.core.figures import MINUS, number
from integration.core.scorecard import Measured, Work
from integration.core.standing import CheckIn, WorkCount


def plain(value: Decimal | Fraction | None) -> str:
    """A number as people write it: thousands apart, at most two decimals, none that are zero."""
    return "?" if value is None else number(value, decimals=2)


def field_value(value: object) -> str:
    """What stands in a tracker's field: whole numbers without decimals, as trackers show them."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def percent(share: Fraction | None) -> str:
    """A whole percentage, half up, as on the cards."""
    return "\N{EN DASH}" if share is None else f"{(share * 200 + 1) // 2} %".replace("-", MINUS)


def points(pace: Fraction | None) -> str:
    """Ahead of or behind what was expected, in percentage points with a sign."""
    if pace is None:
        return ""
    whole = int((pace * 200 + 1) // 2)
    return f"+{whole}" if whole > 0 else f"{MINUS}{-whole}" if whole < 0 else "±0"


def way(shown: Shown) -> str:
    """From where to where, and how far it is: `68 → 61.5 → 55 %`, `40 of 64 story points`, `93 %, keep >= 90 %`.

    What a KPI measures is shown as figures of KPIs are.
    """
    standing, key_result = shown.standing, shown.key_result
    tell = number if isinstance(key_result.measure, Measured) else plain
    if standing.work is not None and standing.unit == "%" and isinstance(key_result.measure, Work):
        return f"{plain(standing.work.done)} of {plain(standing.work.scope)} {key_result.measure.unit}"
    if key_result.keep is not None:
        keep = f"keep {key_result.keep.comparison} {_with_unit(key_result.keep.quantity.number, standing.unit)}"
        return keep if standing.current is None else f"{f'{tell(standing.current)} {standing.unit}'.strip()}, {keep}"
    ends = [value for value in (standing.start, standing.current) if value is not None]
    if standing.target is None:
        return " → ".join(map(tell, ends))
    return " → ".join([*map(tell, ends), f"{tell(standing.target)} {standing.unit}".strip()])


def notes(shown: Shown) -> Sequence[str]:
    """What a reader must know to trust the number; the reason first where there is none."""
    standing = shown.standing
    told = [standing.reason] if standing.reason else []
    if standing.work is not None and isinstance(shown.key_result.measure, Work):
        told += _of_work(standing.work, shown.key_result.measure.unit)
    if standing.status in ("on track", "behind", "at risk") and shown.key_result.keep is None:
        told += [f"forecast: {forecast_of(shown)}"] if standing.forecast else []
        told += [f"no forecast: {standing.no_forecast}"] if standing.no_forecast else []
    return told


def _of_work(work: WorkCount, unit: str) -> Sequence[str]:
    told = []
    if work.scope_at_start and work.scope and work.scope != work.scope_at_start:
        change = work.scope - work.scope_at_start
        told.append(
            f"{percent(work.done / work.scope)} of today's scope, "
            f"{percent(work.done / work.scope_at_start)} of the scope at start "
            f"({'+' if change > 0 else ''}{plain(change)} {unit.removesuffix('s') if abs(change) == 1 else unit})"
        )
    if work.unestimated and work.estimate is not None:
        told.append(
            f"{many(work.unestimated, 'item')} not estimated, "
            f"{'' if work.unestimated == 1 else 'each '}counted as {plain(work.estimate)} {unit}"
        )
    if work.double:
        told.append(
            f"{listed(work.double)} {'counts' if len(work.double) == 1 else 'count'} for another key result, too"
        )
    if work.undated:
        told.append(f"of {many(work.undated, 'done item')} the tracker does not tell when; counted in this cycle")
    return told


def said(check_in: CheckIn) -> str:
    """What a person said last, for a line of its own; empty where only a number was told."""
    confidence = "" if check_in.confidence is None else f"confidence {check_in.confidence} of 10"
    note = f"“{check_in.note}”" if check_in.note else ""
    told = ", ".join(part for part in (note, confidence) if part)
    return f"{told} ({check_in.day.day} {check_in.day:%b})" if told else ""


def many(count: int, noun: str) -> str:
    """`1 item`, `2 items`, `2 deliveries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{count:,} {noun}s"


def listed(names: Sequence[str], at_most: int = 3) -> str:
    """`A`, `A and B`, `A, B, C and 4 more`."""
    shown, left = list(names[:at_most]), len(names) - at_most
    if left > 0:
        return f"{', '.join(shown)} and {left} more"
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


def ago(moment: datetime, now: datetime) -> str:
    """How long since, in the one unit that matters."""
    seconds = max(int((now - moment).total_seconds()), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{many(seconds // size, unit)} ago"
    return f"{many(seconds, 'second')} ago"


def _with_unit(value: Decimal, unit: str) -> str:
    return f"{plain(value)} {unit}".strip()
