"""The time between two moments: by the calendar, in business hours, less pauses, cut, and within limits."""

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.kpi.business_time import BusinessClock
from integration.core.kpi.language import BusinessHours
from integration.core.kpi.windows import Calendar
from tests.core.kpi.sentences import (
    BERLIN,
    DAY,
    NOW,
    OFFICE,
    H,
    ago,
    at,
    between,
    change,
    deployment,
    item,
    kpi,
    measured,
    stay,
)

UTC = Calendar(ZoneInfo("UTC"))
HOUR = 3_600_000_000
NIGHTS = BusinessHours(((0, time(22), time(0)), (1, time(0), time(6))))
BROKEN = BusinessHours(((0, time(9), time(13)), (0, time(12), time(14)), (0, time(15), time(17))))
SUMMER_NIGHT = BusinessHours(((5, time(0), time(8)), (6, time(0), time(8))))


@pytest.mark.parametrize(
    ("hours", "calendar", "start", "end", "open_"),
    [
        pytest.param(OFFICE, UTC, "2026-11-16 10:00", "2026-11-16 12:00", 2, id="within a day"),
        pytest.param(OFFICE, UTC, "2026-11-16 17:00", "2026-11-17 10:00", 1.5, id="over night"),
        pytest.param(OFFICE, UTC, "2026-11-13 17:00", "2026-11-16 09:30", 1, id="over a weekend"),
        pytest.param(OFFICE, UTC, "2026-11-14 09:00", "2026-11-15 17:00", 0, id="on a weekend"),
        pytest.param(OFFICE, UTC, "2026-11-16 18:00", "2026-11-16 20:00", 0, id="after hours"),
        pytest.param(OFFICE, UTC, "2026-11-16", "2026-11-23", 42.5, id="a week"),
        pytest.param(OFFICE, UTC, "2025-11-17", "2026-11-16", 52 * 42.5, id="a year"),
        pytest.param(
            replace(OFFICE, holidays=frozenset({date(2026, 11, 16)})), UTC, "2026-11-13 17:00", "2026-11-17 09:30", 1, id="a holiday"
        ),
        pytest.param(OFFICE, Calendar(BERLIN), "2026-11-16 07:00", "2026-11-16 09:00", 1, id="in local time"),
        pytest.param(OFFICE, Calendar(BERLIN), "2026-10-23 14:30", "2026-10-26 09:00", 2, id="over the end of summer time"),
        pytest.param(SUMMER_NIGHT, Calendar(BERLIN), "2026-10-24 12:00", "2026-10-25 12:00", 9, id="a night with an hour more"),
        pytest.param(SUMMER_NIGHT, Calendar(BERLIN), "2026-03-28 12:00", "2026-03-29 12:00", 7, id="a night with an hour less"),
        pytest.param(NIGHTS, UTC, "2026-11-16 12:00", "2026-11-17 12:00", 8, id="until midnight and from it"),
        pytest.param(BROKEN, UTC, "2026-11-16", "2026-11-17", 7, id="hours that overlap count once"),
    ],
)  # fmt: skip
def test_business_time(hours, calendar, start, end, open_):
    assert BusinessClock(hours, calendar).between(at(start), at(end)) == open_ * HOUR


moments = st.integers(-5000, 5000).map(lambda quarters: NOW + quarters * H / 4)


@given(st.lists(st.tuples(moments, moments), min_size=1, max_size=5))
def test_business_time_does_not_depend_on_what_was_asked_before(asked):
    clock = BusinessClock(OFFICE, Calendar(BERLIN))

    for one, other in asked:
        start, end = sorted((one, other))
        middle = start + (end - start) / 2
        assert clock.between(start, end) == BusinessClock(OFFICE, Calendar(BERLIN)).between(start, end)
        assert clock.between(start, end) == clock.between(start, middle) + clock.between(middle, end)


@pytest.mark.parametrize(
    ("hours", "length"),
    [
        pytest.param(OFFICE, 8.5, id="equal days"),
        pytest.param(BusinessHours(((0, time(9), time(17)), (4, time(9), time(13)))), 6, id="the mean of unequal days"),
        pytest.param(BusinessHours(()), 24, id="none"),
        pytest.param(BusinessHours(((0, time(0), time(0)),)), 24, id="all day"),
    ],
)
def test_a_business_day(hours, length):
    assert BusinessClock(hours, UTC).day == length * HOUR


def done(start: str, end: str, **said) -> list:
    return [item("1", {"created": at(start), "done": at(end)}, **said)]


