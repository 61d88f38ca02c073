"""What a mapping wants to show beside what a tracker has: what to create, where to put it, what only people can do."""

import pytest

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.fields import Place, Sample, check, compare, unfit

PROGRESS = TrackerField("f1", "KR Progress", "number")
STATUS = TrackerField("f2", "KR Status", "text")
WANTED = {"KR Progress": "percent"}
SCREEN = Place("s", "Default screen")
TEAM = Place("t", "PAY", why_not="PAY is team-managed; add it by hand")


def with_(place, *ids):
    return Place(place.id, place.name, frozenset(ids), place.why_not)


@pytest.mark.parametrize(
    ("fields", "places", "deed", "to", "problems"),
    [
        ([], [SCREEN], "create", ["s"], 0),
        ([], [], "create", [], 0),
        ([PROGRESS], [], "keep", [], 0),
        ([PROGRESS], [SCREEN], "place", ["s"], 0),
        ([PROGRESS], [with_(SCREEN, "f1")], "keep", [], 0),
        ([PROGRESS], [with_(SCREEN, "f1"), Place("x", "Epic screen")], "place", ["x"], 0),
        ([], [TEAM], "leave", [], 1),
        ([], [SCREEN, TEAM], "create", ["s"], 1),
        ([PROGRESS], [SCREEN, with_(TEAM, "f1")], "create", ["s"], 0),
        ([PROGRESS], [with_(TEAM, "f1")], "keep", [], 0),
        ([PROGRESS], [with_(SCREEN, "f1"), TEAM], "leave", [], 1),
        ([TrackerField("f3", "KR Progress", "date")], [SCREEN], "leave", [], 1),
    ],
)
def test_what_to_do_about_a_field(fields, places, deed, to, problems):
    [step] = compare(WANTED, Catalogue(fields=tuple(fields)), places)

    assert (step.deed, [place.id for place in step.places], len(step.problems)) == (deed, to, problems)


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("number", "percent", None),
        ("number", "status", "is a number field"),
        ("whole number", "percent", None),
        ("text", "percent", None),
        ("rich text", "summary", None),
        ("option", "status", None),
        ("option", "percent", "is a list of options, and percent is a number"),
        ("date", "status", "is neither a number nor a text field"),
    ],
)
def test_which_field_can_show_which_value(kind, value, why):
    told = unfit(TrackerField("f", "F", kind), value)

    assert told.startswith(why) if why else told is None


def test_a_field_of_another_type_is_not_replaced():
    [step] = compare({"KR Status": "status"}, Catalogue(fields=(TrackerField("f1", "KR Status", "number"),)), [SCREEN])

    assert step.problems[0].startswith("is a number field, and status is text")


@pytest.mark.parametrize(
    ("samples", "problems", "unknown", "editable"),
    [
        ([], (), (), ()),
        ([Sample("Epic in SHOP", "SHOP-1")], (), (), ("SHOP-1",)),
        (
            [Sample("Epic in SHOP", "SHOP-1", {"f1": "is on no screen"}), Sample("Epic in PAY", "PAY-1")],
            ("SHOP-1 (Epic in SHOP): is on no screen",),
            (),
            ("PAY-1",),
        ),
        ([Sample("Epic in SHOP", None)], (), ("there is no Epic in SHOP to try it on",), ()),
    ],
)
def test_whether_a_field_can_be_written(samples, problems, unknown, editable):
    [standing] = check(WANTED, Catalogue(fields=(PROGRESS, STATUS)), samples)

    assert (standing.problems, standing.unknown, standing.editable_on) == (problems, unknown, editable)


def test_what_is_missing_and_what_does_not_fit_is_told_without_a_sample():
    missing, unfit = check(
        {"KR Summary": "summary", "KR Progress": "status"}, Catalogue(fields=(PROGRESS,)), [Sample("Epic", "SHOP-1")]
    )

    assert missing.problems == ("there is no field of this name; okrlink fields create makes it",)
    assert unfit.problems[0].startswith("is a number field")
