"""Each day as of its end."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from integration.core.kpi.history import history
from integration.core.kpi.language import Now
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known
from integration.core.kpi.windows import Calendar
from tests.core.kpi.random_facts import KPIS, facts
from tests.core.kpi.sentences import BERLIN, NOW, RESTORE, WIP, H, at, incident, item, kpi, shown, state

DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(0, 19, 6)]


@given(facts, st.sampled_from(KPIS))
def test_a_day_is_what_it_was_measured_to_be_at_its_end(every, of):
    calendar = Calendar(of.timezone, of.week_starts)
    ends = [calendar.midnight(day + timedelta(days=1)) for day in DAYS]

    assert history(of, Known.of(every), DAYS) == [measure(of, Known.of(every), end) for end in ends]


def test_the_day_ends_where_the_team_is():
    (day,) = history(kpi(RESTORE, timezone=BERLIN), Known.of([]), [date(2026, 11, 20)])

    assert day.as_of == at("2026-11-20 23:00")


def test_work_was_in_progress_on_the_days_between():
    one = item(
        "1",
        {"created": at("2026-11-01")},
        history=state(("2026-11-02 09:00", "in progress"), ("2026-11-04 09:00", "done")),
    )
    days = [date(2026, 11, day) for day in range(1, 6)]

    assert [day.value for day in history(kpi(WIP, window=Now()), Known.of([one]), days)] == [0, 1, 1, 0, 0]


def test_a_late_fact_changes_the_past_and_a_later_incident_does_not():
    early = incident("1", NOW - 60 * H, NOW - 58 * H)
    late = incident("2", NOW - 59 * H, NOW - 55 * H)
    later = incident("3", NOW - 5 * H, NOW - 4 * H)
    day = [date(2026, 11, 18)]

    def on_that_day(*facts):
        return [shown(one) for one in history(kpi(RESTORE), Known.of(facts), day)]

    assert on_that_day(early) == ["2 h"]
    assert on_that_day(early, later) == ["2 h"]
    assert on_that_day(early, late) == ["3 h"]
