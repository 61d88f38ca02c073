"""KPIs as files say them: on top of presets and defaults, and what the core measures of them."""

from collections.abc import Iterable
from datetime import date, datetime

import pytest

import mappings
from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi.language import Between, Count, Dates, Kpi, Now, Rate, Ratio, Rolling, This, Whole, Window
from integration.core.scorecard import Measured
from tests.core.kpi.sentences import DAY, NOW, deployment, measured, pushed
from tests.core.kpi.test_worked_examples import (
    A_MONTH,
    ASKED,
    HAPPY,
    LEAD,
    OCTOBER,
    QUIET,
    REOPENED,
    THREE_WEEKS,
    TROUBLE,
    WAITED,
)


def kpis(text: str) -> dict[str, Kpi]:
    """The KPIs of a file that says nothing but them: for that no connection is needed."""
    return dict(mappings.load_texts({"okr.yaml": text}, "okr.yaml").scorecard.kpis)


def kpi(said: str, top: str = "") -> Kpi:
    return kpis(f"{top}\nkpis:\n  a: {said}\n")["a"]


@pytest.mark.parametrize(
    ("said", "facts", "as_of", "value"),
    [
        ("{use: dora/deployment-frequency}", A_MONTH, NOW, "5.75 / week"),
        ("{use: dora/deployment-frequency, where: {environment: '*'}}", A_MONTH, NOW, "15.75 / week"),
        ("{use: dora/deployment-frequency, measure: {per: day}}", A_MONTH, NOW, "0.821429 / day"),
        ("{use: dora/deployment-frequency, unit: / day}", A_MONTH, NOW, "0.821429 / day"),
        ("{use: dora/lead-time}", LEAD, NOW, "7 h"),
        ("{use: dora/lead-time, aggregate: p90}", LEAD, NOW, "31 h"),
        ("{use: dora/lead-time, percentile: nearest}", LEAD, NOW, "4 h"),
        ("{use: dora/lead-time, aggregate: share <= 4 h}", LEAD, NOW, "50 %"),
        ("{use: dora/lead-time, unit: min}", LEAD, NOW, "420 min"),
        ("{use: dora/change-failure-rate}", QUIET + TROUBLE, NOW, "15 %"),
        ("{use: fourkeys/change-failure-rate, where: {changes: '*'}}", QUIET + TROUBLE, NOW, "0.2 incidents per deployment"),
        ("{measure: {number: incidents, of: deployments}, aggregate: mean}", QUIET + TROUBLE, NOW, "0.2"),
        ("{use: sla/time-to-respond, measure: {hours: business}}", [ASKED], OCTOBER, "1.25 h"),
        ("{use: sla/time-to-respond}", [ASKED], OCTOBER, "64.75 h"),
        ("{use: sla/time-to-respond, where: {TYPE: Inc*}}", [ASKED], OCTOBER, "64.75 h"),
        ("{use: sla/time-to-resolve, measure: {paused_in: Waiting for customer}}", [WAITED], OCTOBER, "2 h"),
        ("{use: flow/cycle-time}", [REOPENED], OCTOBER, "4 days"),
        ("{use: flow/cycle-time, measure: {between: [started, first done]}}", [REOPENED], OCTOBER, "2 days"),
        ("{measure: {count: deployments}, aggregate: median over weeks of active days, window: 3 whole weeks}", THREE_WEEKS, NOW - 4 * DAY, "1"),
        ("{measure: {pushed: true}}", HAPPY, NOW, "7.4"),
        ("{use: dora/change-failure-rate}", [], NOW, "unknown: no deployment finished in 28 days"),
        ("{use: dora/deployment-frequency}", [deployment("1", NOW - DAY, "failed")], NOW, "0 / week"),
    ],
)  # fmt: skip
def test_what_is_written_is_measured(said: str, facts: Iterable[DeliveryFact], as_of: datetime, value: str) -> None:
    of = kpi(said.replace("{", "{review: monthly, was: kpi, ", 1), "business_hours: Mon-Fri 09:00-17:30")

    assert measured(of, facts, as_of) == value


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("28 days", Rolling(28, "day")),
        ("1 Year", Rolling(1, "year")),
        ("12  whole weeks", Whole(12, "week")),
        ("1 whole quarter", Whole(1, "quarter")),
        ("this month", This("month")),
        ("2026-07-01..2026-09-30", Dates(date(2026, 7, 1), date(2026, 9, 30))),
        ("now", Now()),
    ],
)
def test_windows(written: str, window: Window) -> None:
    assert kpi(f"{{measure: {{count: deployments}}, window: {written}}}").window == window


def test_left_out_a_window_is_28_days_and_for_pushed_numbers_92() -> None:
    assert kpi("{measure: {count: deployments}}").window == Rolling(28, "day")
    assert kpi("{measure: {pushed: true}}").window == Rolling(92, "day")


def test_itself_wins_over_its_preset_and_that_over_the_defaults_of_its_file() -> None:
    made = kpis("""
kpis:
  defaults: {aggregate: mean, window: 5 days, percentile: nearest, where: {service: shop, Type: Bug}, owner: dana}
  preset: {use: flow/cycle-time}
  own: {use: flow/cycle-time, aggregate: p50, where: {type: Story}}
""")

    by_preset, own = made["preset"], made["own"]
    assert (by_preset.aggregate.fold.name, own.aggregate.fold.rank) == ("percentile", own.aggregate.fold.rank)
    assert float(by_preset.aggregate.fold.rank or 0) == 0.85
    assert float(own.aggregate.fold.rank or 0) == 0.5
    assert (own.window, own.nearest, own.owner) == (Rolling(5, "day"), True, "dana")
    assert isinstance(own.measure, Between)
    tests = {name: [pattern.text for pattern in test.patterns] for name, test in own.measure.where.tests}  # type: ignore[union-attr]
    assert tests == {"service": ["shop"], "type": ["Story"], "level": ["item"]}


