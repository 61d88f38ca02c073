"""What may be expected by a date: by throughput, and along a line."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.forecast import Aim, Forecast, by_throughput, by_trend

TODAY, END = date(2026, 11, 17), date(2026, 12, 31)
UP, DOWN = Aim(Fraction(0), Fraction(100), END), Aim(Fraction(100), Fraction(0), END)


def weeks(*amounts: int, into: int = 0) -> Mapping[date, Fraction]:
    """What was done in the last weeks, the last one first; each on one of its days."""
    return {TODAY - timedelta(days=1 + into + 7 * ago): Fraction(amount) for ago, amount in enumerate(amounts)}


def drawn(amounts: Sequence[int], remaining: int | str, **said: Any) -> Forecast:
    told = {"since": TODAY - timedelta(weeks=len(amounts)), "today": TODAY, "by": END, **said}
    forecast, reason = by_throughput(weeks(*amounts), Fraction(remaining), **told)
    assert forecast is not None, reason
    return forecast


@pytest.mark.parametrize(
    ("amounts", "remaining", "chance", "sure_on"),
    [
        pytest.param((2, 2, 2, 2), 12, 1, date(2026, 12, 28), id="always two a week: twelve take six weeks"),
        pytest.param((2, 2, 2, 2), 13, 0, date(2027, 1, 1), id="the thirteenth comes a day too late"),
        pytest.param((2, 2, 2, 2), 0, 1, TODAY, id="nothing remains"),
        pytest.param((7, 7, 7, 7), 1, 1, TODAY, id="one a day: the last today"),
        pytest.param((7, 7, 7, 7), 45, 1, END, id="one a day: the last on the last day, which counts"),
        pytest.param((7, 7, 7, 7), 46, 0, date(2027, 1, 1), id="one a day: the last on the day after"),
        pytest.param((0, 0, 0, 0), 1, 0, None, id="nothing was done for four weeks: never"),
        pytest.param((1, 0, 0, 0), 400, 0, None, id="not within a year: never"),
        pytest.param((1, 1, 1, 1), "0.5", 1, date(2026, 11, 20), id="half an item takes half a week"),
    ],
)  # fmt: skip
def test_throughput(amounts: Sequence[int], remaining: int | str, chance: int, sure_on: date | None) -> None:
    forecast = drawn(amounts, remaining)

    assert (forecast.chance, forecast.sure_on, forecast.points) == (chance, sure_on, 4)


def test_the_chance_of_one_good_week_among_four() -> None:
    """Four items, one week in four brings four, else none: done within six weeks unless six draws miss, 1 - (3/4)^6."""
    forecast = drawn((0, 4, 0, 0), 4, by=TODAY + timedelta(days=41))

    assert float(forecast.chance) == pytest.approx(1 - 0.75**6, abs=0.03)
    # 1 - (3/4)^6 = 82 %, 1 - (3/4)^7 = 87 %: seven weeks are needed to be sure.
    assert forecast.sure_on == TODAY + timedelta(days=48)


def test_weeks_without_work_count() -> None:
    assert drawn((4, 4, 4, 4, 0, 0), 24).chance < drawn((4, 4, 4, 4), 24).chance


@pytest.mark.parametrize(
    ("since", "by", "reason"),
    [
        pytest.param(TODAY - timedelta(days=27), END, "3 of 4 weeks known", id="the fourth week is not over"),
        pytest.param(TODAY - timedelta(days=14), END, "2 of 4 weeks known", id="two weeks"),
        pytest.param(TODAY, END, "0 of 4 weeks known", id="measured since today"),
        pytest.param(TODAY + timedelta(days=9), END, "0 of 4 weeks known", id="to be measured later"),
        pytest.param(TODAY - timedelta(days=28), date(2028, 1, 1), "its date is more than a year away", id="far ahead"),
    ],
)
def test_why_throughput_tells_nothing(since: date, by: date, reason: str) -> None:
    assert by_throughput(weeks(3, 3, 3, 3), Fraction(5), since=since, today=TODAY, by=by) == (None, reason)


def test_only_known_weeks_are_drawn_from_and_not_today() -> None:
    known = {**weeks(2, 2, 2, 2), TODAY: Fraction(50), TODAY - timedelta(days=29): Fraction(50)}
    forecast, _ = by_throughput(known, Fraction(12), since=TODAY - timedelta(days=30), today=TODAY, by=END)

    assert forecast == drawn((2, 2, 2, 2), 12)


def test_of_a_long_past_the_last_twelve_weeks_count() -> None:
    assert drawn((2,) * 12 + (50,) * 20, 24).points == 12
    assert drawn((2,) * 12 + (50,) * 20, 24).sure_on == drawn((2,) * 12, 24).sure_on


_amounts = st.lists(st.integers(0, 30), min_size=4, max_size=15)


@given(_amounts, st.integers(0, 200), st.integers(0, 100), st.integers(0, 14), st.integers(0, 20))
def test_more_done_never_lowers_the_chance_nor_defers_the_date(
    amounts: list[int], remaining: int, days: int, week: int, more: int
) -> None:
    """What is done in a known week of one and the same scope no longer remains."""
    by, done = TODAY + timedelta(days=days), min(more, remaining)
    better = [amount + done * (place == week % min(len(amounts), 12)) for place, amount in enumerate(amounts)]
    less, more_done = drawn(amounts, remaining, by=by), drawn(better, remaining - done, by=by)

    assert more_done.chance >= less.chance
    assert less.sure_on is None or (more_done.sure_on is not None and more_done.sure_on <= less.sure_on)


@given(_amounts, st.integers(0, 200), st.integers(0, 80), st.integers(0, 80))
def test_a_later_day_never_lowers_the_chance(amounts: list[int], remaining: int, one: int, other: int) -> None:
    sooner, later = (drawn(amounts, remaining, by=TODAY + timedelta(days=days)) for days in sorted((one, other)))

    assert sooner.chance <= later.chance


@given(_amounts, st.integers(0, 200), st.integers(0, 90), st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter_and_twice_is_the_same(
    amounts: list[int], remaining: int, days: int, lot: random.Random
) -> None:
    told = {"since": TODAY - timedelta(weeks=len(amounts)), "today": TODAY, "by": TODAY + timedelta(days=days)}
    days_told = list(weeks(*amounts).items())
    forecast = by_throughput(dict(days_told), Fraction(remaining), **told)
    lot.shuffle(days_told)

    assert by_throughput(dict(days_told), Fraction(remaining), **told) == forecast


@given(_amounts, st.integers(0, 200), st.integers(0, 90))
def test_the_sure_date_agrees_with_the_chance(amounts: list[int], remaining: int, days: int) -> None:
    forecast = drawn(amounts, remaining, by=TODAY + timedelta(days=days))

    assert (forecast.chance >= Fraction(85, 100)) == (forecast.sure_on is not None and forecast.sure_on <= forecast.by)


# --- along a line ---


def values(*told: str, every: int = 7) -> Mapping[date, Fraction]:
    """The last one is yesterday's, the others a week apart."""
    last = TODAY - timedelta(days=1)
    return {last - timedelta(days=every * ago): Fraction(value) for ago, value in enumerate(reversed(told))}


