"""What is written, and whose a value is."""

from decimal import Decimal
from typing import Any

import pytest

from integration.core.errors import PlanTooLarge
from integration.core.write_back import Edit, FieldValue, Verdict, alike, changes, check_size, may_overwrite

PACE = ("pace",)


@pytest.mark.parametrize(
    ("desired", "written", "changed"),
    [
        pytest.param({"kr": 62}, {}, {"kr": 62}, id="a first value"),
        pytest.param({"kr": 62}, {"kr": 62}, {}, id="nothing, where nothing changed"),
        pytest.param(
            {"kr": 62, "status": "behind"}, {"kr": 60, "status": "behind"}, {"kr": 62}, id="only what changed"
        ),
        pytest.param({"kr": None}, {"kr": 62}, {"kr": None}, id="a value that is unknown now is cleared"),
        pytest.param({"kr": None}, {}, {}, id="what was never written needs no clearing"),
        pytest.param({"kr": None}, {"kr": None}, {}, id="what was cleared is clear"),
        pytest.param({}, {"kr": 62}, {}, id="what is not named is left as it is"),
        pytest.param({"kr": 62, "pace": 3}, {"kr": 62, "pace": 2}, {}, id="a passenger does not travel alone"),
        pytest.param({"kr": 63, "pace": 3}, {"kr": 62, "pace": 2}, {"kr": 63, "pace": 3}, id="a passenger goes along"),
        pytest.param({"kr": 62, "pace": 3}, {"kr": 62}, {"pace": 3}, id="a passenger's first trip"),
        pytest.param(
            {"kr": 62, "pace": None}, {"kr": 62, "pace": 2}, {"pace": None}, id="a passenger that is unknown now"
        ),
    ],
)
def test_the_smallest_change(
    desired: dict[str, FieldValue], written: dict[str, FieldValue], changed: dict[str, FieldValue]
) -> None:
    assert changes(desired, written, PACE) == changed


US, DANA = Edit("557058:us", 60), Edit("557058:dana", 60)


def same(ours: FieldValue, theirs: FieldValue) -> bool:
    """As a number field compares: to one decimal."""
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return round(ours, 1) == round(theirs, 1)
    return ours == theirs


@pytest.mark.parametrize(
    ("current", "known", "whose"),
    [
        pytest.param(60, {"last_written": 60}, Verdict.OURS, id="what we wrote last"),
        pytest.param(60.04, {"last_written": 60}, Verdict.OURS, id="compared as the field compares"),
        pytest.param(62, {"last_written": 60, "attempts": (61, 62)}, Verdict.OURS, id="an attempt since"),
        pytest.param(55, {"last_written": 60}, Verdict.PERSON, id="another value"),
        pytest.param(55, {"last_written": 60, "edit": US}, Verdict.PERSON, id="another value, even under our account"),
        pytest.param(None, {"last_written": 60}, Verdict.PERSON, id="a person emptied our value"),
        pytest.param("", {"last_written": 60}, Verdict.PERSON, id="an empty text is empty"),
        pytest.param(
            None, {"last_written": 60, "attempts": (None,)}, Verdict.OURS, id="our own clearing, not recorded"
        ),
        pytest.param(None, {}, Verdict.OURS, id="an empty field that we never wrote is free"),
        pytest.param(None, {"attempts": (62,)}, Verdict.OURS, id="a first attempt that did not arrive"),
        pytest.param(60, {"edit": US}, Verdict.OURS, id="a new database: our account wrote it"),
        pytest.param(60, {"edit": US, "attempts": (62,)}, Verdict.OURS, id="a new database, about to write"),
        pytest.param(60, {"edit": DANA}, Verdict.PERSON, id="a new database: somebody else wrote it"),
        pytest.param(60, {"edit": None}, Verdict.PERSON, id="a new database: nobody can tell"),
        pytest.param(60, {"edit": Edit(None, 60)}, Verdict.PERSON, id="a new database: nobody is named"),
        pytest.param(
            60, {"edit": Edit("", 60), "account": ""}, Verdict.PERSON, id="an account that is not known is not ours"
        ),
        pytest.param(55, {"last_written": 60, "held": (55,)}, Verdict.PERSON, id="a value left alone before"),
        pytest.param(58, {"last_written": 60, "held": (55,)}, Verdict.PERSON, id="their next value"),
        pytest.param(60, {"last_written": 60, "held": (55,)}, Verdict.OURS, id="they put ours back"),
        pytest.param(
            None, {"last_written": 60, "held": (55,)}, Verdict.OURS, id="they emptied their own value: handed back"
        ),
        pytest.param(
            None, {"last_written": 60, "held": (None,)}, Verdict.PERSON, id="they emptied ours: it stays empty"
        ),
        pytest.param(55, {"last_written": 60, "held": (None,)}, Verdict.PERSON, id="they wrote theirs after all"),
        pytest.param(55, {"held": (55,), "edit": US}, Verdict.PERSON, id="left alone before we ever wrote"),
    ],
)
def test_whose_a_value_is(current: FieldValue, known: dict[str, Any], whose: Verdict) -> None:
    edit = known.get("edit")
    facts = {"last_written": None, "attempts": (), "held": None, "account": "557058:us", **known, "edit": lambda: edit}

    assert may_overwrite(current, same=same, **facts) is whose


