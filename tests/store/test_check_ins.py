"""Standings as they are kept."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import orjson
import pytest

from integration.core.forecast import Forecast
from integration.core.standing import Standing, WorkCount
from integration.store.check_ins import dump, load

PLAIN = Standing(
    "checkout.rebuilt",
    datetime(2026, 11, 17, 12, tzinfo=UTC),
    "on track",
    current=Decimal("61.5"),
    progress=Fraction(1, 3),
    work=WorkCount(Fraction(1, 3), Fraction(1), 3, 1, double=("SHOP-7",)),
    broken_guardrails=("margin", "answers"),
    no_forecast="2 of 4 weeks known",
)
DRAWN = Forecast("throughput", date(2026, 12, 31), Fraction(893, 2000), 6, sure_on=date(2027, 1, 14))
LINE = Forecast(
    method="trend",
    by=date(2026, 12, 31),
    chance=Fraction(341, 1000),
    points=9,
    expected=Decimal("6.8"),
    low=Decimal("5.9"),
    high=Decimal("7.7"),
    crosses_on=date(2027, 1, 20),
)


@pytest.mark.parametrize(
    "standing",
    [
        pytest.param(PLAIN, id="without a forecast"),
        pytest.param(replace(PLAIN, forecast=DRAWN, no_forecast=""), id="drawn from throughput"),
        pytest.param(replace(PLAIN, forecast=LINE, no_forecast="", work=None), id="along a line"),
    ],
)
def test_a_standing_is_read_as_it_was_kept(standing: Standing) -> None:
    assert load(dump(standing)) == standing


def test_what_an_earlier_version_kept_is_read() -> None:
    raw = orjson.loads(dump(PLAIN))
    for later in ("forecast", "no_forecast", "broken_guardrails"):
        del raw[later]

    assert load(orjson.dumps(raw).decode()) == replace(PLAIN, no_forecast="", broken_guardrails=())