def trend(told: Mapping[date, Fraction], aim: Aim = UP, **said: Any) -> Forecast:
    forecast, reason = by_trend(told, aim, today=TODAY, **said)
    assert forecast is not None, reason
    return forecast


@pytest.mark.parametrize(
    ("told", "aim", "expected", "chance", "crosses_on"),
    [
        pytest.param(("7", "14", "21", "28"), UP, "73", 0, date(2027, 1, 27), id="one a day, which is not enough"),
        pytest.param(("35", "42", "49", "56"), UP, "101", 1, date(2026, 12, 30), id="one a day, which is enough"),
        pytest.param(("34", "41", "48", "55"), UP, "100", 1, END, id="one a day, on the last day"),
        pytest.param(("60", "53", "46", "39"), DOWN, "-6", 1, date(2026, 12, 25), id="down to nothing in time"),
        pytest.param(("70", "70", "70", "70"), UP, "70", 0, None, id="it does not move"),
        pytest.param(("70", "65", "60", "55"), UP, "22.857143", 0, None, id="it leads away"),
        pytest.param(("110", "110", "110", "110"), UP, "110", 1, None, id="it is past the target and stays there"),
        pytest.param(("1", "1.1", "1.2", "1.3"), UP, "1.942857", 0, None, id="it needs more than a year"),
    ],
)  # fmt: skip
def test_a_straight_line(told: Sequence[str], aim: Aim, expected: str, chance: int, crosses_on: date | None) -> None:
    forecast = trend(values(*told), aim)

    assert (forecast.expected, forecast.chance, forecast.crosses_on) == (Decimal(expected), chance, crosses_on)
    assert forecast.low == forecast.expected == forecast.high


