"""Where key results and objectives stand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from integration.core.kpi.language import Aggregate, Fold, Kpi, PushedNumbers
from integration.core.links import Selector
from integration.core.okr import CheckIn, Phase, Standing, WorkCount, roll_up, stand, status_of
from integration.core.quantities import Bound, Relative
from integration.core.scorecard import Count, Grading, Kind, Measured, People, Work
from tests.core.bookshop import at, key_result, objective, quantity, scorecard

# The fourth quarter of 2026 has 66 weekdays; 33 of them are over on Tuesday, 17 November.
HALFWAY = at("2026-11-17 12:00")


def work(done: Any, scope: Any, **said: Any) -> WorkCount:
    return WorkCount(**{"done": Fraction(done), "scope": Fraction(scope), "items": 50, "items_done": 31, **said})


def checked_in(value: str | None, when: str = "2026-11-02", **said: Any) -> CheckIn:
    number = None if value is None else Decimal(value)
    return CheckIn(
        **{"key_result": "shop.nps", "at": at(when), "day": at(when).date(), "value": number, "origin": "typed", **said}
    )


def standing(said: dict[str, Any], **facts: Any) -> Standing:
    """`said` of the key result, `grading` and facts aside."""
    grading = facts.pop("grading", "viva")
    one = key_result("shop.nps", **said)
    card = scorecard(objective(one), grading=grading)
    return stand(card, card.objectives[0], one, **{"now": HALFWAY, **facts})


SPEED = Kpi(name="speed", measure=PushedNumbers(), aggregate=Aggregate(Fold("last")))
NPS = {"measure": People(), "start": quantity("20"), "target": quantity("60")}


@pytest.mark.parametrize(
    ("said", "facts", "progress", "current"),
    [
        pytest.param({"measure": Work("items")}, {"work": work(31, 50)}, "31/50", "62", id="work: the share that is done"),
        pytest.param({"measure": Work("items")}, {"work": work(1, 3)}, "1/3", "33.333333", id="progress is exact, the value is rounded"),
        pytest.param({"measure": Work("items"), "target": quantity("80 %")}, {"work": work(31, 50)}, "31/40", "62", id="work: part of it is enough"),
        pytest.param({"measure": Work("story points"), "target": quantity("40")}, {"work": work(30, 90)}, "3/4", "30", id="work: an amount of its unit"),
        pytest.param(NPS, {"last_check_in": checked_in("30")}, "1/4", "30", id="people: what they checked in"),
        pytest.param(NPS, {"history": [checked_in("30"), checked_in("40", "2026-11-09")]}, "1/2", "40", id="people: the last one"),
        pytest.param(NPS, {"history": [checked_in("40", "2026-11-09"), checked_in("30")]}, "1/2", "40", id="people: in any order"),
        pytest.param(NPS, {"history": [checked_in("30"), checked_in("40", "2026-11-18")]}, "1/4", "30", id="people: none from the future"),
        pytest.param(NPS, {"history": [checked_in("30"), checked_in(None, "2026-11-09", confidence=3)]}, "1/4", "30", id="people: confidence alone changes no value"),
        pytest.param(NPS, {"last_check_in": checked_in("10")}, "-1/4", "10", id="the wrong way is below nothing"),
        pytest.param(NPS, {"last_check_in": checked_in("80")}, "3/2", "80", id="more than the target is above all"),
        pytest.param({**NPS, "start": quantity("42"), "target": quantity("10")}, {"last_check_in": checked_in("34")}, "1/4", "34", id="down, where the target is below the start"),
        pytest.param({**NPS, "target": Relative(Decimal(50), percent=True)}, {"last_check_in": checked_in("25")}, "1/2", "25", id="a target of +50 % of the start"),
        pytest.param({**NPS, "target": Relative(Decimal(-5), percent=False)}, {"last_check_in": checked_in("19")}, "1/5", "19", id="a target 5 points below the start"),
    ],
)  # fmt: skip
def test_progress_is_the_way_gone_of_the_way_to_go(
    said: dict[str, Any], facts: dict[str, Any], progress: str, current: str
) -> None:
    stands = standing(said, **facts)

    assert (stands.progress, stands.current) == (Fraction(progress), Decimal(current))
    assert stands.reason == ""


@pytest.mark.parametrize(
    ("said", "facts", "reason"),
    [
        pytest.param({"measure": Work("items")}, {"unknown": "SHOP-1 is being read"}, "SHOP-1 is being read", id="the work is not all known"),
        pytest.param({"measure": Work("items")}, {}, "its work has not been counted yet", id="not counted"),
        pytest.param({"measure": Work("items")}, {"work": work(0, 0, items=0)}, "no work that counts in this cycle is linked", id="nothing linked"),
        pytest.param({"measure": Work("story points")}, {"work": work(0, 0)}, "the linked work adds up to nothing", id="all estimated at nothing"),
        pytest.param({"measure": Measured(SPEED)}, {}, "speed has not been measured yet", id="not measured yet"),
        pytest.param({**NPS, "measure": Count(Selector())}, {}, "its items have not been counted yet", id="not counted up"),
        pytest.param(NPS, {}, "nobody has checked in yet", id="no check-in"),
        pytest.param(NPS, {"last_check_in": checked_in(None, reason="survey failed")}, "survey failed", id="an unknown that somebody told"),
        pytest.param({**NPS, "start": None}, {"last_check_in": checked_in("30")}, "has no start", id="no start"),
        pytest.param({**NPS, "target": None}, {"last_check_in": checked_in("30")}, "has no target", id="no target"),
        pytest.param({**NPS, "target": quantity("20")}, {"last_check_in": checked_in("30")}, "starts where it ends, at 20", id="no way to go"),
        pytest.param({"measure": People(), "keep": Bound(">=", quantity("7"))}, {"last_check_in": checked_in("8", "2026-09-30")}, "has no value in this cycle yet", id="nothing to hold yet"),
    ],
)  # fmt: skip
def test_unknown_progress_has_a_reason(said: dict[str, Any], facts: dict[str, Any], reason: str) -> None:
    stands = standing(said, **facts)

    assert (stands.progress, stands.score, stands.pace, stands.status, stands.reason) == (
        None,
        None,
        None,
        "unknown",
        reason,
    )


def test_expected_progress_and_pace() -> None:
    stands = standing(NPS, last_check_in=checked_in("30"))

    assert (stands.expected, stands.pace, stands.score) == (Fraction(1, 2), Fraction(-1, 4), Fraction(1, 4))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({}, "1/2", id="linear"),
        pytest.param({"ramp": "back-loaded"}, "1/4", id="back-loaded"),
        pytest.param({"kind": "aspirational"}, "7/20", id="aspirational: 0.7 at the end"),
        pytest.param(
            {"milestones": ((date(2026, 11, 16), quantity("30")),)}, "1/4", id="a milestone is a value on the way"
        ),
        pytest.param({"by": date(2026, 11, 16)}, "1", id="its own deadline"),
        pytest.param(
            {"milestones": ((date(2026, 11, 16), quantity("30")),), "start": None}, None, id="a milestone on no way"
        ),
    ],
)
def test_what_is_expected(said: dict[str, Any], expected: str | None) -> None:
    assert standing({**NPS, **said}, last_check_in=checked_in("30")).expected == (expected and Fraction(expected))


BUGS = {"measure": Count(Selector()), "target": quantity("10")}


def computed(value: str | None, when: str) -> CheckIn:
    return checked_in(value, when, origin="computed")


@pytest.mark.parametrize(
    ("said", "history", "way"),
    [
        pytest.param({"start": quantity("42")}, [], ("42", "34", "10", "1/4"), id="from where the mapping says"),
        pytest.param({}, [computed("50", "2026-10-03")], ("50", "34", "10", "2/5"), id="else from the first count in the cycle"),
        pytest.param({}, [computed("90", "2026-09-30"), computed("50", "2026-10-03")], ("50", "34", "10", "2/5"), id="not from one before it"),
        pytest.param({}, [computed(None, "2026-10-01"), computed("50", "2026-10-03")], ("50", "34", "10", "2/5"), id="nor from a day on which it was unknown"),
        pytest.param({}, [checked_in("90", "2026-10-01"), computed("50", "2026-10-03")], ("50", "34", "10", "2/5"), id="nor from what somebody typed"),
        pytest.param({}, [], ("34", "34", "10", "0"), id="on the first day from the count of now"),
        pytest.param({}, [computed("50", "2026-11-17 08:00")], ("34", "34", "10", "0"), id="which takes the place of that morning's"),
        pytest.param({"target": Relative(Decimal(-50), percent=True)}, [computed("50", "2026-10-03")], ("50", "34", "25", "16/25"), id="half of the first count"),
    ],
)  # fmt: skip
def test_a_count_goes_from_its_start_to_its_target(
    said: dict[str, Any], history: list[CheckIn], way: tuple[str, str, str, str]
) -> None:
    stands = standing({**BUGS, **said}, counted=34, history=history)

    *ends, progress = way
    assert (stands.start, stands.current, stands.target) == tuple(map(Decimal, ends))
    assert (stands.progress, stands.unit, stands.reason) == (Fraction(progress), "items", "")


def test_a_count_says_its_own_unit_and_begins_with_the_cycle() -> None:
    assert standing({**BUGS, "target": quantity("10 bugs")}, counted=34).unit == "bugs"
    before = standing(BUGS, counted=34, now=at("2026-09-30"))
    assert (before.start, before.current, before.progress) == (None, Decimal(34), None)
    assert before.reason == "begins with its first count in the cycle"


def test_to_hold_a_range_is_the_share_of_days_on_which_it_held() -> None:
    held = {"measure": People(), "keep": Bound("<=", quantity("15 %"))}
    days = [
        checked_in("99", "2026-09-30"),
        checked_in("20", "2026-10-01 08:00"),
        checked_in("10", "2026-10-01 18:00"),
        checked_in("16", "2026-10-02"),
        checked_in(None, "2026-10-03", reason="no deployment"),
        checked_in("15", "2026-10-04", origin="computed"),
        checked_in("15", "2026-10-05"),
    ]

    stands = standing(held, history=days)

    assert (stands.progress, stands.expected, stands.current, stands.unit) == (
        Fraction(3, 4),
        Fraction(1),
        Decimal(15),
        "%",
    )


def test_confidence_is_what_people_told_last() -> None:
    told = [
        checked_in(None, "2026-10-01", confidence=7),
        checked_in(None, "2026-10-02", confidence=4),
        checked_in("1", "2026-10-03", origin="field"),
        checked_in("62", "2026-10-04", origin="computed"),
    ]

    assert standing({"measure": Work("items")}, work=work(31, 50), history=told).confidence == 4
    assert standing({"measure": Work("items")}, work=work(31, 50)).confidence is None


@pytest.mark.parametrize(
    ("now", "value", "closed", "status"),
    [
        pytest.param("2026-09-30 12:00", "60", False, "not started", id="before its first day"),
        pytest.param("2026-11-16 12:00", "60", False, "done", id="done as soon as the target is reached"),
        pytest.param("2026-12-31 23:00", "59", False, "behind", id="the last day is still in the cycle"),
        pytest.param("2027-01-01 00:00", "59", False, "missed", id="missed when it is over"),
        pytest.param("2027-01-01 00:00", "60", False, "done", id="done when it is over"),
        pytest.param("2026-11-16 12:00", "59", True, "missed", id="a closed cycle is over"),
    ],
)
def test_status_follows_the_calendar(now: str, value: str, closed: bool, status: str) -> None:
    assert standing(NPS, now=at(now), last_check_in=checked_in(value, "2026-09-01"), closed=closed).status == status


@pytest.mark.parametrize(
    ("grading", "progress", "expected", "status"),
    [
        pytest.param("viva", "0.5", "0.5", "on track", id="viva: as expected"),
        pytest.param("viva", "0.49", "0.5", "behind", id="viva: less than expected"),
        pytest.param("viva", "0.375", "0.5", "behind", id="viva: 25 % less"),
        pytest.param("viva", "0.374", "0.5", "at risk", id="viva: even less"),
        pytest.param("viva", "0", "0", "on track", id="viva: nothing is due yet"),
        pytest.param("viva", "-0.1", "0", "at risk", id="viva: the wrong way"),
        pytest.param("google", "0.35", "0.5", "on track", id="google: 0.7 of it"),
        pytest.param("google", "0.34", "0.5", "behind", id="google: less"),
        pytest.param("google", "0.2", "0.5", "behind", id="google: 0.4 of it"),
        pytest.param("google", "0.19", "0.5", "at risk", id="google: even less"),
        pytest.param("atlassian", "0.35", "0.5", "on track", id="atlassian: 0.7 of it"),
        pytest.param("atlassian", "0.19", "0.5", "at risk", id="atlassian: less than 0.4"),
        pytest.param("tability", "0.36", "0.5", "on track", id="tability: above 70 %"),
        pytest.param("tability", "0.35", "0.5", "behind", id="tability: 70 % is not above it"),
        pytest.param("tability", "0.25", "0.5", "behind", id="tability: 50 %"),
        pytest.param("tability", "0.24", "0.5", "at risk", id="tability: less"),
        pytest.param("tability", "0", "0", "on track", id="tability: nothing is due yet"),
    ],
)
def test_gradings(grading: Grading, progress: str, expected: str, status: str) -> None:
    assert status_of(Fraction(progress), Fraction(expected), grading, "committed") == status


@pytest.mark.parametrize(
    ("progress", "kind", "phase", "holds", "status"),
    [
        pytest.param("0.7", "aspirational", "after", False, "done", id="0.7 of an aspiration is success"),
        pytest.param("0.69", "aspirational", "after", False, "missed", id="less is not"),
        pytest.param("0.7", "committed", "after", False, "missed", id="0.7 of a commitment is not"),
        pytest.param(
            "0.7",
            "aspirational",
            "during",
            False,
            "on track",
            id="0.7 of an aspiration is not done while there is time",
        ),
        pytest.param("1", "committed", "during", True, "on track", id="what must hold is not done before the end"),
        pytest.param("1", "committed", "after", True, "done", id="what held all the time is done"),
        pytest.param(None, "committed", "before", False, "not started", id="not started, whether measured or not"),
        pytest.param(None, "committed", "after", False, "unknown", id="unknown at the end"),
    ],
)
def test_kinds_and_phases(progress: str | None, kind: Kind, phase: Phase, holds: bool, status: str) -> None:
    assert status_of(progress and Fraction(progress), Fraction(1, 2), "viva", kind, phase, holds=holds) == status  # type: ignore[arg-type]


def stood(name: str, progress: str | None, status: str = "on track", expected: str = "0.5") -> Standing:
    known = progress is not None
    return Standing(
        f"shop.{name}", HALFWAY, status, progress=Fraction(progress or 0) if known else None, expected=Fraction(expected), reason="" if known else "nobody has checked in yet"  # type: ignore[arg-type]
    )  # fmt: skip


SHOP = objective(key_result("shop.a"), key_result("shop.b", weight=Decimal(3)), key_result("shop.c"))


@pytest.mark.parametrize(
    ("standings", "score", "status"),
    [
        pytest.param([stood("a", "0.9"), stood("b", "0.5"), stood("c", "0.1")], "0.5", "on track", id="the weighted mean"),
        pytest.param([stood("a", "0.4"), stood("b", "0.4"), stood("c", "0.4")], "0.4", "behind", id="behind what was expected"),
        pytest.param([stood("a", "1.8"), stood("b", "0"), stood("c", "-0.5")], "0.2", "at risk", id="scores, not progress: no key result outweighs its share"),
        pytest.param([stood("a", "1", "done"), stood("b", "1", "done"), stood("c", "1", "done")], "1", "done", id="all done"),
        pytest.param([stood("a", "1", "done"), stood("b", "1", "done"), stood("c", "0.5", "missed")], "0.9", "missed", id="over, and not all done"),
        pytest.param([stood("a", "0", "not started"), stood("b", "0", "not started"), stood("c", None, "not started")], "0", "not started", id="not started"),
        pytest.param([stood("a", None, "unknown"), stood("b", None, "unknown")], None, "unknown", id="nothing measured"),
        pytest.param([], None, "unknown", id="nothing known"),
    ],
)  # fmt: skip
def test_key_results_add_up_to_their_objective(standings: list[Standing], score: str | None, status: str) -> None:
    rolled = roll_up(SHOP, standings)

    assert (rolled.score, rolled.status) == (score and Fraction(score), status)


def test_unmeasured_key_results_are_left_out_and_named() -> None:
    rolled = roll_up(SHOP, [stood("a", "1", "done"), stood("b", None, "unknown")])

    assert (rolled.score, rolled.status) == (Fraction(1), "on track")
    assert rolled.unmeasured == ("shop.b", "shop.c")


def test_an_unknown_objective_says_why() -> None:
    assert roll_up(SHOP, [stood("a", None, "unknown")]).reason == "nobody has checked in yet"
    assert roll_up(SHOP, []).reason == "nothing is measured"


def test_a_broken_guardrail_puts_the_objective_at_risk() -> None:
    rolled = roll_up(SHOP, [stood("a", "1", "done"), stood("b", "1", "done"), stood("c", "1", "done")], ["margin"])

    assert (rolled.status, rolled.score, rolled.reason) == ("at risk", Fraction(1), "does not hold: margin")
    assert rolled.broken_guardrails == ("margin",)


def test_the_grading_decides_for_objectives_too() -> None:
    assert roll_up(SHOP, [stood("a", "0.36")], grading="google").status == "on track"
