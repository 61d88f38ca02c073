"""Figures as people read them."""

from decimal import Decimal
from fractions import Fraction

import pytest

from integration.core.figures import MINUS, bound, decimally, exactly, figure, number
from integration.core.quantities import Bound, Quantity


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(23, 4), "5.75"),
        (Fraction(1, 3), "0.333"),
        (Fraction(2, 3), "0.667"),
        (Fraction(900, 11), "81.8"),
        (Fraction(259, 4), "64.8"),
        (Fraction(7), "7"),
        (Fraction(0), "0"),
        (Fraction(1234), "1,234"),
        (Fraction(24691, 20), "1,235"),
        (Fraction(1, 3000), "0.000333"),
        (Fraction(9996, 1000), "10"),
        (Fraction(-5, 2), f"{MINUS}2.5"),
        (Fraction(-12345, 10000), f"{MINUS}1.23"),
        (Fraction(12345, 10000), "1.23"),
        (Fraction(1235, 1000), "1.24"),
        (Fraction(1, 10**12), "<0.000000001"),
        (Fraction(-1, 10**12), f">{MINUS}0.000000001"),
        (Fraction(10**20), "100,000,000,000,000,000,000"),
        (Decimal("0.1"), "0.1"),
    ],
    ids=str,
)
def test_three_significant_digits_rounded_exactly(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(Fraction(1235, 100), "12.35"), (Fraction(5), "5")], ids=str)
def test_a_kpi_that_is_rounded_itself_shows_all_its_decimals(value, shown):
    assert number(value, decimals=2) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (Fraction(7), "h", "7 h"),
        (Fraction(15), "%", "15 %"),
        (Fraction(23, 4), "/ week", "5.75 / week"),
        (Fraction(1), "days", "1 day"),
        (Fraction(3, 2), "days", "1.5 days"),
        (Fraction(3), "", "3"),
    ],
    ids=str,
)
def test_units(value, unit, shown):
    assert figure(value, unit) == shown


def test_bounds_are_shown_as_written():
    assert bound(Bound("<=", Quantity(Decimal("12.345"), "%"))) == "<= 12.345 %"
    assert bound(Bound(">=", Quantity(Decimal(5), "/ week"))) == ">= 5 / week"


@pytest.mark.parametrize(
    ("value", "exact", "near"),
    [
        (Fraction(23, 4), "23/4", 5.75),
        (Fraction(7), "7", 7),
        (Fraction(10**400 + 1, 3), str(Fraction(10**400 + 1, 3)), round(Fraction(10**400 + 1, 3))),
        (None, None, None),
    ],
    ids=["a fraction", "a whole number", "more than a float holds", "unknown"],
)
def test_for_programs_exactly_and_near(value, exact, near):
    assert (exactly(value), decimally(value)) == (exact, near)
