"""What one item shows of the key results that it feeds: a value for every word of a write-back, and a badge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal, TypeAlias, get_args

from integration.core.figures import number
from integration.core.forecast import Forecast
from integration.core.grading import Status
from integration.core.line import decimal
from integration.core.scorecard import CardValue, KeyResult, Measured, Objective, Work
from integration.core.standing import Standing
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
        "forecast": _cut(forecast_of(foremost), LONGEST) or None,
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
    """One line: `62 % · on track · 5.1 → 7.5 / week · by 31 Dec`, or `unknown: why`; and the guardrails that are broken.

    `by` tells when it ends, not when it may be reached: a forecast moves every day, and this line is written at once.
    """
    standing = one.standing
    if standing.status == "unknown":
        return " · ".join(part for part in (f"unknown: {standing.reason}", _broken(standing)) if part)
    by = f"by {_day(one.key_result.by or one.objective.cycle.last, standing)}"
    told = (_percent(standing), standing.status, _amounts(one), by, _broken(standing))
    return " · ".join(part for part in told if part)


def forecast_of(one: Shown) -> str:
    """One line: `78 % chance by 31 Dec at today's scope · 85 % sure by 14 Jan`, or, along a line, `6.8 / week by 31 Dec
    (5.9 to 7.7) · 34 % chance · reaches 7.5 / week on 20 Jan`. Without one `none: why`, and nothing where nobody looked.
    """
    standing, forecast = one.standing, one.standing.forecast
    if forecast is None:
        return f"none: {standing.no_forecast}" if standing.no_forecast else ""
    chance, by = f"{_chance(forecast)} chance", f"by {_day(forecast.by, standing)}"
    if forecast.method == "throughput":
        sure = f"by {_day(forecast.sure_on, standing)}" if forecast.sure_on else "not within a year"
        return f"{chance} {by} at today's scope · 85 % sure {sure}"
    around = f"({_measured(forecast.low)} to {_measured(forecast.high)})"
    target = _with_unit(_of(one, standing.target), standing.unit)
    reaches = f" · reaches {target} on {_day(forecast.crosses_on, standing)}" if forecast.crosses_on else ""
    return f"{_with_unit(_measured(forecast.expected), standing.unit)} {by} {around} · {chance}{reaches}"


def _chance(forecast: Forecast) -> str:
    """A whole percentage. Nothing that is yet to come is certain."""
    percent = floor(forecast.chance * 100 + Fraction(1, 2))
    return "under 1 %" if percent < 1 else "over 99 %" if percent > 99 else f"{percent} %"


def _broken(standing: Standing) -> str:
    return f"guardrail broken: {', '.join(standing.broken_guardrails)}" if standing.broken_guardrails else ""


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
    told = (_percent(one.standing), one.standing.status, _broken(one.standing))
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
    current = _of(one, standing.current)
    if keep is not None:
        bound = f"keep {keep.comparison} {_with_unit(_plain(keep.quantity.number), keep.quantity.unit)}"
        return f"{_with_unit(current, standing.unit)}, {bound}" if current else bound
    if work is not None and standing.unit == "%" and isinstance(one.key_result.measure, Work):
        return f"{_plain(decimal(work.done))} of {_plain(decimal(work.scope))} {one.key_result.measure.unit}"
    if not current or standing.target is None:
        return ""
    return f"{current} → {_with_unit(_of(one, standing.target), standing.unit)}"


def _of(one: Shown, value: Decimal | None) -> str:
    """What people told as they told it, what a KPI measured rounded."""
    return _measured(value) if isinstance(one.key_result.measure, Measured) else _plain(value)


def _measured(value: Decimal | None) -> str:
    """To three significant digits; nothing where there is none."""
    return "" if value is None else number(value)


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


def _with_unit(told: str, unit: str) -> str:
    return f"{told} {unit}".strip()


def _day(day: date, standing: Standing) -> str:
    """Another year than that of today is named."""
    return f"{day.day} {_MONTHS[day.month - 1]}" + ("" if day.year == standing.as_of.year else f" {day.year}")


def _cut(text: str, longest: int) -> str:
    """As much as fits into one line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
