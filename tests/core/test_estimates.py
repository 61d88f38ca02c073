"""What an item weighs, as its tracker shows it."""

from decimal import Decimal

import pytest

from integration.core.estimates import estimate_of
from integration.core.facts import Value
from tests.core.bookshop import item


@pytest.mark.parametrize(
    ("value", "estimate"),
    [
        (5, "5"),
        (0.1, "0.1"),
        (0, "0"),
        (" 2.50 ", "2.50"),
        (99_999_999_999_999, "99999999999999"),
        (None, None),
        ("", None),
        (True, None),
        (("5",), None),
        ("L", None),
        ("NaN", None),
        ("Infinity", None),
        (1e300, None),
        ("1E+999999999", None),
        ("1E-999999999", None),
    ],
)
def test_an_estimate_is_a_number_of_a_size_that_people_mean(value: Value, estimate: str | None) -> None:
    found = estimate_of(item("SHOP-1", fields={"points": value}), ["points"])

    assert found == (None if estimate is None else Decimal(estimate))


def test_the_first_field_that_holds_a_number_counts() -> None:
    told = item("SHOP-1", fields={"points": None, "estimate": 3})

    assert estimate_of(told, ["points", "estimate"]) == 3
