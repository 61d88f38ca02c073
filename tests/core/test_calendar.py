"""How much may be expected by when."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.calendar import business_days, expected_progress

MONDAY, FRIDAY, NEXT_FRIDAY = date(2026, 10, 5), date(2026, 10, 9), date(2026, 10, 16)
BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = frozenset(range(5))


@pytest.mark.parametrize(
    ("first", "last", "holidays", "days"),
    [
        pytest.param(MONDAY, FRIDAY, (), 5, id="a week"),
        pytest.param(MONDAY, NEXT_FRIDAY, (), 10, id="the weekend is off"),
        pytest.param(MONDAY, FRIDAY, (date(2026, 10, 7),), 4, id="a holiday is off"),
        pytest.param(MONDAY, MONDAY, (), 1, id="one day"),
        pytest.param(FRIDAY, MONDAY, (), 0, id="backwards there are none"),
    ],
)
def test_business_days(first: date, last: date, holidays: tuple[date, ...], days: int) -> None:
    assert business_days(first, last, WEEKDAYS, holidays) == days


AROUND = st.dates(date(2026, 9, 20), date(2026, 11, 20))


@given(AROUND, AROUND, st.frozensets(st.integers(0, 6)), st.lists(AROUND))
def test_business_days_are_those_that_counting_finds(
    first: date, last: date, working_days: frozenset[int], holidays: list[date]
) -> None:
    days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    worked = [day for day in days if day.weekday() in working_days and day not in holidays]

    assert business_days(first, last, working_days, holidays) == len(worked)


@pytest.mark.parametrize(
    ("now", "options", "expected"),
    [
        pytest.param("2026-10-01 12:00", {}, "0", id="nothing before the cycle"),
        pytest.param("2026-10-05 23:59", {}, "0", id="a day owes its share when it is over"),
        pytest.param("2026-10-06 00:00", {}, "1/10", id="at midnight the first day is over"),
        pytest.param("2026-10-11 12:00", {}, "1/2", id="a weekend owes nothing more"),
        pytest.param("2026-10-16 23:59", {}, "9/10", id="the last day still has its evening"),
        pytest.param("2026-10-17 00:00", {}, "1", id="all when the last day is over"),
        pytest.param("2027-01-01 00:00", {}, "1", id="and ever after"),
        pytest.param("2026-10-07 12:00", {"holidays": (MONDAY,)}, "1/9", id="a holiday spreads its share"),
        pytest.param("2026-10-12 12:00", {"ramp": "back-loaded"}, "1/4", id="back-loaded: a quarter is due halfway"),
        pytest.param("2026-10-17 00:00", {"ramp": "back-loaded"}, "1", id="back-loaded: all at the end"),
        pytest.param("2026-10-12 12:00", {"goal": Fraction(7, 10)}, "7/20", id="less is due where less is success"),
        pytest.param("2026-10-07 00:00", {"milestones": [(date(2026, 10, 6), Fraction(1, 2))]}, "1/2", id="a milestone is due when its day ends"),
        pytest.param("2026-10-06 12:00", {"milestones": [(date(2026, 10, 6), Fraction(1, 2))]}, "1/4", id="before a milestone: linear up to it"),
        pytest.param("2026-10-09 00:00", {"milestones": [(date(2026, 10, 6), Fraction(1, 2))]}, "5/8", id="after a milestone: linear to the next"),
        pytest.param("2026-10-07 00:00", {"milestones": [(date(2026, 10, 6), Fraction(1, 5))], "ramp": "back-loaded"}, "1/5", id="milestones say more than a ramp"),
        pytest.param("2026-10-11 12:00", {"milestones": [(date(2026, 10, 10), Fraction(9, 10))]}, "9/10", id="a milestone on a Saturday is due on Sunday"),
        pytest.param("2026-10-12 12:00", {"milestones": [(date(2027, 1, 1), Fraction(9, 10))]}, "1/2", id="a milestone beyond the end says nothing"),
    ],
)  # fmt: skip
def test_expected_progress_over_two_weeks(now: str, options: dict[str, Any], expected: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN)
    settings = {"working_days": WEEKDAYS, "holidays": (), **options}

    assert expected_progress(MONDAY, NEXT_FRIDAY, moment, BERLIN, **settings) == Fraction(expected)


def test_a_cycle_of_a_weekend_counts_all_its_days() -> None:
    sunday_noon = datetime(2026, 10, 11, 12, tzinfo=BERLIN)

    assert expected_progress(date(2026, 10, 10), date(2026, 10, 11), sunday_noon, BERLIN, WEEKDAYS, ()) == Fraction(
        1, 2
    )
