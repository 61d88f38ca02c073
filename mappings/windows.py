"""Over which time a KPI is measured: `28 days`, `12 whole weeks`, `this quarter`, two dates, or `now`."""

from __future__ import annotations

import re

from integration.core.kpi.language import Dates, Now, Rolling, Span, This, Whole, Window
from mappings import quantities
from mappings.wording import found

LENGTH = re.compile(
    r"(?P<number>[1-9][0-9]{0,3})(?P<whole> whole)? (?P<unit>day|week|month|quarter|year)s?", re.IGNORECASE
)
PRESENT = re.compile(r"this (?P<unit>week|month|quarter|year)", re.IGNORECASE)
FORMS = "write 28 days, 12 whole weeks, this quarter, 2026-07-01..2026-09-30 or now"
DAYS_IN = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
LONGEST = 50 * 365
"""Days; longer than any tracker has been there."""
UNITS: dict[str, Span] = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}


def window(written: str) -> Window:
    """Raises ValueError for what is none."""
    text = " ".join(written.split())
    if text.casefold() == "now":
        return Now()
    if present := PRESENT.fullmatch(text):
        return This(UNITS[present["unit"].casefold()])
    if length := LENGTH.fullmatch(text):
        number, unit = int(length["number"]), UNITS[length["unit"].casefold()]
        if number * DAYS_IN[unit] > LONGEST:
            raise ValueError(f"{found(text)} reaches back behind any facts")
        return Whole(number, unit) if length["whole"] else Rolling(number, unit)
    if ".." in text:
        return _dates(text)
    if text.isdecimal():
        raise ValueError(f"expected a window, got {found(text)}; add a unit: {text} days, {text} whole weeks")
    raise ValueError(f"expected a window, got {found(text)}; {FORMS}")


def _dates(text: str) -> Dates:
    first, _, last = text.partition("..")
    days = Dates(quantities.day(first), quantities.day(last))
    if days.last < days.first:
        raise ValueError(f"{found(text)} ends before it starts")
    return days
