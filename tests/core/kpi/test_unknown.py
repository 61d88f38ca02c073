"""Unknown is never 0: which it is, and the sentence that says why."""

from datetime import date

import pytest

from integration.core.delivery.facts import KINDS
from integration.core.kpi.language import Count, Dates, Now, Number, PushedNumbers, Rate, Ratio, Rolling, This, Whole
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known
from tests.core.kpi.random_facts import KPIS
from tests.core.kpi.sentences import (
    DAY,
    FAILURE_RATE,
    FREQUENCY,
    LEAD_TIME,
    NOW,
    PASSED,
    RECOVERY,
    RESTORE,
    WIP,
    ago,
    at,
    between,
    change,
    choice,
    deployment,
    incident,
    item,
    kpi,
    measured,
    pushed,
    shown,
    suite,
    where,
)

COUNT = Count(stream="deployments")
NUMBER = Number(stream="test runs", field="passed")
NO_NUMBER = [suite("1", ago(1), None, 5), suite("2", ago(2), "many", 5)]
NO_NUMBERS = "unknown: no sample of 2 test runs; 2 no number in passed"
OPEN = [incident(str(n), ago(n)) for n in range(1, 4)]
NOT_RESTORED = "unknown: no incident restored in 28 days; 3 not yet restored"
SKEWED = [change("1", ago(1), ago(2)), change("2", None, ago(2)), change("3", None, ago(3))]
SKEW = (
    "unknown: no sample of 3 changes; 1 ends before it starts (clock skew); 2 start not known (first commit or started)"
)
BUGS = Ratio(
    Count(stream="items", where=where(type="Bug"), at=(choice("created"),)),
    Count(stream="items", where=where(type="Story"), at=(choice("done"),)),
)
A_BUG, A_STORY = item("b", {"created": ago(1)}, type="Bug"), item("s", {"created": ago(2), "done": ago(1)})


@pytest.mark.parametrize(
    ("of", "facts", "value"),
    [
        pytest.param(kpi(COUNT), [], "0", id="count: nothing happened"),
        pytest.param(kpi(COUNT, "active days"), [], "0", id="active days: none"),
        pytest.param(kpi(FREQUENCY), [], "0 / week", id="a rate: none a week"),
        pytest.param(kpi(NUMBER, "sum"), [], "0", id="sum: of nothing"),
        pytest.param(kpi(NUMBER, "sum"), NO_NUMBER, NO_NUMBERS, id="sum: of what has no number"),
        pytest.param(kpi(NUMBER, "mean"), NO_NUMBER, NO_NUMBERS, id="mean: of what has no number"),
        pytest.param(kpi(NUMBER, "mean"), [], "unknown: no test run finished in 28 days", id="mean: of nothing"),
        pytest.param(kpi(Rate(NUMBER, "week")), NO_NUMBER, NO_NUMBERS, id="a rate: of what has no number"),
        pytest.param(kpi(RESTORE), OPEN, NOT_RESTORED, id="median: not yet"),
        pytest.param(kpi(RESTORE, "mean"), OPEN, NOT_RESTORED, id="mean: not yet"),
        pytest.param(kpi(RESTORE, "p90"), OPEN, NOT_RESTORED, id="percentile: not yet"),
        pytest.param(kpi(RESTORE, "min"), OPEN, NOT_RESTORED, id="min: not yet"),
        pytest.param(kpi(RESTORE, "max"), OPEN, NOT_RESTORED, id="max: not yet"),
        pytest.param(kpi(RESTORE, "last"), OPEN, NOT_RESTORED, id="last: not yet"),
        pytest.param(kpi(RESTORE, "share <= 4 h"), OPEN, NOT_RESTORED, id="share within a bound: not yet"),
        pytest.param(kpi(RESTORE, "count"), OPEN, "0", id="count of durations: none ended"),
        pytest.param(kpi(LEAD_TIME), SKEWED, SKEW, id="median: each left out, with why"),
        pytest.param(kpi(LEAD_TIME, "count"), SKEWED, SKEW, id="count of durations: each left out"),
        pytest.param(kpi(FAILURE_RATE), [], "unknown: no deployment finished in 28 days", id="share: nothing below the line"),
        pytest.param(kpi(FAILURE_RATE), [deployment("1", ago(1))], "0 %", id="share: nothing above it"),
        pytest.param(kpi(BUGS), [A_BUG], "unknown: no item done in 28 days", id="per: nothing below the line"),
        pytest.param(kpi(BUGS), [A_STORY], "0", id="per: nothing above it"),
        pytest.param(kpi(BUGS), [], "unknown: no item done in 28 days", id="per: nothing at all"),
        pytest.param(
            kpi(PASSED), [suite("1", ago(1), "many", 5)], "unknown: no sample of 1 test run; 1 no number in passed",
            id="per: no number above the line",
        ),
        pytest.param(
            kpi(PASSED), [suite("1", ago(1), 5, None)], "unknown: no sample of 1 test run; 1 no number in run",
            id="per: no number below the line",
        ),
        pytest.param(kpi(COUNT, "mean over weeks of count", window=Whole(2, "week")), [], "0", id="over: an empty bucket counts as 0"),
        pytest.param(
            kpi(RESTORE, "mean over weeks of median", window=Whole(2, "week")), [],
            "unknown: no incident restored in 2 whole weeks", id="over: or is left out, and none is left",
        ),
        pytest.param(
            kpi(COUNT, "mean over service of count"), [], "unknown: no deployment finished in 28 days", id="over: no value of a field",
        ),
        pytest.param(kpi(WIP, window=Now()), [], "0", id="no work in progress is none"),
        pytest.param(
            kpi(between("started", "now", "items"), window=Now()), [], "unknown: no item now", id="and has no age"
        ),
    ],
)  # fmt: skip
def test_zero_or_unknown(of, facts, value):
    assert measured(of, facts) == value


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        pytest.param(kpi(FAILURE_RATE, window=This("quarter")), "no deployment finished this quarter", id="this quarter"),
        pytest.param(
            kpi(FAILURE_RATE, window=Dates(date(2026, 7, 1), date(2026, 9, 30))),
            "no deployment finished from 2026-07-01 to 2026-09-30", id="dates",
        ),
        pytest.param(
            kpi(between("created", "first response", "items")), "no item with a first response in 28 days", id="a moment that is a noun"
        ),
        pytest.param(
            kpi(between("opened", "restored", "incidents", at=["opened", "restored"])),
            "no incident opened and restored in 28 days", id="two moments",
        ),
        pytest.param(kpi(between("created", "entered In Review", "items")), "no item entered In Review in 28 days", id="a status"),
        pytest.param(
            kpi(Number(stream="items", field="x", at=(choice("merged or done"),)), "mean"), "no item merged or done in 28 days", id="a choice"
        ),
        pytest.param(kpi(FAILURE_RATE, window=Dates(date(2027, 1, 1), date(2027, 3, 31))), "the window has not begun by 2026-11-20", id="a window to come"),
    ],
)  # fmt: skip
def test_reasons(of, reason):
    assert measured(of, []) == f"unknown: {reason}"


