"""What one item shows of the key results that it feeds: a value for every word of a write-back, and a badge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal, TypeAlias, get_args

from integration.core.grading import Status
from integration.core.line import decimal
from integration.core.okr import Standing
from integration.core.scorecard import CardValue, KeyResult, Objective, Work
from integration.core.write_back import Badge, FieldValue

Many: TypeAlias = Literal["list", "worst", "first"]

PASSENGERS: frozenset[CardValue] = frozenset({"updated", "pace", "forecast"})
"""Values that change by themselves every day: they are written only along with another change."""

SEVERITY: Sequence[Status] = ("missed", "at risk", "behind", "unknown", "on track", "not started", "done")
"""Statuses, the worst first. An unknown is worse than a good one, but hides no bad one."""

LONGEST = 255
"""What a single-line text field of Jira or Azure DevOps and the title of a remote link hold."""

LARGEST = 2**53
"""The largest whole number that all trackers, and JSON, tell exactly. Nobody is more percent than that."""

# Not by strftime, whose names depend on the machine's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Shown:
    """One key result that an item feeds, and where it stands."""

    objective: Objective
    key_result: KeyResult
    standing: Standing


def card_values(shown: Sequence[Shown], many: Many, url: str) -> Mapping[CardValue, FieldValue]:
    """What the item's fields may show. `shown` is in the order in which the item was linked, `url` the service's address.

    Of several key results the worst speaks (with `many: first` the one linked first); with `many: list` the summary
    names all of them. Numbers that are unknown are None, as is all of an item that feeds nothing.
    """
    if not shown:
        return dict.fromkeys(get_args(CardValue))
    foremost = _foremost(shown, many)
    standing, score = foremost.standing, foremost.standing.score
    return {
        "percent": _hundredths(standing.progress),
        "score": _hundredths(score),
        "status": standing.status,
        "current": _number(standing.current),
        "target": _number(standing.target),
        "pace": _hundredths(standing.pace),
        "forecast": None,  # not measured by this version
        "confidence": standing.confidence,
        "summary": _summary(shown, many),
        "objective": _cut(foremost.objective.title, LONGEST),
        "key_result": _cut(foremost.key_result.title, LONGEST),
        "updated": f"{standing.as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "url": page_of(url, foremost.key_result),
    }


def badge_of(shown: Sequence[Shown], many: Many, url: str) -> Badge:
    """The link on the item for at least one key result: to the one that speaks, resolved when all that it shows is done."""
    foremost = _foremost(shown, many)
    others = len(shown) - 1 if many == "list" else 0
    more = f" and {others} more" if others else ""
    speaking = shown if many == "list" else [foremost]
    return Badge(
        url=page_of(url, foremost.key_result),
        title=_cut(foremost.key_result.title, LONGEST - len(more)) + more,
        summary=_summary(shown, many),
        resolved=all(one.standing.status == "done" for one in speaking),
    )


def page_of(url: str, key_result: KeyResult) -> str:
    """The address of a key result's page."""
    return f"{url.rstrip('/')}/key-results/{key_result.id}"


def summary_of(one: Shown) -> str:
    """One line: `62 % · on track · 5.1 → 7.5 / week · by 31 Dec`, or `unknown: why`."""
    standing = one.standing
    if standing.status == "unknown":
        return f"unknown: {standing.reason}"
    end = one.key_result.by or one.objective.cycle.last
    by = f"by {_day(end)}" + ("" if end.year == standing.as_of.year else f" {end.year}")
    return " · ".join(part for part in (_percent(standing), standing.status, _amounts(one), by) if part)


def _foremost(shown: Sequence[Shown], many: Many) -> Shown:
    return shown[0] if many == "first" else min(shown, key=_severity)


def _severity(one: Shown) -> int:
    return SEVERITY.index(one.standing.status)


def _summary(shown: Sequence[Shown], many: Many) -> str:
    if many != "list" or len(shown) == 1:
        return _cut(summary_of(_foremost(shown, many)), LONGEST)
    return _joined(_brief(one) for one in sorted(shown, key=_severity))


def _brief(one: Shown) -> str:
    """`The new checkout is built: 62 % · on track`."""
    told = (_percent(one.standing), one.standing.status)
    return f"{_cut(one.key_result.title, LONGEST)}: {' · '.join(part for part in told if part)}"


def _joined(parts: Iterable[str]) -> str:
    """The parts in one line; those that do not fit are counted."""
    told = list(parts)
    for fitting in range(len(told), 0, -1):
        left = len(told) - fitting
        line = " | ".join((*told[:fitting], f"and {left} more") if left else told)
        if len(line) <= LONGEST:
            return line
    rest = f" | and {len(told) - 1} more"
    return _cut(told[0], LONGEST - len(rest)) + rest


def _amounts(one: Shown) -> str:
    """What was reached of what: counted work, the way of a value, or a value beside the bound that it keeps."""
    standing, work, keep = one.standing, one.standing.work, one.key_result.keep
    current = _plain(standing.current)
    if keep is not None:
        bound = f"keep {keep.comparison} {_with_unit(_plain(keep.quantity.number), keep.quantity.unit)}"
        return f"{_with_unit(current, standing.unit)}, {bound}" if current else bound
    if work is not None and standing.unit == "%" and isinstance(one.key_result.measure, Work):
        return f"{_plain(decimal(work.done))} of {_plain(decimal(work.scope))} {one.key_result.measure.unit}"
    if not current or standing.target is None:
        return ""
    return f"{current} → {_with_unit(_plain(standing.target), standing.unit)}"


def _percent(standing: Standing) -> str:
    percent = _hundredths(standing.progress)
    return "" if percent is None else f"{percent} %"


def _hundredths(share: Fraction | None) -> int | None:
    """A share as a whole percentage, half up."""
    return None if share is None else min(max(floor(share * 100 + Fraction(1, 2)), -LARGEST), LARGEST)


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() and abs(value) <= LARGEST else float(value)


def _plain(value: Decimal | None) -> str:
    """A number as people write it, with at most two decimals, half up; nothing where there is none."""
    if value is None:
        return ""
    hundredths = floor(Fraction(value) * 100 + Fraction(1, 2))
    return f"{decimal(Fraction(hundredths, 100)):f}"


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}".strip()


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _cut(text: str, longest: int) -> str:
    """As much as fits into one line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
