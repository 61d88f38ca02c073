"""Which forecast a key result has, and from which of its numbers."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from integration.core.links import Selector
from integration.core.measured import KpiFigure
from integration.core.okr import stand
from integration.core.outlook import foresee
from integration.core.quantities import Bound
from integration.core.scorecard import Count, KeyResult, People
from integration.core.standing import CheckIn, WorkCount
from tests.core.bookshop import Q4, at, key_result, objective, quantity, scorecard

NOW = at("2026-11-17 12:00")
TODAY = NOW.date()
BUILT = key_result("checkout.rebuilt")
BASKETS = key_result("checkout.baskets", People(), start=quantity("68 %"), target=quantity("55 %"))
BUGS = key_result("checkout.bugs", Count(Selector()), start=quantity("42"), target=quantity("10"))


def check_in(one: KeyResult, day: date, value: str | None, origin: Any = "computed") -> CheckIn:
    when = at(f"{day.isoformat()} 09:00")
    return CheckIn(one.id, when, day, None if value is None else Decimal(value), origin)


def measured_since(one: KeyResult, day: date, value: str = "10") -> list[CheckIn]:
    return [check_in(one, day + timedelta(days=number), value) for number in range((TODAY - day).days + 1)]


def foreseen(one: KeyResult, history: list[CheckIn], now: Any = NOW, done_on: Any = None, **facts: Any) -> Any:
    told = objective(one)
    standing = stand(scorecard(told), told, one, history=history, now=now, **facts)
    return foresee(one, Q4, standing, now.date(), history, done_on, facts.get("measured"))


def two_a_week(weeks: int = 6) -> Mapping[date, Fraction]:
    return {TODAY - timedelta(days=3 + 7 * week): Fraction(2) for week in range(weeks)}


def work(done: int, scope: int) -> WorkCount:
    return WorkCount(Fraction(done), Fraction(scope), scope, done)


def test_linked_work_is_drawn_from_its_throughput_since_it_was_measured_first() -> None:
    history = measured_since(BUILT, TODAY - timedelta(days=30))

    forecast, _ = foreseen(BUILT, history, work=work(12, 24), done_on=two_a_week())

    assert (forecast.method, forecast.points, forecast.by) == ("throughput", 4, date(2026, 12, 31))
    assert (forecast.chance, forecast.sure_on) == (1, date(2026, 12, 28))  # twelve left, two a week


def test_a_part_of_the_work_or_an_amount_of_it_is_reached_earlier() -> None:
    half = key_result("checkout.rebuilt", target=quantity("75 %"))
    amount = key_result("checkout.rebuilt", target=quantity("18"))
    history = measured_since(BUILT, TODAY - timedelta(days=30))

    of_scope, _ = foreseen(half, history, work=work(12, 24), done_on=two_a_week())
    of_items, _ = foreseen(amount, history, work=work(12, 24), done_on=two_a_week())

    assert of_scope.sure_on == of_items.sure_on == date(2026, 12, 7)  # six left, two a week


def test_grown_scope_puts_the_end_off() -> None:
    history = measured_since(BUILT, TODAY - timedelta(days=30))

    before, _ = foreseen(BUILT, history, work=work(12, 24), done_on=two_a_week())
    after, _ = foreseen(BUILT, history, work=work(12, 30), done_on=two_a_week())

    assert after.sure_on == before.sure_on + timedelta(weeks=3)


def test_what_people_tell_follows_a_line_and_nothing_that_was_computed_does() -> None:
    history = [check_in(BASKETS, TODAY - timedelta(days=7 * ago), str(60 + ago), "typed") for ago in range(4)]
    stray = check_in(BASKETS, TODAY - timedelta(days=1), "1", "computed")
    last_quarter = check_in(BASKETS, date(2026, 9, 20), "5", "typed")
    unknown = check_in(BASKETS, TODAY - timedelta(days=2), None, "typed")

    forecast, _ = foreseen(BASKETS, sorted([*history, stray, last_quarter, unknown], key=lambda one: one.at))

    assert (forecast.method, forecast.points) == ("trend", 4)
    assert forecast.expected == Decimal("53.714286")  # 60 - 44 / 7
    assert forecast.crosses_on == date(2026, 12, 22)


def test_a_count_follows_the_line_through_its_days_and_now() -> None:
    history = [check_in(BUGS, TODAY - timedelta(days=ago), str(20 + ago)) for ago in range(3)]
    more = [*history, check_in(BUGS, TODAY - timedelta(days=3), "23")]

    assert foreseen(BUGS, sorted(history, key=lambda one: one.at), counted=20) == (None, "3 of 4 days known")
    forecast, _ = foreseen(BUGS, sorted(more, key=lambda one: one.at), counted=20)
    assert (forecast.expected, forecast.crosses_on) == (0, date(2026, 11, 27))  # one a day, and there is no -24th bug


def test_a_kpi_follows_the_line_through_its_days_of_the_cycle() -> None:
    speed = key_result("speed.deploys", People(), start=quantity("1"), target=quantity("7"))
    days = {TODAY - timedelta(days=ago): Fraction(50 - ago, 10) for ago in range(60)}
    figure = KpiFigure(Fraction(5), days=days)

    forecast, _ = foresee(
        speed,
        Q4,
        stand(
            scorecard(objective(speed)),
            objective(speed),
            speed,
            history=[check_in(speed, TODAY, "5", "typed")],
            now=NOW,
        ),
        TODAY,
        measured=figure,
    )

    assert forecast is not None
    assert (forecast.points, forecast.expected) == (48, Decimal("9.4"))  # since 1 October


KEPT = key_result("trust.margin", People(), keep=Bound("<=", quantity("15 %")))


@pytest.mark.parametrize(
    ("one", "facts", "reason"),
    [
        pytest.param(BUILT, {"now": at("2026-09-30")}, "it has not begun", id="before its cycle"),
        pytest.param(BUILT, {"now": at("2027-01-01")}, "it is over", id="after its cycle"),
        pytest.param(key_result("checkout.rebuilt", by=date(2026, 11, 16)), {}, "it is over", id="after its own date"),
        pytest.param(KEPT, {}, "it holds a range, day by day until its end", id="a range"),
        pytest.param(BUILT, {"unknown": "SHOP-1 is being read"}, "SHOP-1 is being read", id="unknown work"),
        pytest.param(BASKETS, {}, "nobody has checked in yet", id="nobody told"),
        pytest.param(BUILT, {"work": work(24, 24), "done_on": two_a_week()}, "its target is reached", id="all is done"),
        pytest.param(BUILT, {"work": work(12, 24), "done_on": two_a_week()}, "0 of 4 weeks known", id="measured for the first time"),
    ],
)  # fmt: skip
def test_why_there_is_none(one: KeyResult, facts: dict[str, Any], reason: str) -> None:
    assert foreseen(one, [], **facts) == (None, reason)


def test_people_who_told_too_little() -> None:
    history = [check_in(BASKETS, TODAY - timedelta(days=ago), "60", "typed") for ago in (2, 1)]

    assert foreseen(BASKETS, history) == (None, "2 of 4 days with a check-in known")