def test_what_waits_is_told_with_its_window():
    asked = [item("1", {"created": ago(5)})]
    of = kpi(between("created", "first response", "items"))

    assert measured(of, asked) == "unknown: no item with a first response in 28 days; 1 no first response yet"


def test_what_began_before_the_window_and_has_not_ended_is_of_no_window():
    old = incident("1", NOW - 40 * DAY)

    assert measured(kpi(RESTORE), [old]) == "unknown: no incident restored in 28 days"
    assert measured(kpi(RESTORE, window=Rolling(2, "month")), [old]).endswith("1 not yet restored")


# --- at once unknown ---


@pytest.mark.parametrize(
    ("of", "unsaid", "unsaid_fields", "value"),
    [
        pytest.param(kpi(RESTORE), {"incidents": "no rule says what an incident is"}, {}, "unknown: no rule says what an incident is", id="the stream itself"),
        pytest.param(kpi(FAILURE_RATE), {"incidents": "no rule says what an incident is"}, {}, "unknown: no rule says what an incident is", id="no incident rule, no failure rate"),
        pytest.param(kpi(RECOVERY), {"incidents": "no rule says what an incident is"}, {}, "unknown: no rule says what an incident is", id="nor recovery time"),
        pytest.param(kpi(LEAD_TIME), {"deployments": "no rule says what a deployment is"}, {}, "unknown: no rule says what a deployment is", id="nothing deploys a change"),
        pytest.param(kpi(FREQUENCY), {"incidents": "no rule says what an incident is"}, {}, "0 / week", id="a stream that it does not read"),
        pytest.param(
            kpi(Count(stream="deployments", where=where(rework=True))), {}, {("deployments", "rework"): "no rule says what rework is"},
            "unknown: no rule says what rework is", id="a field that it reads",
        ),
        pytest.param(
            kpi(FREQUENCY), {}, {("deployments", "rework"): "no rule says what rework is"}, "0 / week", id="a field that it does not read"
        ),
    ],
)  # fmt: skip
def test_what_nothing_says(of, unsaid, unsaid_fields, value):
    assert measured(of, [], unsaid=unsaid, unsaid_fields=unsaid_fields) == value


@pytest.mark.parametrize("of", KPIS, ids=lambda of: f"{type(of.measure).__name__} over {type(of.window).__name__}")
def test_an_empty_store_knows_nothing(of):
    told = measure(of, Known(), NOW)

    assert told.value is None
    assert told.reason.startswith("nothing is known of ")
    assert (told.meets, told.holds, told.band) == (None, None, "")
    assert [one.value for one in measure_groups(of, Known(), NOW, ["week"])] == [None]