def test_history_is_asked_only_where_nothing_else_tells() -> None:
    asked: list[str] = []

    def edit() -> Edit:
        asked.append("history")
        return US

    for current, last in ((60, 60), (55, 60), (None, None)):
        may_overwrite(current, last_written=last, attempts=(), held=None, edit=edit, account="557058:us", same=same)
    assert not asked

    may_overwrite(55, last_written=None, attempts=(), held=None, edit=edit, account="557058:us", same=same)
    assert asked


@pytest.mark.parametrize(
    ("one", "other", "say_the_same"),
    [
        pytest.param(50, 50.0, True, id="a number as the tracker keeps it"),
        pytest.param(62, "62", True, id="a number as history tells it"),
        pytest.param(62, "62.5", False, id="another number"),
        pytest.param("on track ", "on  track", True, id="a text with other spaces"),
        pytest.param(None, "", True, id="empty in two ways"),
        pytest.param(0, None, False, id="zero is not nothing"),
        pytest.param("62", "62 %", False, id="another text"),
    ],
)
def test_values_that_say_the_same(one: FieldValue, other: FieldValue, say_the_same: bool) -> None:
    assert alike(one, other) is say_the_same
    assert alike(other, one) is say_the_same


@pytest.mark.parametrize(
    ("changed", "written", "allowed"),
    [
        pytest.param(25, 100, 25, id="the allowed share"),
        pytest.param(20, 20, 25, id="twenty items are never too many"),
        pytest.param(0, 0, 0, id="nothing"),
        pytest.param(100, 100, 100, id="all, where all may"),
    ],
)
def test_a_plan_of_good_size(changed: int, written: int, allowed: int) -> None:
    check_size(changed, written, allowed)


@pytest.mark.parametrize(
    ("changed", "written", "allowed", "message"),
    [
        pytest.param(
            26,
            100,
            25,
            "would change 26 of the 100 items written before (26 %); stop_above allows 25 %",
            id="above the share",
        ),
        pytest.param(
            21,
            21,
            Decimal("99.5"),
            "would change 21 of the 21 items written before (100 %); stop_above allows 99.5 %",
            id="above twenty",
        ),
    ],
)
def test_a_plan_too_large_stops(changed: int, written: int, allowed: int | Decimal, message: str) -> None:
    with pytest.raises(PlanTooLarge) as stop:
        check_size(changed, written, allowed)

    assert str(stop.value).startswith(message)
