"""Cycles by their names: `2026`, `2026-H2`, `2026-Q4` and `2026-10` need no dates."""

from __future__ import annotations

import re
from datetime import date, timedelta

from integration.core.scorecard import Cycle

NAMED = re.compile(r"(?P<year>[12][0-9]{3})(?:-(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")


def by_name(name: str) -> Cycle | None:
    """The cycle that such a name means by itself."""
    match = NAMED.fullmatch(name)
    if not match:
        return None
    year = int(match["year"])
    if match["half"]:
        return _months(name, year, 6 * int(match["half"]) - 5, 6)
    if match["quarter"]:
        return _months(name, year, 3 * int(match["quarter"]) - 2, 3)
    if match["month"]:
        return _months(name, year, int(match["month"]), 1)
    return _months(name, year, 1, 12)


def _months(name: str, year: int, first: int, months: int) -> Cycle:
    after = date(year + (first + months > 12), (first + months - 1) % 12 + 1, 1)
    return Cycle(name, date(year, first, 1), after - timedelta(days=1))
