"""Texts with a form, and what they mean. What they refuse stands in tests/mappings/bad."""

import contextlib
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.quantities import Bound, Quantity, Relative
from mappings import quantities
from mappings.hours import open_hours


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("24", Quantity(Decimal(24))),
        ("010", Quantity(Decimal(10))),
        ("-3.50", Quantity(Decimal("-3.50"))),
        ("50%", Quantity(Decimal(50), "%")),
        ("50 percent", Quantity(Decimal(50), "%")),
        ("5/week", Quantity(Decimal(5), "/ week")),
        ("18  USD", Quantity(Decimal(18), "USD")),
        ("5 e3", Quantity(Decimal(5), "e3")),
        ("7 von 10", Quantity(Decimal(7), "von 10")),
    ],
)
def test_a_quantity_is_a_number_as_written_and_its_unit(written: str, meant: Quantity) -> None:
    assert quantities.quantity(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10", Quantity(Decimal(10))),
        ("+50 %", Relative(Decimal(50), percent=True)),
        ("-30%", Relative(Decimal(-30), percent=True)),
        ("-5 points", Relative(Decimal(-5), percent=False)),
        ("+1 point", Relative(Decimal(1), percent=False)),
    ],
)
def test_a_target_with_a_sign_counts_from_the_start(written: str, meant: object) -> None:
    assert quantities.target(written) == meant


@pytest.mark.parametrize(
    ("written", "comparison", "number", "unit"),
    [
        ("<= 15 %", "<=", 15, "%"),
        (">=7", ">=", 7, ""),
        ("at most 4 h", "<=", 4, "h"),
        ("at least 0", ">=", 0, ""),
        ("< 2", "<", 2, ""),
    ],
)
def test_a_bound_says_a_direction(written: str, comparison: str, number: int, unit: str) -> None:
    bound = quantities.bound(written)

    assert bound == Bound(comparison, Quantity(Decimal(number), unit))  # type: ignore[arg-type] # a table of texts


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("5 s", timedelta(seconds=5)),
        ("90 min", timedelta(minutes=90)),
        ("4h", timedelta(hours=4)),
        ("1 day", timedelta(days=1)),
        ("2 weeks", timedelta(weeks=2)),
        ("6 months", timedelta(days=180)),
        ("1.5 hours", timedelta(minutes=90)),
    ],
)
def test_a_duration_has_a_unit(written: str, meant: timedelta) -> None:
    assert quantities.duration(written) == meant


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("31.12.2026", "write 2026-12-31"),
        ("12/31/2026", "write 2026-12-31"),
        ("31/12/2026", "write 2026-12-31"),
        ("2026/12/31", "write 2026-12-31"),
        ("2026-12-31T00:00", "write 2026-12-31"),
        ("05/06/2026", "write it like 2026-12-31"),
        ("end of year", "write it like 2026-12-31"),
    ],
)
def test_a_date_in_another_order_is_guessed_only_where_one_order_makes_sense(written: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"expected a date, got '{written}'; {hint}"):
        quantities.day(written)


def test_opening_hours_are_as_on_a_door() -> None:
    hours = open_hours("Mon-Thu 08:00-18:00, Fri 8:00-14:00")

    assert hours.days == frozenset(range(5))
    assert open_hours("Sun-Thu 09:00-17:00").days == frozenset({6, 0, 1, 2, 3})


@given(st.text(max_size=40))
def test_whatever_is_no_such_text_is_refused_as_a_value(written: str) -> None:
    for read in (
        quantities.quantity,
        quantities.target,
        quantities.bound,
        quantities.duration,
        quantities.day,
        open_hours,
    ):
        with contextlib.suppress(ValueError):
            read(written)


@given(st.dates())
def test_a_date_is_read_as_it_is_written(day: date) -> None:
    assert quantities.day(day.isoformat()) == day
