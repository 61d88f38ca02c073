"""A KPI by fields and by the calendar."""

from datetime import date

from integration.core.kpi.language import Count, Dates, Now, Ratio, Rolling, Share
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known
from tests.core.kpi.sentences import (
    BERLIN,
    DAY,
    FREQUENCY,
    NOW,
    RESTORE,
    WIP,
    ago,
    at,
    between,
    choice,
    deployment,
    incident,
    item,
    kpi,
    shown,
    state,
    where,
)

COUNT = Count(stream="deployments")
FORTNIGHT = {"window": Dates(date(2026, 11, 2), date(2026, 11, 15))}
FACTS = [
    deployment("1", at("2026-11-02 09:00"), service=("shop",), team=("a",)),
    deployment("2", at("2026-11-03 09:00"), service=("shop", "pay")),
    deployment("3", at("2026-11-09 00:00"), "failed", team=("b",)),
]


def told(of, facts, by=None, as_of=NOW, **how):
    return {
        " ".join(label for _, label in one.group): shown(one)
        for one in measure_groups(of, Known.of(facts, **how), as_of, by)
    }


def test_by_a_field_a_fact_with_several_values_is_in_each():
    assert told(kpi(COUNT, **FORTNIGHT), FACTS, ["service"]) == {"(none)": "1", "pay": "1", "shop": "2"}


def test_the_whole_is_not_their_sum():
    assert measure(kpi(COUNT, by=("service",), **FORTNIGHT), Known.of(FACTS), NOW).value == 3


def test_as_the_kpi_says_unless_asked_otherwise():
    of = kpi(COUNT, by=("team",), **FORTNIGHT)

    assert told(of, FACTS) == {"(none)": "1", "a": "1", "b": "1"}
    assert told(of, FACTS, ["week"]) == {"2026-W45": "2", "2026-W46": "1"}
    assert told(of, FACTS, []) == {"": "3"}


def test_all_weeks_are_there():
    assert told(kpi(COUNT, window=Rolling(28, "day")), FACTS[:1], ["week"]) == {
        "2026-W43": "0",
        "2026-W44": "0",
        "2026-W45": "1",
        "2026-W46": "0",
        "2026-W47": "0",
    }


def test_weeks_begin_where_the_team_says():
    of = kpi(COUNT, week_starts=6, **FORTNIGHT)

    assert told(of, FACTS, ["week"]) == {"2026-11-01": "2", "2026-11-08": "1", "2026-11-15": "0"}


def test_days_are_local():
    of = kpi(COUNT, timezone=BERLIN, window=Dates(date(2026, 11, 8), date(2026, 11, 9)))
    late = deployment("1", at("2026-11-08 23:30"))

    assert told(of, [late], ["day"]) == {"2026-11-08": "0", "2026-11-09": "1"}


def test_months_and_quarters():
    of = kpi(COUNT, window=Dates(date(2026, 9, 15), date(2026, 11, 14)))

    assert told(of, FACTS, ["month"]) == {"2026-09": "0", "2026-10": "0", "2026-11": "3"}
    assert told(of, FACTS, ["quarter"]) == {"2026-Q3": "0", "2026-Q4": "3"}


def test_by_week_and_field():
    assert told(kpi(COUNT, **FORTNIGHT), FACTS, ["week", "service"]) == {
        "2026-W45 pay": "1",
        "2026-W45 shop": "2",
        "2026-W46 (none)": "1",
    }
    assert list(told(kpi(COUNT, **FORTNIGHT), FACTS, ["service", "week"])) == [
        "pay 2026-W45",
        "shop 2026-W45",
        "(none) 2026-W46",
    ]


def test_a_part_of_the_calendar_is_a_window_of_its_own():
    of = kpi(between("opened", "restored", "incidents", at=["opened", "restored"]), window=Rolling(28, "day"))
    over_the_weekend = incident("1", at("2026-11-08 12:00"), at("2026-11-09 12:00"))

    assert shown(measure(of, Known.of([over_the_weekend]), NOW)) == "24 h"
    assert set(told(of, [over_the_weekend], ["week"]).values()) == {
        f"unknown: no incident opened and restored in 2026-W{week}" for week in range(43, 48)
    }


def test_each_has_its_ends_and_its_facts():
    first, second = measure_groups(kpi(COUNT, **FORTNIGHT), Known.of(FACTS), NOW, ["week"])

    assert (first.first, first.last, second.last) == (at("2026-11-02"), at("2026-11-09"), at("2026-11-16"))
    assert [one.fact for one in first.counted] == ["1", "2"]
    assert [one.fact for one in second.counted] == ["3"]


def test_what_has_not_ended_is_in_the_week_in_which_it_began():
    told_ = measure_groups(kpi(RESTORE, **FORTNIGHT), Known.of([incident("1", at("2026-11-03"))]), NOW, ["week"])

    assert [len(one.left_out) for one in told_] == [1, 0]


def test_a_week_that_is_cut_is_too_short_for_a_weekly_rate():
    rates = told(kpi(FREQUENCY), FACTS, ["week"])

    assert rates["2026-W43"] == "unknown: known for 2.5 days; a rate per week needs 7"
    assert rates["2026-W44"] == "0 / week"
    assert rates["2026-W45"] == "2 / week"
    assert rates["2026-W47"] == "unknown: known for 4.5 days; a rate per week needs 7"


def test_weeks_before_anything_was_known_are_not_there():
    since = {"deployments": at("2026-11-09")}

    assert list(told(kpi(COUNT, **FORTNIGHT), FACTS, ["week"], since=since)) == ["2026-W46"]


def test_bounds_judge_the_whole():
    of = kpi(COUNT, target=">= 1", keep="<= 9", **FORTNIGHT)
    whole, part = measure(of, Known.of(FACTS), NOW), measure_groups(of, Known.of(FACTS), NOW, ["week"])[0]

    assert (whole.meets, whole.holds) == (True, True)
    assert (part.meets, part.holds) == (None, None)


def test_both_sides_of_a_ratio_are_split():
    density = Ratio(
        Count(stream="items", where=where(type="Bug"), at=(choice("created"),)),
        Count(stream="items", where=where(type="Story"), at=(choice("done"),)),
    )
    facts = [
        item("1", {"created": ago(5)}, type="Bug", team=("a",)),
        item("2", {"created": ago(5)}, type="Bug", team=("b",)),
        item("3", {"created": ago(900), "done": ago(5)}, team=("a",)),
    ]

    assert told(kpi(density), facts, ["team"]) == {"a": "1", "b": "unknown: no item done in 28 days"}


def test_a_share_by_field():
    failed = Share(stream="deployments", of=where(result="failed"))

    assert told(kpi(failed, **FORTNIGHT), FACTS, ["team"]) == {"(none)": "0 %", "a": "0 %", "b": "100 %"}


def test_what_there_is_now_by_state_and_by_week():
    facts = [item(str(n), {"created": ago(500)}, history=state(("2026-11-10", "in progress"))) for n in range(3)]

    assert told(kpi(WIP, window=Now()), facts, ["state"]) == {"in progress": "3"}
    assert told(kpi(WIP, window=Now()), facts, ["week"]) == {"2026-W47": "3"}


def test_nothing_known_is_one_unknown_without_a_group():
    (told_,) = measure_groups(kpi(COUNT), Known.of([], {"deployments": NOW + DAY}), NOW, ["week"])

    assert (told_.value, told_.group) == (None, ())
