"""From samples to one number, exactly."""

from fractions import Fraction

import pytest

from integration.core.facts import ItemRef
from integration.core.kpi import folds
from integration.core.kpi.language import Count, Number, PushedNumbers, Rate, Ratio, Rolling, Share, Whole
from tests.core.kpi.sentences import (
    DAY,
    LEAD_TIME,
    NOW,
    ago,
    at,
    change,
    choice,
    deployment,
    item,
    kpi,
    measured,
    pushed,
    suite,
    where,
)

P = Fraction


@pytest.mark.parametrize(
    ("values", "rank", "interpolated", "nearest"),
    [
        pytest.param([2, 4, 10, 40], P(1, 2), 7, 4, id="the median of an even number"),
        pytest.param([2, 4, 10], P(1, 2), 4, 4, id="of an odd number"),
        pytest.param([2, 4, 10, 40], P(9, 10), 31, 40, id="p90"),
        pytest.param([2, 4, 10, 40], P(1), 40, 40, id="p100"),
        pytest.param([2, 4, 10, 40], P(0), 2, 2, id="p0"),
        pytest.param([7], P(85, 100), 7, 7, id="of one value"),
        pytest.param([1, 2], P(1, 3), P(4, 3), 1, id="a third"),
        pytest.param(
            list(range(1, 21)), P(95, 100), P(1905, 100), 19, id="p95 of 20 is the 19th, and no 20th by rounding"
        ),
        pytest.param([P(1, 10), P(2, 10)], P(1, 2), P(3, 20), P(1, 10), id="of fractions"),
    ],
)
def test_percentiles(values, rank, interpolated, nearest):
    assert folds.percentile(values, rank, nearest=False) == interpolated
    assert folds.percentile(values[::-1], rank, nearest=True) == nearest


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [("2.5", 0, 3), ("1.25", 1, "1.3"), ("1.24999", 1, "1.2"), ("-2.5", 0, -2), ("0.005", 2, "0.01"), ("15", 1, 15)],
)
def test_rounding_half_up(value, decimals, shown):
    assert folds.rounded(Fraction(value), decimals) == Fraction(shown)


NUMBERS = [pushed(str(n), ago(100 - n), value) for n, value in enumerate([0.1, 0.2, 5, "2.70", 2])]


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        pytest.param("count", "5", id="count"),
        pytest.param("sum", "10", id="the sum of tenths is exact"),
        pytest.param("mean", "2", id="mean"),
        pytest.param("median", "2", id="median"),
        pytest.param("min", "0.1", id="min"),
        pytest.param("max", "5", id="max"),
        pytest.param("last", "2", id="the newest"),
        pytest.param("share <= 2", "60 %", id="the part within a bound"),
        pytest.param("share > 100", "0 %", id="none within it"),
        pytest.param("active days", "1", id="days with a sample"),
    ],
)
def test_aggregates(aggregate, value):
    assert measured(kpi(PushedNumbers(), aggregate), NUMBERS) == value


CHANGES = [change("1", ago(3), ago(1)), change("2", ago(6), ago(2)), change("3", ago(50), ago(2))]


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        pytest.param("share <= 4 h", "200/3 %", id="within hours"),
        pytest.param("share < 0.5 days", "200/3 %", id="within days"),
        pytest.param("share <= 4", "200/3 %", id="within a plain number of the unit shown"),
        pytest.param("count", "3", id="a count of durations has no unit of time"),
        pytest.param("active days", "1", id="nor have days with one"),
        pytest.param("sum", "54 h", id="their sum has"),
    ],
)
def test_aggregates_of_durations(aggregate, value):
    assert measured(kpi(LEAD_TIME, aggregate), CHANGES) == value


def test_of_equal_times_the_last_is_told_by_its_id():
    same = [pushed("b", ago(1), 2), pushed("a", ago(1), 1)]

    assert measured(kpi(PushedNumbers()), same) == measured(kpi(PushedNumbers()), same[::-1]) == "2"


WEEKS = [
    deployment("1", at("2026-10-26 09:00"), service=("shop",)),
    deployment("2", at("2026-10-26 15:00"), service=("shop", "pay")),
    deployment("3", at("2026-10-27 09:00")),
    deployment("4", at("2026-11-11 09:00"), "failed", service=("pay",)),
]
BY_WEEK = {"window": Whole(3, "week")}
COUNT = Count(stream="deployments")
FAILED = Share(stream="deployments", of=where(result="failed"))