def test_defaults_hold_for_their_own_file() -> None:
    files = {
        "okr.yaml": "include: teams/*\nkpis: {defaults: {review: weekly}, a: {use: flow/wip}}",
        "teams/b.yaml": "kpis: {defaults: {review: monthly}, b: {use: flow/wip}}",
    }

    made = mappings.load_texts(files, "okr.yaml").scorecard.kpis

    assert {name: one.review for name, one in made.items()} == {"a": "weekly", "b": "monthly"}


def test_a_measure_of_another_kind_replaces_the_measure_and_what_was_said_of_its_values() -> None:
    made = kpi("{use: flow/cycle-time, measure: {count: {type: Bug}, at: created}, review: weekly}")

    assert isinstance(made.measure, Count)
    assert (made.aggregate.fold.name, made.unit, made.better, made.description) == ("count", "", None, "")
    assert made.measure.where.fields == {"level", "type"}


def test_a_part_of_a_measure_is_said_without_the_rest() -> None:
    defects = kpi("{use: quality/bug-resolution-time, measure: {of: {type: Defect}}, review: weekly}")
    points = kpi(
        "{use: quality/defect-density, review: weekly,"
        " measure: {per: {number: Story Points, of: {type: Story}, at: done}}}"
    )

    assert isinstance(defects.measure, Between)
    assert [test.patterns[0].text for _, test in defects.measure.where.tests] == ["Defect"]  # type: ignore[union-attr]
    assert isinstance(points.measure, Ratio)
    assert points.unit == ""


@pytest.mark.parametrize(
    ("said", "better"),
    [
        ("{use: dora/lead-time, review: weekly}", "lower"),
        ("{use: dora/lead-time, aggregate: share <= 1 day, review: weekly}", None),
        ("{use: sla/time-to-respond, aggregate: share <= 4 h, target: '>= 95 %'}", "higher"),
        ("{measure: {pushed: true}, keep: at most 3}", "lower"),
        ("{measure: {pushed: true}, review: weekly}", None),
        ("{use: dora/rework-rate, review: weekly}", "lower"),
    ],
)
def test_which_way_is_better_follows_from_the_bound_and_is_down_for_durations(said: str, better: str | None) -> None:
    assert kpi(said).better == better


def test_the_title_is_the_preset_s_only_where_the_name_is() -> None:
    made = kpis(
        "kpis: {lead-time: {use: dora/lead-time}, shop-speed: {use: dora/lead-time}, x: {title: X, use: dora/lead-time}}"
    )

    assert {name: one.title for name, one in made.items()} == {
        "lead-time": "Lead time for changes",
        "shop-speed": "shop-speed",
        "x": "X",
    }


def test_time_zone_and_weeks_are_the_file_s_unless_said_otherwise() -> None:
    top = "timezone: Europe/Berlin\nweek_starts: sunday"

    assert (kpi("{use: flow/wip}", top).timezone.key, kpi("{use: flow/wip}", top).week_starts) == ("Europe/Berlin", 6)
    other = kpi("{use: flow/wip, timezone: Asia/Tokyo, week_starts: Monday}", top)
    assert (other.timezone.key, other.week_starts) == ("Asia/Tokyo", 0)


def test_business_hours_know_the_days_off_of_the_past_and_of_the_future() -> None:
    top = "business_hours: Mon-Thu 08:00-18:00, Fri 08:00-15:00\nholidays: DE-BE"

    hours = kpi("{use: sla/time-to-respond, measure: {hours: business}}", top).business

    assert hours is not None
    assert {weekday for weekday, _, _ in hours.spans} == {0, 1, 2, 3, 4}
    assert {date(2015, 12, 25), date(2026, 3, 8), date(2035, 10, 3)} <= hours.holidays
    assert kpi("{use: sla/time-to-respond}", top).business is None


def test_numbers_have_the_unit_of_their_bound_where_nobody_says_one() -> None:
    assert kpi("{measure: {pushed: true}, keep: at most 2 %}").unit == "%"
    assert kpi("{measure: {pushed: true}, target: at least 4 USD}").unit == "USD"
    assert kpi("{use: dora/deployment-frequency, target: at least 1 / day}").unit == "/ week"
    assert isinstance(kpi("{use: dora/deployment-frequency, target: at least 1 / day}").measure, Rate)


def test_a_part_of_pushed_numbers_is_read_under_the_name_of_the_whole() -> None:
    text = """
cycle: 2026-Q4
objectives:
  happy:
    title: Happy
    key_results:
      platform: {title: Platform too, kpi: happiness, where: {team: Platform}, start: 5, target: 8, was: infra}
kpis: {happiness: {measure: {pushed: true}, keep: at least 7, was: mood}}
"""
    ((_, key_result),) = mappings.load_texts({"okr.yaml": text}, "okr.yaml").scorecard.key_results()
    facts = [
        pushed("1", NOW - 2 * DAY, 6, "mood", team="Platform"),
        pushed("2", NOW - DAY, 9, "happiness", team="Shop"),
    ]

    assert isinstance(key_result.measure, Measured)
    part = key_result.measure.kpi
    assert (part.name, part.was, part.keep) == ("happy.platform", ("happy.infra",), None)
    assert measured(part, facts) == "6"


def test_capitals_never_matter() -> None:
    loud = kpi(
        "{measure: {count: Deployments, per: Week}, aggregate: Ratio, window: 12 Whole Weeks, better: Higher, kind: Team Health}"
    )

    assert loud == kpi(
        "{measure: {count: deployments, per: week}, aggregate: ratio, window: 12 whole weeks, better: higher, kind: team health}"
    )