@pytest.mark.parametrize(
    ("since", "value"),
    [
        pytest.param({}, "0", id="a file read alone is complete"),
        pytest.param({"deployments": NOW - 90 * DAY}, "0", id="known all the while"),
        pytest.param({"deployments": NOW - 2 * DAY}, "0", id="known for a part of it"),
        pytest.param({"deployments": NOW}, "unknown: known only since 2026-11-20", id="not known yet"),
        pytest.param({"deployments": NOW + DAY}, "unknown: known only since 2026-11-21", id="known later"),
        pytest.param({"incidents": NOW + DAY}, "0", id="another stream is not known yet"),
    ],
)
def test_known_since(since, value):
    assert measured(kpi(COUNT), [], since=since) == value


def test_nothing_before_that_counts():
    assert (
        measured(kpi(COUNT), [deployment("1", ago(50)), deployment("2", ago(5))], since={"deployments": ago(24)}) == "1"
    )


def test_the_shortest_knowledge_decides():
    since = {"deployments": ago(24), "incidents": ago(10)}
    told = measure(
        kpi(FAILURE_RATE), Known.of([deployment("1", ago(12), "failed"), deployment("2", ago(2))], since), NOW
    )

    assert (told.value, told.first) == (0, ago(10))


@pytest.mark.parametrize(
    ("window", "since", "value"),
    [
        pytest.param(Rolling(28, "day"), 7, "1 / week", id="a week of four"),
        pytest.param(Rolling(28, "day"), 6.5, "unknown: known for 6.5 days; a rate per week needs 7", id="less than a week of four"),
        pytest.param(Rolling(1, "day"), 90, "7 / week", id="a window of one day, all of it known"),
        pytest.param(This("week"), 90, "unknown: known for 4.5 days; a rate per week needs 7", id="this week until Friday"),
        pytest.param(This("month"), 90, "0.358974 / week", id="this month until then"),
        pytest.param(Now(), 90, "unknown: known for 0 days; a rate per week needs 7", id="now has no length"),
    ],
)  # fmt: skip
def test_a_rate_needs_one_of_its_units(window, since, value):
    known = {"deployments": NOW - since * DAY}

    assert measured(kpi(FREQUENCY, window=window), [deployment("1", ago(1))], since=known) == value


def test_work_in_progress_before_anything_was_known():
    assert measured(kpi(WIP, window=Now()), [], since={"items": NOW + DAY}) == "unknown: known only since 2026-11-21"


# --- numbers that are pushed ---


@pytest.mark.parametrize(
    ("aggregate", "window", "facts", "value"),
    [
        pytest.param("last", Rolling(92, "day"), [], "unknown: no value was pushed yet", id="never pushed"),
        pytest.param("sum", Rolling(92, "day"), [], "unknown: no value was pushed yet", id="even a sum is unknown before the first"),
        pytest.param("sum", Rolling(28, "day"), [pushed("1", NOW - 50 * DAY, 7)], "0", id="after it, none is 0"),
        pytest.param(
            "mean", Rolling(28, "day"), [pushed("1", NOW - 50 * DAY, 7)],
            "unknown: the last value is of 2026-10-01, older than 28 days", id="too old",
        ),
        pytest.param(
            "last", This("month"), [pushed("1", NOW - 50 * DAY, 7)], "unknown: the last value is of 2026-10-01, before 2026-11-01", id="of another month"
        ),
        pytest.param("last", Rolling(28, "day"), [pushed("1", ago(1), "high")], "unknown: no sample of 1 value; 1 no number in value", id="no number"),
        pytest.param("last", Rolling(28, "day"), [pushed("1", ago(1), 7, "another")], "unknown: no value was pushed yet", id="another KPI's"),
        pytest.param("last", Rolling(28, "day"), [pushed("1", ago(2), 7), pushed("2", ago(1), 8, "old-name")], "8", id="under its former name"),
    ],
)  # fmt: skip
def test_pushed_numbers(aggregate, window, facts, value):
    assert measured(kpi(PushedNumbers(), aggregate, window=window, was=("old-name",)), facts) == value


def test_unknown_is_drawn_as_a_gap():
    told = measure_groups(kpi(PushedNumbers()), Known.of([pushed("1", at("2026-11-10"), 7)]), NOW, ["week"])

    assert [(one.group[0][1], shown(one)) for one in told] == [
        ("2026-W43", "unknown: no value was pushed yet"),
        ("2026-W44", "unknown: no value was pushed yet"),
        ("2026-W45", "unknown: no value was pushed yet"),
        ("2026-W46", "7"),
        ("2026-W47", "unknown: the last value is of 2026-11-10, before 2026-11-16"),
    ]


def test_all_streams_of_a_file_are_known():
    assert set(Known.of([]).facts) == set(KINDS)