@pytest.mark.parametrize(
    ("said", "facts", "value"),
    [
        pytest.param({"whole": "minutes"}, done("2026-11-16 10:00:00", "2026-11-16 11:00:59"), "1 h", id="whole minutes"),
        pytest.param({"whole": "hours"}, done("2026-11-16 10:00", "2026-11-16 12:59"), "2 h", id="whole hours"),
        pytest.param({"whole": "days"}, done("2026-11-16 23:00", "2026-11-17 01:00"), "24 h", id="whole days subtract dates"),
        pytest.param({"whole": "days"}, done("2026-11-16 01:00", "2026-11-16 23:00"), "0 h", id="none within a day"),
        pytest.param({"only": ">= 1 min"}, done("2026-11-16 10:00", "2026-11-16 11:00"), "1 h", id="within the bound"),
        pytest.param(
            {"only": ">= 1 min"}, done("2026-11-16 10:00:00", "2026-11-16 10:00:59"), "unknown: no sample of 1 item; 1 not within >= 1 min",
            id="not within the bound",
        ),
        pytest.param(
            {"only": ">= 1 min", "whole": "minutes"}, done("2026-11-16 10:00:00", "2026-11-16 10:00:59"),
            "unknown: no sample of 1 item; 1 not within >= 1 min", id="cut before it is compared",
        ),
        pytest.param({}, done("2026-11-16 10:00", "2026-11-16 10:00"), "0 h", id="zero is a duration"),
        pytest.param(
            {}, done("2026-11-16 10:00", "2026-11-16 09:59"), "unknown: no sample of 1 item; 1 ends before it starts (clock skew)",
            id="the end before the start",
        ),
        pytest.param({"hours": "business"}, done("2026-11-13 17:00", "2026-11-16 09:30"), "1 h", id="business hours"),
        pytest.param({"hours": "business", "whole": "days"}, done("2026-11-13 17:00", "2026-11-17 09:30"), "17 h", id="2 business days"),
    ],
)  # fmt: skip
def test_durations(said, facts, value):
    assert measured(kpi(between("created", "done", "items", **said), business=OFFICE), facts) == value


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        pytest.param("", "17 h", id="hours, unless said otherwise"),
        pytest.param("days", "2 days", id="a day is a business day"),
        pytest.param("min", "1020 min", id="minutes"),
        pytest.param("weeks", "0.4 weeks", id="a week is one of business days"),
    ],
)
def test_units_of_business_time(unit, value):
    facts = done("2026-11-13 17:00", "2026-11-17 17:00")

    assert (
        measured(kpi(between("created", "done", "items", hours="business"), business=OFFICE, unit=unit), facts) == value
    )


def test_business_hours_that_nobody_said():
    of = kpi(between("created", "done", "items", hours="business"))

    assert measured(of, done("2026-11-16", "2026-11-17")) == "unknown: nothing says what the business hours are"


STATUSES = {
    "status": (
        (at("2026-11-16 08:00"), "New"),
        (at("2026-11-16 10:00"), "Waiting for customer"),
        (at("2026-11-16 14:00"), "Open"),
        (at("2026-11-16 16:00"), "On hold"),
    )
}


@pytest.mark.parametrize(
    ("paused_in", "hours", "value"),
    [
        pytest.param(["Waiting for customer"], "calendar", "5 h", id="one status"),
        pytest.param(["waiting*", "On hold"], "calendar", "3 h", id="two, the last until the end"),
        pytest.param(["New"], "calendar", "8 h", id="from the start only"),
        pytest.param(["Elsewhere"], "calendar", "9 h", id="none that it was in"),
        pytest.param(["*"], "calendar", "0 h", id="all"),
        pytest.param(["waiting for customer"], "business", "4.5 h", id="of business time business time"),
        pytest.param(["on hold"], "business", "7 h", id="and nothing after hours"),
    ],
)
def test_pauses(paused_in, hours, value):
    facts = done("2026-11-16 09:00", "2026-11-16 18:00", history=STATUSES)
    of = kpi(between("created", "done", "items", paused_in=paused_in, hours=hours), business=OFFICE)

    assert measured(of, facts) == value


def test_whoever_still_waits_counts_where_asked():
    asked = [item("1", {"created": ago(10), "first response": ago(8)}), item("2", {"created": ago(6)})]

    assert measured(kpi(between("created", "first response", "items"), "max"), asked) == "2 h"
    assert measured(kpi(between("created", "first response or now", "items", at=["created"]), "max"), asked) == "6 h"


def test_a_duration_is_in_the_window_by_its_end():
    assert (
        measured(kpi(between("first commit", "deployed", "changes")), [change("1", NOW - 90 * DAY, ago(24))])
        == "2136 h"
    )


def test_or_by_what_is_said():
    both = kpi(between("finished", "recovered", "deployments", at=["finished", "recovered"]))
    long_ago = deployment("1", NOW - 29 * DAY, "failed", recovered=ago(1))
    lately = deployment("2", ago(9), "failed", recovered=ago(1))

    assert measured(both, [long_ago, lately]) == "8 h"


def test_of_several_moments_the_end_may_be_missing():
    both = kpi(between("finished", "recovered", "deployments", at=["finished", "recovered"]))

    assert measured(both, [deployment("1", ago(9), "failed")]) == (
        "unknown: no deployment finished and recovered in 28 days; 1 not yet recovered"
    )


def test_by_its_start_what_has_not_ended_is_in_the_window():
    of = kpi(between("merged", "deployed", "changes", at=["merged"]))

    assert measured(of, [change("1", None, None, when={"merged": ago(5)})]) == (
        "unknown: no sample of 1 change; 1 not yet deployed"
    )


def test_time_in_a_status():
    stays = [stay("1", ago(30), ago(6)), stay("2", ago(30), None)]

    assert measured(kpi(between("entered", "left", "stays")), stays) == "24 h"
