"""What an item shows of its key results."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pytest

from integration.core.cards import PASSENGERS, Many, Shown, badge_of, card_values, forecast_of, summary_of
from integration.core.forecast import Forecast
from integration.core.okr import Standing, WorkCount
from integration.core.quantities import Bound
from integration.core.scorecard import People, Work
from integration.core.write_back import Badge
from tests.core.bookshop import at, key_result, objective, quantity

HOME = "https://okr.bookshop.example/"


def shown(name: str = "checkout.rebuilt", said: dict[str, Any] | None = None, **standing: Any) -> Shown:
    """A key result of work, 62 % done, unless something else is said."""
    one = key_result(name, **(said or {}))
    counted = WorkCount(done=Fraction(31), scope=Fraction(50), items=50, items_done=31)
    stands = {
        "status": "on track",
        "progress": Fraction(62, 100),
        "expected": Fraction(1, 2),
        "current": Decimal(62),
        "start": Decimal(0),
        "target": Decimal(100),
        "unit": "%",
        "work": counted,
        **standing,
    }
    return Shown(objective(one), one, Standing(key_result=name, as_of=at("2026-11-17 12:00"), **stands))


def people(**standing: Any) -> Shown:
    """Somebody checked in 5.1 a week; 7.5 are wanted."""
    said = {"measure": People(), "start": quantity("1.1 / week"), "target": quantity("7.5 / week")}
    return shown(
        "speed.deploys",
        said,
        **{"current": Decimal("5.1"), "target": Decimal("7.5"), "unit": "/ week", "work": None, **standing},
    )


def test_the_values_of_one_key_result() -> None:
    assert card_values([shown(confidence=7)], "list", HOME) == {
        "percent": 62,
        "score": 62,
        "status": "on track",
        "current": 62,
        "target": 100,
        "pace": 12,
        "forecast": None,
        "confidence": 7,
        "summary": "62 % · on track · 31 of 50 items · by 31 Dec",
        "objective": "Checkout",
        "key_result": "Rebuilt",
        "updated": "2026-11-17 12:00 UTC",
        "url": "https://okr.bookshop.example/key-results/checkout.rebuilt",
    }


@pytest.mark.parametrize(
    ("progress", "percent", "score"),
    [
        pytest.param("0.625", 63, 63, id="half up"),
        pytest.param("0.6249", 62, 62, id="whole"),
        pytest.param("1.2", 120, 100, id="more than all: the score ends at 100"),
        pytest.param("-0.25", -25, 0, id="the wrong way: the score ends at 0"),
        pytest.param("-0.005", 0, 0, id="half up, below nothing too"),
    ],
)
def test_percentages_are_whole(progress: str, percent: int, score: int) -> None:
    values = card_values([shown(progress=Fraction(progress))], "list", HOME)

    assert (values["percent"], values["score"]) == (percent, score)


def test_what_is_unknown_is_empty_and_says_why() -> None:
    unknown = shown(status="unknown", progress=None, current=None, work=None, reason="SHOP-1 is being read")

    values = card_values([unknown], "list", HOME)

    assert {name for name, value in values.items() if value is None} == {
        "percent",
        "score",
        "current",
        "pace",
        "forecast",
        "confidence",
    }
    assert values["status"] == "unknown"
    assert values["summary"] == "unknown: SHOP-1 is being read"


def test_an_item_of_no_key_result_shows_nothing() -> None:
    values = card_values([], "list", HOME)

    assert len(values) == 13
    assert set(values.values()) == {None}


@pytest.mark.parametrize(
    ("one", "line"),
    [
        pytest.param(people(), "62 % · on track · 5.1 → 7.5 / week · by 31 Dec", id="from here to there"),
        pytest.param(people(current=Decimal("5.125")), "62 % · on track · 5.13 → 7.5 / week · by 31 Dec", id="two decimals at most"),
        pytest.param(people(current=Decimal(40), target=Decimal(100), unit=""), "62 % · on track · 40 → 100 · by 31 Dec", id="no unit, no exponent"),
        pytest.param(shown(said={"by": date(2027, 1, 5)}), "62 % · on track · 31 of 50 items · by 5 Jan 2027", id="another year is named"),
        pytest.param(shown(said={"measure": Work("story points")}), "62 % · on track · 31 of 50 story points · by 31 Dec", id="points"),
        pytest.param(
            shown(said={"measure": Work("items"), "target": quantity("40")}, current=Decimal(31), target=Decimal(40), unit="items"),
            "62 % · on track · 31 → 40 items · by 31 Dec",
            id="an amount of work",
        ),
        pytest.param(
            people(current=Decimal(12), target=None, unit="%", progress=Fraction(9, 10)),
            "90 % · on track · by 31 Dec",
            id="no target to show",
        ),
        pytest.param(
            shown("trust.margin", {"measure": People(), "keep": Bound("<=", quantity("15 %"))}, current=Decimal(12), target=None, work=None),
            "62 % · on track · 12 %, keep <= 15 % · by 31 Dec",
            id="a range to hold",
        ),
        pytest.param(
            people(status="not started", progress=None, current=None, reason="nobody has checked in yet"),
            "not started · by 31 Dec",
            id="not started, nothing known",
        ),
        pytest.param(shown(broken_guardrails=("margin", "answers")), "62 % · on track · 31 of 50 items · by 31 Dec · guardrail broken: margin, answers", id="broken guardrails"),
        pytest.param(
            shown(status="unknown", reason="SHOP-1 is being read", broken_guardrails=("margin",)),
            "unknown: SHOP-1 is being read · guardrail broken: margin",
            id="broken guardrails of what is unknown",
        ),
        pytest.param(shown(status="done", progress=Fraction(1)), "100 % · done · 31 of 50 items · by 31 Dec", id="done"),
    ],
)  # fmt: skip
def test_summary(one: Shown, line: str) -> None:
    assert summary_of(one) == line


DRAWN = Forecast("throughput", date(2026, 12, 31), Fraction(1234, 2000), 6, sure_on=date(2027, 1, 14))
LINE = Forecast(
    "trend", date(2026, 12, 31), Fraction(341, 1000), 9,
    expected=Decimal("6.8125"), low=Decimal("5.9"), high=Decimal("7.725"), crosses_on=date(2027, 1, 20),
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "line"),
    [
        pytest.param(shown(forecast=DRAWN), "62 % chance by 31 Dec at today's scope · 85 % sure by 14 Jan 2027", id="by throughput"),
        pytest.param(shown(forecast=replace(DRAWN, chance=Fraction(0), sure_on=None)), "under 1 % chance by 31 Dec at today's scope · 85 % sure not within a year", id="never"),
        pytest.param(shown(forecast=replace(DRAWN, chance=Fraction(1), sure_on=date(2026, 12, 1))), "over 99 % chance by 31 Dec at today's scope · 85 % sure by 1 Dec", id="what is to come is never certain"),
        pytest.param(people(forecast=LINE), "6.81 / week by 31 Dec (5.9 to 7.73) · 34 % chance · reaches 7.5 / week on 20 Jan 2027", id="along a line"),
        pytest.param(people(forecast=replace(LINE, crosses_on=None)), "6.81 / week by 31 Dec (5.9 to 7.73) · 34 % chance", id="a line that leads elsewhere"),
        pytest.param(shown(no_forecast="2 of 4 weeks known"), "none: 2 of 4 weeks known", id="too little is known"),
        pytest.param(shown(), "", id="nobody has looked"),
    ],
)  # fmt: skip
def test_forecast(one: Shown, line: str) -> None:
    assert forecast_of(one) == line
    assert card_values([one], "list", HOME)["forecast"] == (line or None)


def test_a_summary_does_not_move_with_the_forecast() -> None:
    assert summary_of(shown(forecast=DRAWN)) == summary_of(shown())


def test_a_list_tells_of_broken_guardrails() -> None:
    summary = card_values([shown(broken_guardrails=("margin",)), shown("trust.reviews")], "list", HOME)["summary"]

    assert summary == "Rebuilt: 62 % · on track · guardrail broken: margin | Reviews: 62 % · on track"


GOOD = shown("trust.reviews", progress=Fraction(4, 5))
BAD = shown("checkout.rebuilt", status="behind", progress=Fraction(2, 5))
UNKNOWN = shown(
    "trust.nps", status="unknown", progress=None, current=None, work=None, reason="nobody has checked in yet"
)


@pytest.mark.parametrize(
    ("many", "percent", "summary"),
    [
        pytest.param(
            "list",
            40,
            "Rebuilt: 40 % · behind | Nps: unknown | Reviews: 80 % · on track",
            id="the worst speaks, all are listed",
        ),
        pytest.param("worst", 40, "40 % · behind · 31 of 50 items · by 31 Dec", id="the worst"),
        pytest.param("first", 80, "80 % · on track · 31 of 50 items · by 31 Dec", id="the one linked first"),
    ],
)
def test_many_key_results(many: Many, percent: int, summary: str) -> None:
    values = card_values([GOOD, BAD, UNKNOWN], many, HOME)

    assert (values["percent"], values["summary"]) == (percent, summary)


def test_of_equally_bad_ones_the_one_linked_first_speaks() -> None:
    assert card_values([GOOD, shown("trust.other")], "worst", HOME)["key_result"] == "Reviews"


def test_a_list_that_does_not_fit_counts_the_rest() -> None:
    long = [shown(f"checkout.{letter * 70}") for letter in "abcde"]

    summary = card_values(long, "list", HOME)["summary"]

    assert isinstance(summary, str)
    assert len(summary) <= 255
    assert summary.endswith(" | and 3 more")


def test_even_one_title_may_be_too_long() -> None:
    endless = shown(said={"title": "x" * 400})

    summary = card_values([endless, GOOD], "list", HOME)["summary"]
    badge = badge_of([endless, GOOD], "list", HOME)

    assert isinstance(summary, str)
    assert (len(summary), summary[-14:]) == (255, "… | and 1 more")
    assert (len(badge.title), badge.title[-12:]) == (255, "… and 1 more")


@pytest.mark.parametrize(
    ("title", "told"), [("x" * 256, "x" * 254 + "…"), ("Buying a book\n takes less", "Buying a book takes less")]
)
def test_titles_are_told_in_one_line_that_fields_hold(title: str, told: str) -> None:
    one = shown(said={"title": title})
    one = replace(one, objective=replace(one.objective, title=title))

    values = card_values([one], "list", HOME)

    assert (values["objective"], values["key_result"]) == (told, told)
    assert badge_of([one], "list", HOME).title == told


def test_the_badge_of_one() -> None:
    assert badge_of([GOOD], "list", HOME) == Badge(
        url="https://okr.bookshop.example/key-results/trust.reviews",
        title="Reviews",
        summary="80 % · on track · 31 of 50 items · by 31 Dec",
    )


def test_the_badge_of_many() -> None:
    badge = badge_of([GOOD, BAD], "list", HOME)

    assert badge.url == "https://okr.bookshop.example/key-results/checkout.rebuilt"
    assert badge.title == "Rebuilt and 1 more"
    assert badge_of([GOOD, BAD], "worst", HOME).title == "Rebuilt"


def test_a_badge_is_resolved_when_all_that_it_shows_is_done() -> None:
    done = shown("trust.reviews", status="done", progress=Fraction(1))

    assert badge_of([done], "list", HOME).resolved
    assert not badge_of([done, BAD], "list", HOME).resolved
    assert badge_of([done, BAD], "first", HOME).resolved


def test_what_changes_by_itself_is_a_passenger() -> None:
    tomorrow = shown(expected=Fraction(51, 100))
    today = shown()

    before, after = (card_values([one], "list", HOME) for one in (today, tomorrow))

    assert {name for name in before if before[name] != after[name]} <= PASSENGERS


@pytest.mark.parametrize("value", [Decimal(10) ** 300, -(Decimal(10) ** 300)])
def test_no_number_is_larger_than_a_tracker_can_be_told(value: Decimal) -> None:
    told = card_values(
        [shown(current=value, target=value, progress=Fraction(value), expected=Fraction(0))], "list", HOME
    )

    assert orjson.loads(orjson.dumps(told)) == told
    assert abs(told["percent"]) == 2**53
