"""The worked examples of the KPI language, word for word."""

import pytest

from integration.core.kpi.language import Count, Number, PushedNumbers, Rolling, Whole
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known
from tests.core.kpi.sentences import (
    CYCLE,
    DAY,
    FAILURE_RATE,
    FREQUENCY,
    LEAD_TIME,
    NOW,
    OFFICE,
    PASSED,
    RESOLVE,
    RESPOND,
    ago,
    at,
    between,
    change,
    deployment,
    item,
    kpi,
    measured,
    pushed,
    suite,
)

SUCCESSES = [deployment(f"s{n}", NOW - (1 + n) * DAY) for n in range(12)] + [
    deployment(f"t{n}", NOW - (15 + n) * DAY) for n in range(11)
]
FAILURES = [deployment("f1", ago(5), "failed"), deployment("f2", ago(500), "failed")]
STAGING = [deployment(f"x{n}", ago(n), environment="staging", production=False) for n in range(1, 41)]
A_MONTH = [*SUCCESSES, *FAILURES, *STAGING]

LEAD = [
    change("a", ago(3), ago(1)),
    change("b", ago(6), ago(2)),
    change("c", ago(13), ago(3)),
    change("d", ago(44), ago(4)),
    change("skewed", ago(4), ago(5)),
]

QUIET = [deployment(f"ok{n}", ago(10 + n), incidents=0) for n in range(17)]
TROUBLE = [
    deployment("failed", ago(1), "failed", incidents=0),
    deployment("blamed", ago(2), incidents=3),
    deployment("rolled back", ago(3), incidents=1, rolled_back=True),
]

ASKED = item("1", {"created": at("2026-10-02 17:00"), "first response": at("2026-10-05 09:45")}, type="Incident")
WAITED = item(
    "1",
    {"created": at("2026-10-05 09:00"), "done": at("2026-10-05 13:00")},
    history={
        "status": (
            (at("2026-10-05 09:00"), "Open"),
            (at("2026-10-05 10:00"), "Waiting for customer"),
            (at("2026-10-05 12:00"), "Open"),
            (at("2026-10-05 13:00"), "Done"),
        )
    },
)
REOPENED = item(
    "1",
    {"started": at("2026-10-05 09:00"), "done": (at("2026-10-07 09:00"), at("2026-10-09 09:00"))},
    undone={"done": [at("2026-10-07 15:00")]},
)
THREE_WEEKS = [
    deployment("1", at("2026-10-26 09:00")),
    deployment("2", at("2026-10-26 15:00")),
    deployment("3", at("2026-10-27 09:00")),
    deployment("4", at("2026-11-11 09:00")),
]
OCTOBER = at("2026-10-20")
HAPPY = [pushed("1", at("2026-09-01"), 7.4)]


@pytest.mark.parametrize(
    ("of", "facts", "as_of", "value"),
    [
        pytest.param(kpi(FREQUENCY), A_MONTH, NOW, "5.75 / week", id="23 production successes in 28 days"),
        pytest.param(kpi(LEAD_TIME), LEAD, NOW, "7 h", id="median lead time of 2, 4, 10 and 40 h"),
        pytest.param(kpi(LEAD_TIME, "p90"), LEAD, NOW, "31 h", id="their p90 is interpolated"),
        pytest.param(kpi(LEAD_TIME, nearest=True), LEAD, NOW, "4 h", id="nearest, the median is the lower middle"),
        pytest.param(kpi(LEAD_TIME, "p90", nearest=True), LEAD, NOW, "40 h", id="nearest, p90 is the last"),
        pytest.param(kpi(FAILURE_RATE), QUIET + TROUBLE, NOW, "15 %", id="3 of 20 deployments failed one way or another"),
        pytest.param(
            kpi(Number(stream="deployments", field="incidents"), "mean"), QUIET + TROUBLE, NOW, "0.2", id="4 incidents on 20"
        ),
        pytest.param(kpi(RESPOND, business=OFFICE), [ASKED], OCTOBER, "64.75 h", id="a weekend by the calendar"),
        pytest.param(
            kpi(between("created", "first response", "items", hours="business"), business=OFFICE),
            [ASKED], OCTOBER, "1.25 h", id="the same in business hours",
        ),
        pytest.param(
            kpi(between("created", "done", "items", paused_in=["Waiting for customer"])), [WAITED], OCTOBER, "2 h",
            id="waiting for the customer does not count",
        ),
        pytest.param(kpi(RESOLVE), [WAITED], OCTOBER, "4 h", id="without pauses it does"),
        pytest.param(kpi(CYCLE, unit="days"), [REOPENED], OCTOBER, "4 days", id="a reopened item ends when it is done again"),
        pytest.param(
            kpi(between("started", "first done", "items"), unit="days"), [REOPENED], OCTOBER, "2 days", id="first done stays"
        ),
        pytest.param(
            kpi(CYCLE), [REOPENED], at("2026-10-08 12:00"), "unknown: no item done in 28 days; 1 not yet done",
            id="between reopening and the second end it is not done",
        ),
        pytest.param(
            kpi(Count(stream="deployments"), "median over weeks of active days", window=Whole(3, "week")),
            THREE_WEEKS, NOW - 4 * DAY, "1", id="median over weeks of active days",
        ),
        pytest.param(
            kpi(Count(stream="deployments"), "mean over weeks of count", window=Whole(3, "week")),
            THREE_WEEKS, NOW - 4 * DAY, "4/3", id="mean over weeks of count",
        ),
        pytest.param(
            kpi(PASSED, unit="%"), [suite("1", ago(1), 90, 100), suite("2", ago(2), 0, 10)], NOW, "900/11 %", id="90 of 110 tests"
        ),
        pytest.param(kpi(FREQUENCY), [], NOW, "0 / week", id="no deployment is none a week"),
        pytest.param(
            kpi(FAILURE_RATE), [], NOW, "unknown: no deployment finished in 28 days", id="but no failure rate"
        ),
        pytest.param(kpi(PushedNumbers(), window=Rolling(92, "day")), HAPPY, NOW, "7.4", id="a number pushed in September"),
        pytest.param(
            kpi(PushedNumbers(), window=Rolling(92, "day")), HAPPY, at("2027-01-10"),
            "unknown: the last value is of 2026-09-01, older than 92 days", id="is too old in January",
        ),
    ],
)  # fmt: skip
def test_worked_examples(of, facts, as_of, value):
    assert measured(of, facts, as_of) == value


def test_a_rate_divides_by_the_time_that_is_known():
    known = Known.of(A_MONTH, since={"deployments": NOW - 14 * DAY})
    fortnight = measure(kpi(FREQUENCY), known, NOW)

    assert (fortnight.value, fortnight.unit) == (6, "/ week")
    assert (fortnight.first, fortnight.last) == (NOW - 14 * DAY, NOW)


def test_a_rate_a_week_needs_a_week():
    known = Known.of(A_MONTH, since={"deployments": NOW - 3 * DAY})

    assert measure(kpi(FREQUENCY), known, NOW).reason == "known for 3 days; a rate per week needs 7"


def test_clock_skew_is_left_out_and_said():
    told = measure(kpi(LEAD_TIME), Known.of(LEAD), NOW)

    assert [(one.fact, one.reason) for one in told.left_out] == [("skewed", "ends before it starts (clock skew)")]
    assert [(one.fact, one.value) for one in told.counted] == [("d", 144000), ("c", 36000), ("b", 14400), ("a", 7200)]
