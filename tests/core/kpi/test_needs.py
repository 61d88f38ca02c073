"""What a database must give: no more than the window asks for, and the measurement is the same as with all facts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi.language import Count, Now, Number, PushedNumbers, Rate, Rolling
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known
from integration.core.kpi.needs import Need, needs
from tests.core.kpi.random_facts import KPIS, facts
from tests.core.kpi.sentences import DAY, LEAD_TIME, NOW, RESTORE, WIP, at, between, choice, kpi, where


def loaded(need: Need, every: list[DeliveryFact]) -> list[DeliveryFact]:
    """The least that a database may give for a need."""
    ours = [one for one in every if one.stream == need.stream]
    if need.kpis:
        ours = [one for one in ours if one.fields.get("kpi") in need.kpis]
    if need.open:
        ours = [one for one in ours if not _closed(one, need)]
    if not need.moments:
        return ours
    when = {one.id: [time for name in need.moments for time in one.moments.get(name, ())] for one in ours}
    chosen = [
        one
        for one in ours
        if any((need.first is None or need.first <= time) and time < need.last for time in when[one.id])
    ]
    if need.and_before and need.first:
        before = [one for one in ours if any(time < need.first for time in when[one.id])]
        chosen += sorted(before, key=lambda one: max(time for time in when[one.id] if time < need.first))[-1:]
    return list({one.id: one for one in chosen}.values())


def _closed(one: DeliveryFact, need: Need) -> bool:
    states = [state for since, state in one.history.get("state", ()) if since < need.last]
    return bool(states) and states[-1] in ("done", "dropped")


@given(facts, st.sampled_from(KPIS), st.integers(0, 60))
def test_what_is_needed_is_enough(every, of, days):
    as_of = NOW - days * DAY
    wanted = needs(of, as_of)
    known = Known.of([one for need in wanted for one in loaded(need, every)])

    assert measure(of, known, as_of) == measure(of, Known.of(every), as_of)
    assert measure_groups(of, known, as_of, ["week"]) == measure_groups(of, Known.of(every), as_of, ["week"])


@pytest.mark.parametrize(
    ("of", "moments", "first"),
    [
        pytest.param(kpi(LEAD_TIME), {"deployed", "first commit", "started"}, NOW - 28 * DAY, id="a duration by its ends"),
        pytest.param(kpi(RESTORE, window=Rolling(7, "day")), {"opened", "restored"}, NOW - 7 * DAY, id="over a week"),
        pytest.param(
            kpi(Rate(Count(stream="items", at=(choice("done"),)), "week")), {"done"}, NOW - 28 * DAY, id="a count by `at`"
        ),
        pytest.param(
            kpi(between("merged", "deployed", "changes", at=["merged"])), {"merged"}, NOW - 28 * DAY, id="a duration by its start"
        ),
        pytest.param(
            kpi(between("created", "entered In Review or now", "items", at=["created"])), {"created"}, NOW - 28 * DAY,
            id="whoever waits",
        ),
        pytest.param(
            kpi(Number(stream="stays", field="x", at=(choice("left In Review"),)), "sum"), {"left in review"}, NOW - 28 * DAY,
            id="a status, as facts name it",
        ),
    ],
)  # fmt: skip
def test_only_the_window_is_read(of, moments, first):
    (need,) = needs(of, NOW)

    assert (need.moments, need.first, need.last, need.open) == (moments, first, NOW, False)


@pytest.mark.parametrize(
    ("filtered", "only_open"),
    [
        pytest.param(where(state="in progress"), True, id="work in progress"),
        pytest.param(where(state=("to do", "in progress")), True, id="all that is not over"),
        pytest.param(where(open=True), True, id="open"),
        pytest.param(where(open=False), False, id="not open"),
        pytest.param(where(state=("in progress", "done")), False, id="also what is done"),
        pytest.param(where(type="Bug"), False, id="whatever its state"),
    ],
)
def test_now_reads_open_items_where_only_those_can_match(filtered, only_open):
    (need,) = needs(kpi(Count(stream="items", where=filtered), window=Now()), NOW)

    assert (need.open, need.first, need.moments) == (only_open, None, frozenset())


def test_a_number_too_old_is_needed_to_say_so():
    (need,) = needs(kpi(PushedNumbers(), window=Rolling(92, "day")), NOW)

    assert (need.kpis, need.first, need.and_before) == (("kpi",), NOW - timedelta(days=92), True)


def test_which_one_that_is_depends_on_the_filter():
    (need,) = needs(kpi(PushedNumbers(where=where(team="shop"))), NOW)

    assert (need.first, need.and_before) == (None, False)


def test_work_in_progress_is_read_as_of_any_time():
    (need,) = needs(kpi(WIP, window=Now()), at("2026-10-01"))

    assert (need.last, need.open) == (at("2026-10-01"), True)
