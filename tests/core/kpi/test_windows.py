"""Windows in local time: start in, end out, never beyond the moment of measuring."""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from integration.core.kpi.language import Count, Dates, Now, Rolling, This, Whole
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known
from integration.core.kpi.windows import Calendar, Stretch, counted, phrase, shifted
from tests.core.kpi.sentences import BERLIN, DAY, FREQUENCY, NOW, H, at, deployment, kpi, measured

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("window", "zone", "starts", "as_of", "first", "last"),
    [
        pytest.param(Rolling(28, "day"), UTC, 0, "2026-11-20 12:00", "2026-10-23 12:00", "2026-11-20 12:00", id="28 days"),
        pytest.param(
            Rolling(28, "day"), BERLIN, 0, "2026-11-20 12:00", "2026-10-23 11:00", "2026-11-20 12:00",
            id="to the same time of a local day, clocks having changed",
        ),
        pytest.param(Rolling(3, "month"), UTC, 0, "2026-05-31 08:00", "2026-02-28 08:00", "2026-05-31 08:00", id="a shorter month"),
        pytest.param(Rolling(1, "quarter"), UTC, 0, "2026-11-20 12:00", "2026-08-20 12:00", "2026-11-20 12:00", id="a quarter back"),
        pytest.param(Rolling(1, "year"), UTC, 0, "2028-02-29 12:00", "2027-02-28 12:00", "2028-02-29 12:00", id="from a leap day"),
        pytest.param(Rolling(2, "week"), UTC, 0, "2026-11-20 12:00", "2026-11-06 12:00", "2026-11-20 12:00", id="2 weeks"),
        pytest.param(
            Rolling(1, "day"), BERLIN, 0, "2026-03-30 00:30", "2026-03-29 01:30", "2026-03-30 00:30",
            id="the hour that was left out is the one after it",
        ),
        pytest.param(Whole(12, "week"), UTC, 0, "2026-11-20 12:00", "2026-08-24", "2026-11-16", id="12 whole weeks"),
        pytest.param(Whole(1, "week"), UTC, 6, "2026-11-20 12:00", "2026-11-08", "2026-11-15", id="weeks that begin on Sunday"),
        pytest.param(Whole(1, "week"), UTC, 0, "2026-11-23", "2026-11-16", "2026-11-23", id="on Monday the last week is whole"),
        pytest.param(Whole(1, "quarter"), BERLIN, 0, "2026-11-20 12:00", "2026-06-30 22:00", "2026-09-30 22:00", id="1 whole quarter"),
        pytest.param(Whole(2, "month"), UTC, 0, "2026-01-20", "2025-11-01", "2026-01-01", id="months over the year's end"),
        pytest.param(This("week"), UTC, 0, "2026-11-20 12:00", "2026-11-16", "2026-11-20 12:00", id="this week"),
        pytest.param(This("month"), BERLIN, 0, "2026-11-20 12:00", "2026-10-31 23:00", "2026-11-20 12:00", id="this month"),
        pytest.param(This("quarter"), UTC, 0, "2026-11-20 12:00", "2026-10-01", "2026-11-20 12:00", id="this quarter"),
        pytest.param(This("year"), UTC, 0, "2026-11-20 12:00", "2026-01-01", "2026-11-20 12:00", id="this year"),
        pytest.param(
            Dates(date(2026, 7, 1), date(2026, 9, 30)), UTC, 0, "2026-11-20", "2026-07-01", "2026-10-01", id="dates include both days"
        ),
        pytest.param(
            Dates(date(2026, 11, 1), date(2026, 11, 30)), UTC, 0, "2026-11-20", "2026-11-01", "2026-11-20", id="dates not yet over"
        ),
        pytest.param(Now(), UTC, 0, "2026-11-20 12:00", "2026-11-20 12:00", "2026-11-20 12:00", id="now has no length"),
    ],
)  # fmt: skip
def test_windows(window, zone, starts, as_of, first, last):
    stretch = Calendar(zone, starts).stretch(window, at(as_of))

    assert (stretch.first, stretch.last) == (at(first), at(last))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        pytest.param(Rolling(28, "day"), "in 28 days", id="rolling"),
        pytest.param(Rolling(1, "month"), "in 1 month", id="one"),
        pytest.param(Whole(12, "week"), "in 12 whole weeks", id="whole"),
        pytest.param(This("quarter"), "this quarter", id="this"),
        pytest.param(Dates(date(2026, 7, 1), date(2026, 9, 30)), "from 2026-07-01 to 2026-09-30", id="dates"),
        pytest.param(Now(), "now", id="now"),
    ],
)
def test_windows_in_words(window, words):
    assert phrase(window) == words


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 day"), (Fraction(5, 2), "2.5 days"), (Fraction(29, 12), "2.4 days"), (0, "0 days")]
)
def test_numbers_of_days(number, words):
    assert counted(number, "day") == words


def test_no_fact_is_in_two_windows():
    on_the_edge = [deployment("1", at("2026-11-16"))]

    before = kpi(Count(stream="deployments"), window=Dates(date(2026, 11, 9), date(2026, 11, 15)))
    after = kpi(Count(stream="deployments"), window=Dates(date(2026, 11, 16), date(2026, 11, 22)))

    assert (measured(before, on_the_edge), measured(after, on_the_edge)) == ("0", "1")


def test_no_moment_from_the_time_of_measuring_on_is_seen():
    assert measured(kpi(Count(stream="deployments")), [deployment("1", NOW)]) == "0"
    assert measured(kpi(Count(stream="deployments")), [deployment("1", NOW)], NOW + H) == "1"


def test_a_day_of_25_hours_is_one_day():
    calendar = Calendar(BERLIN)
    week = Stretch(calendar.midnight(date(2026, 10, 19)), calendar.midnight(date(2026, 10, 26)))

    assert (week.last - week.first, calendar.days(week)) == (7 * DAY + H, 7)


def test_the_window_of_a_rate_has_local_days():
    facts = [deployment(str(n), at("2026-10-25 12:00")) for n in range(7)]
    of = kpi(FREQUENCY, timezone=BERLIN, window=Dates(date(2026, 10, 19), date(2026, 10, 25)))

    assert measured(of, facts) == "7 / week"


def test_other_days_instead_of_the_window():
    facts = [deployment("1", at("2026-08-31 12:00")), deployment("2", at("2026-09-01 12:00"))]
    start = measure(kpi(FREQUENCY), Known.of(facts), NOW, Dates(date(2026, 8, 18), date(2026, 8, 31)))

    assert (start.value, start.first, start.last) == (Fraction(1, 2), at("2026-08-18"), at("2026-09-01"))


@pytest.mark.parametrize(
    ("day", "number", "unit", "other"),
    [
        (date(2026, 1, 31), 1, "month", date(2026, 2, 28)),
        (date(2026, 1, 15), -1, "month", date(2025, 12, 15)),
        (date(2026, 1, 15), -1, "quarter", date(2025, 10, 15)),
        (date(2026, 1, 15), 2, "week", date(2026, 1, 29)),
    ],
)
def test_days_and_months_later(day, number, unit, other):
    assert shifted(day, number, unit) == other
