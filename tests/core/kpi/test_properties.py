"""What holds for all facts: order, repetition and arrival change nothing, and there is a number or a reason."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.kpi.language import Count, Dates, Kpi, Rolling
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known
from tests.core.kpi.random_facts import KPIS, facts
from tests.core.kpi.sentences import DAY, NOW, choice, kpi, where

some_kpi = st.sampled_from(KPIS)
COUNTS: list[Kpi] = [
    kpi(Count(stream="deployments", where=where(result="success"))),
    kpi(Count(stream="items", at=(choice("created"),))),
    kpi(Count(stream="incidents")),
]


@given(facts, some_kpi, st.randoms())
def test_the_order_of_facts_does_not_matter(every, of, random):
    mixed = random.sample(every, len(every))

    assert measure(of, Known.of(mixed), NOW) == measure(of, Known.of(every), NOW)


@given(facts, some_kpi)
def test_a_fact_that_comes_twice_is_once(every, of):
    assert measure(of, Known.of([*every, *every]), NOW) == measure(of, Known.of(every), NOW)


@given(facts, some_kpi, st.integers(0, 50))
def test_what_happens_later_changes_nothing(every, of, days):
    """Facts of which every moment is yet to come are not seen, whenever they arrived."""
    as_of = NOW - days * DAY
    seen = [one for one in every if _begun(one, as_of)]

    assert measure(of, Known.of(every), as_of) == measure(of, Known.of(seen), as_of)


def _begun(one: Any, as_of: Any) -> bool:
    return not one.moments or any(times[0] < as_of for times in one.moments.values())


@given(facts, st.sampled_from(COUNTS), st.integers(1, 59), st.integers(1, 59))
def test_a_window_may_be_split_and_its_counts_added(every, of, one, other):
    first, last = (NOW.date() - day * DAY for day in (max(one, other), min(one, other)))
    middle = first + (last - first) / 2

    def count(start: Any, end: Any) -> Fraction:
        value = measure(of, Known.of(every), NOW, Dates(start, end)).value
        assert value is not None
        return value

    if middle < last:
        assert count(first, last) == count(first, middle) + count(middle + DAY, last)


@given(facts, st.sampled_from(COUNTS), st.sampled_from(["day", "week", "month", "quarter"]))
def test_parts_of_the_calendar_add_up(every, of, unit):
    of = replace(of, window=Rolling(40, "day"))
    known = Known.of(every)

    assert sum(one.value or 0 for one in measure_groups(of, known, NOW, [unit])) == measure(of, known, NOW).value


@given(facts, some_kpi)
def test_a_number_or_a_reason(every, of):
    for told in (measure(of, Known.of(every), NOW), *measure_groups(of, Known.of(every), NOW, ["week", "service"])):
        assert isinstance(told.value, Fraction) is not bool(told.reason)
        assert told.value is not None or told.meets is None
        assert len(told.counted) == told.samples == len(list(told.counted))
        assert all(told.first <= sample.at <= told.last for sample in told.counted)


@given(facts)
def test_shares_stay_within_100_percent(every):
    for of in KPIS:
        told = measure(of, Known.of(every), NOW)
        if told.unit == "%" and told.value is not None:
            assert 0 <= told.value <= 100


@pytest.mark.parametrize("of", KPIS, ids=lambda of: f"{type(of.measure).__name__} over {type(of.window).__name__}")
def test_no_facts_are_a_number_or_a_reason(of):
    told = measure(of, Known.of([]), NOW)

    assert (told.value == 0 and not told.reason) or (told.value is None and bool(told.reason))