def test_the_interval_is_that_of_the_textbook() -> None:
    """By hand: days -4 to -1, values 1, 3, 2, 4. The line is 2.5 + 0.8 (x + 2.5), s² = 1.8 / 2, five days' squares."""
    close = Aim(Fraction(0), Fraction(6), TODAY + timedelta(days=1))
    forecast = trend(values("1", "3", "2", "4", every=1), close)

    error = (0.9 * (1 + 1 / 4 + 3.5**2 / 5)) ** 0.5
    assert forecast.expected == Decimal("5.3")
    assert float(forecast.high - forecast.expected) == pytest.approx(1.8856 * error, abs=1e-3)
    assert float(forecast.expected - forecast.low) == pytest.approx(1.8856 * error, abs=1e-3)
    # Two degrees of freedom: the distribution is 1/2 + t / (2 √(2 + t²)).
    t = (5.3 - 6) / error
    assert float(forecast.chance) == pytest.approx(0.5 + t / (2 * (2 + t * t) ** 0.5), abs=1e-4)


def test_no_value_is_expected_below_what_is_possible() -> None:
    forecast = trend(values("60", "50", "42", "30"), DOWN, least=Fraction(0))

    assert (forecast.expected, forecast.low) == (0, 0)


@pytest.mark.parametrize(
    ("told", "aim", "noun", "reason"),
    [
        pytest.param((), UP, "days", "0 of 4 days known", id="no value"),
        pytest.param(("1", "2", "3"), UP, "check-ins", "3 of 4 check-ins known", id="three check-ins"),
        pytest.param(("1", "2", "3", "4"), UP._replace(by=date(2028, 1, 1)), "days", "its date is more than a year away", id="far ahead"),
    ],
)  # fmt: skip
def test_why_a_line_tells_nothing(told: Sequence[str], aim: Aim, noun: str, reason: str) -> None:
    assert by_trend(values(*told), aim, today=TODAY, noun=noun) == (None, reason)


_values = st.dictionaries(
    st.integers(1, 80).map(lambda ago: TODAY - timedelta(days=ago)),
    st.decimals(-(10**9), 10**9, places=3).map(Fraction),
    min_size=4,
    max_size=20,
)


@given(_values, st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(told: dict[date, Fraction], lot: random.Random) -> None:
    shuffled = list(told.items())
    lot.shuffle(shuffled)

    assert trend(dict(shuffled)) == trend(told)


@given(_values, st.decimals(0, 10**6, places=2).map(Fraction))
def test_higher_values_never_lower_the_chance_of_a_rise(told: dict[date, Fraction], more: Fraction) -> None:
    assert trend({day: value + more for day, value in told.items()}).chance >= trend(told).chance


@given(_values)
def test_up_and_down_are_mirrored(told: dict[date, Fraction]) -> None:
    up, down = trend(told, UP), trend({day: 100 - value for day, value in told.items()}, DOWN)

    assert (up.chance, up.crosses_on) == (down.chance, down.crosses_on)


@given(_values, st.integers(0, 300))
def test_the_value_expected_lies_within_its_interval(told: dict[date, Fraction], days: int) -> None:
    forecast = trend(told, UP._replace(by=TODAY + timedelta(days=days)))

    assert forecast.low <= forecast.expected <= forecast.high
    assert 0 <= forecast.chance <= 1


def test_numbers_of_any_size_have_a_forecast() -> None:
    forecast = trend(values("1e400", "3e400", "2e400", "5e400"), Aim(Fraction(0), Fraction("9e400"), END))

    assert forecast.low < forecast.expected < forecast.high