@pytest.mark.parametrize(
    ("measure", "aggregate", "said", "value"),
    [
        pytest.param(COUNT, "median over weeks of active days", BY_WEEK, "1", id="an empty week has 0 active days"),
        pytest.param(COUNT, "max over weeks of count", BY_WEEK, "3", id="the best week"),
        pytest.param(COUNT, "last over weeks of count", BY_WEEK, "1", id="the newest week"),
        pytest.param(COUNT, "share >= 1 over weeks of count", BY_WEEK, "200/3 %", id="weeks with one"),
        pytest.param(COUNT, "count over weeks of count", BY_WEEK, "3", id="weeks"),
        pytest.param(COUNT, "mean over months of count", {"window": Whole(2, "month")}, "1.5", id="real months"),
        pytest.param(COUNT, "count over months of count", BY_WEEK, "2", id="months that the window only touches"),
        pytest.param(COUNT, "count over days of count", {"window": Rolling(28, "day")}, "29", id="days that it cuts"),
        pytest.param(FAILED, "mean over weeks of ratio", BY_WEEK, "50 %", id="an empty week has no share and is left out"),
        pytest.param(COUNT, "max over service of count", BY_WEEK, "2", id="by the values of a field, several of one fact too"),
        pytest.param(COUNT, "count over service of count", BY_WEEK, "3", id="those with facts, and none"),
        pytest.param(Rate(COUNT, "week"), "median over weeks of ratio", BY_WEEK, "1 / week", id="a rate in each week"),
        pytest.param(Rate(COUNT, "day"), "max over weeks of ratio", BY_WEEK, "3/7 / day", id="a day's rate in each week"),
        pytest.param(
            Ratio(Count(stream="deployments", where=where(result="failed")), COUNT), "max over weeks of ratio", BY_WEEK, "1",
            id="totals in each week",
        ),
    ],
)  # fmt: skip
def test_folds_of_folds(measure, aggregate, said, value):
    assert measured(kpi(measure, aggregate, **said), WEEKS) == value


def test_a_number_that_each_team_pushes():
    happiness = [
        pushed("1", NOW - 20 * DAY, 5, team=("shop",)),
        pushed("2", NOW - 10 * DAY, 8, team=("shop",)),
        pushed("3", NOW - 15 * DAY, 6, team=("pay",)),
    ]

    assert measured(kpi(PushedNumbers(), "mean over team of last"), happiness) == "7"


def test_stays_of_one_item_are_folded_first():
    one, other = ItemRef("jira", "1"), ItemRef("jira", "2")
    points = [
        type(deployment("x", NOW))(
            id=str(n), moments={"finished": (ago(n + 1),)}, fields={"production": True, "size": size}, item=ref
        )
        for n, (ref, size) in enumerate([(one, 1), (one, 3), (other, 10), (None, 6)])
    ]

    assert measured(kpi(Number(stream="deployments", field="size"), "median over items of sum"), points) == "6"


def test_a_ratio_of_counts_can_pass_100_percent():
    made = [item(str(n), {"created": ago(n)}, type="Bug") for n in range(1, 4)]
    stories = [item("s", {"created": ago(5000), "done": ago(1)}), item("t", {"created": ago(1), "done": ago(2)})]
    density = Ratio(
        Count(stream="items", where=where(type="Bug"), at=(choice("created"),)),
        Count(stream="items", where=where(type="Story"), at=(choice("done"),)),
    )

    assert measured(kpi(density), made + stories) == "1.5"
    assert measured(kpi(density, unit="%"), made + stories) == "150 %"


def test_a_total_divided_by_a_sum():
    passed = Ratio(Number(stream="test runs", field="passed"), Number(stream="test runs", field="run"))

    assert measured(kpi(passed), [suite("1", ago(1), 1, 4), suite("2", ago(1), 0, 4)]) == "0.125"
    assert measured(kpi(passed), [suite("1", ago(1), 0, 0)]) == "unknown: the total below the line is 0 in 28 days"


@pytest.mark.parametrize(
    ("per", "unit", "value"),
    [
        pytest.param("day", "", "0.25 / day", id="a day"),
        pytest.param("week", "", "1.75 / week", id="a week"),
        pytest.param("month", "", "7.5 / month", id="a month is 30 days"),
        pytest.param("week", "/ day", "0.25 / day", id="shown per another time"),
        pytest.param("day", "deployments", "0.25 deployments", id="shown with another word"),
    ],
)
def test_rates(per, unit, value):
    facts = [deployment(str(n), ago(n + 1)) for n in range(7)]

    assert measured(kpi(Rate(COUNT, per), unit=unit), facts) == value


def test_a_percentage_that_was_pushed_is_one():
    assert measured(kpi(PushedNumbers(), unit="%"), [pushed("1", ago(1), 2)]) == "2 %"
