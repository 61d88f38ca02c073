"""Targets, bounds that must hold, and bands; in the unit that is shown."""

import pytest

from integration.core.kpi.language import Band, Count, PushedNumbers, Rate, Ratio, Rolling, Whole
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known
from tests.core.kpi.sentences import (
    FAILURE_RATE,
    FREQUENCY,
    LEAD_TIME,
    NOW,
    OFFICE,
    ago,
    at,
    between,
    bound,
    change,
    deployment,
    item,
    kpi,
    pushed,
    said,
)

DAILY = [deployment(f"{n}", ago(24 * n + 1), "failed" if n % 10 == 0 else "success") for n in range(28)]
LEADS = [change("1", ago(30), ago(6)), change("2", ago(54), ago(6))]
COUNT = Count(stream="deployments")


@pytest.mark.parametrize(
    ("of", "facts", "value", "meets"),
    [
        pytest.param(kpi(FREQUENCY, target=">= 6 / week"), DAILY, "25/4", True, id="a rate of the same time"),
        pytest.param(kpi(FREQUENCY, target=">= 1 / day"), DAILY, "25/4", False, id="of another time"),
        pytest.param(kpi(FREQUENCY, target=">= 26 / month"), DAILY, "25/4", True, id="a month is 30 days"),
        pytest.param(kpi(FREQUENCY, target=">= 0.9 / week", unit="/ day"), DAILY, "25/28", True, id="shown per day"),
        pytest.param(kpi(FAILURE_RATE, target="<= 15 %"), DAILY, "75/7", True, id="a share in percent"),
        pytest.param(kpi(FAILURE_RATE, target="<= 15"), DAILY, "75/7", True, id="or as it is shown"),
        pytest.param(kpi(Ratio(COUNT, COUNT), target=">= 90 %"), DAILY, "1", True, id="a ratio shown as a number, in percent"),
        pytest.param(kpi(Ratio(COUNT, COUNT), unit="%", target="< 100 %"), DAILY, "100", False, id="shown in percent"),
        pytest.param(kpi(LEAD_TIME, target="<= 2 days"), LEADS, "36", True, id="hours against days"),
        pytest.param(kpi(LEAD_TIME, target="< 36 h", unit="days"), LEADS, "3/2", False, id="days against hours"),
        pytest.param(kpi(LEAD_TIME, target="<= 2160 min"), LEADS, "36", True, id="at the bound"),
        pytest.param(kpi(LEAD_TIME, "share <= 1 days", target=">= 50 %"), LEADS, "50", True, id="the part within a bound"),
        pytest.param(kpi(PushedNumbers(), target=">= 7"), [pushed("1", ago(1), 6.95)], "139/20", False, id="not rounded"),
        pytest.param(kpi(PushedNumbers(), target=">= 7", decimals=1), [pushed("1", ago(1), 6.95)], "7", True, id="rounded before it is judged"),
        pytest.param(kpi(PushedNumbers(), target=">= 2 %", unit="%"), [pushed("1", ago(1), 2)], "2", True, id="a number that is a percentage"),
        pytest.param(kpi(FAILURE_RATE, target="<= 15 %"), [], None, None, id="unknown meets nothing"),
        pytest.param(kpi(FREQUENCY), DAILY, "25/4", None, id="no target"),
    ],
)  # fmt: skip
def test_targets(of, facts, value, meets):
    told = measure(of, Known.of(facts), NOW)

    assert (None if told.value is None else str(told.value), told.meets) == (value, meets)


def test_unknown_breaks_no_bound():
    told = measure(kpi(FAILURE_RATE, keep="<= 15 %"), Known.of([]), NOW)

    assert (told.value, told.holds) == (None, None)


def test_what_must_hold():
    assert measure(kpi(FAILURE_RATE, keep="<= 10 %"), Known.of(DAILY), NOW).holds is False


def test_business_days_in_bounds():
    facts = [item("1", {"created": at("2026-11-13 09:00"), "done": at("2026-11-16 17:30")})]
    answered = between("created", "done", "items", hours="business")

    assert measure(kpi(answered, business=OFFICE, target="<= 2 days"), Known.of(facts), NOW).meets is True
    assert measure(kpi(answered, business=OFFICE, target="< 2 days"), Known.of(facts), NOW).meets is False


def bands(*told: tuple[str, str, str]) -> tuple[Band, ...]:
    return tuple(Band(label, bound(b) if b else None, said(how) if how else None) for label, b, how in told)


DEVLAKE = bands(
    ("elite", ">= 5", ""),
    ("high", ">= 1", ""),
    ("medium", ">= 1", "median over months of active days"),
    ("low", "", ""),
)


@pytest.mark.parametrize(
    ("days", "band"),
    [
        pytest.param([range(2, 27)], "elite", id="nearly daily"),
        pytest.param([[3, 10, 17, 24]], "high", id="weekly"),
        pytest.param([[5], [5], [5]], "medium", id="monthly: the same samples in another way"),
        pytest.param([[5]], "low", id="less"),
        pytest.param([], "low", id="never: 0 is known"),
    ],
)
def test_bands(days, band):
    facts = [
        deployment(f"{month}-{day}", at(f"2026-{11 - month:02}-{day:02}"))
        for month, in_it in enumerate(days, start=1)
        for day in in_it
    ]
    window = Whole(4, "week") if len(days) == 1 and len(days[0]) > 1 else Whole(3, "month")
    of = kpi(COUNT, "median over weeks of active days", window=window, bands=DEVLAKE)

    assert measure(of, Known.of(facts), at("2026-11-02") if window.unit == "week" else NOW).band == band


def test_no_band_for_unknown():
    of = kpi(FAILURE_RATE, bands=bands(("elite", "<= 5 %", ""), ("low", "", "")))

    assert measure(of, Known.of([]), NOW).band == ""


def test_a_band_looks_at_durations_in_another_way():
    of = kpi(
        LEAD_TIME, bands=bands(("fast", "<= 1 days", "max"), ("steady", ">= 50 %", "share <= 1 days"), ("slow", "", ""))
    )

    assert measure(of, Known.of(LEADS), NOW).band == "steady"


def test_no_band_holds():
    of = kpi(Rate(COUNT, "week"), window=Rolling(28, "day"), bands=bands(("elite", ">= 1 / day", "")))

    assert measure(of, Known.of([]), NOW).band == ""
