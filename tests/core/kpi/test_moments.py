"""Moments that come again, moments undone, and what a measurement as of a time sees of them."""

import pytest

from integration.core.delivery.facts import WorkItem
from integration.core.kpi import moments
from integration.core.kpi.language import Count, Now
from integration.core.kpi.sight import Sight
from tests.core.kpi.sentences import (
    CYCLE,
    NOW,
    RESTORE,
    WIP,
    H,
    ago,
    at,
    between,
    choice,
    fact,
    incident,
    item,
    kpi,
    measured,
    state,
)

TWICE = fact(
    WorkItem,
    "1",
    {
        "created": at("2026-11-02"),
        "started": (at("2026-11-03"), at("2026-11-09")),
        "done": (at("2026-11-05"), at("2026-11-11")),
        "entered in review": (at("2026-11-04"), at("2026-11-10")),
        "left in review": (at("2026-11-05"), at("2026-11-11")),
        "field due date": at("2026-11-30"),
    },
    undone={"done": [at("2026-11-08")]},
)


@pytest.mark.parametrize(
    ("said", "as_of", "when"),
    [
        pytest.param("started", "2026-11-20", "2026-11-03", id="started is the first time"),
        pytest.param("last started", "2026-11-20", "2026-11-09", id="last started"),
        pytest.param("done", "2026-11-20", "2026-11-11", id="done is the last time"),
        pytest.param("first done", "2026-11-20", "2026-11-05", id="first done is the first time ever"),
        pytest.param("done", "2026-11-06", "2026-11-05", id="as of the first end it was done"),
        pytest.param("done", "2026-11-09", None, id="reopened, it is not done"),
        pytest.param("done", "2026-11-08", "2026-11-05", id="reopened at the very moment of measuring is not seen"),
        pytest.param("first done", "2026-11-09", "2026-11-05", id="but was done first"),
        pytest.param("done", "2026-11-05", None, id="done at the very moment of measuring is not seen"),
        pytest.param("entered In Review", "2026-11-20", "2026-11-04", id="entered is the first time"),
        pytest.param("left In  review", "2026-11-20", "2026-11-11", id="left is the last time, however it is typed"),
        pytest.param("field Due date", "2026-11-20", None, id="a date to come is not seen"),
        pytest.param("field Due date", "2026-12-01", "2026-11-30", id="a date that came is"),
        pytest.param("first commit or started", "2026-11-20", "2026-11-03", id="the second where the first is not known"),
        pytest.param("started or done", "2026-11-20", "2026-11-03", id="the first where it is known"),
        pytest.param("first response or now", "2026-11-20", "2026-11-20", id="or now"),
        pytest.param("planned", "2026-11-20", None, id="never"),
    ],
)  # fmt: skip
def test_moments(said, as_of, when):
    read = moments.reader(choice(said), Sight(at(as_of), "items"))

    assert read(TWICE) == (at(when) if when else None)


def test_an_item_that_was_never_in_progress_is_left_out_and_not_0_days():
    skipped = item("1", {"created": ago(50), "done": ago(2)})

    assert measured(kpi(CYCLE), [skipped]) == "unknown: no sample of 1 item; 1 start not known (started)"
    assert measured(kpi(between("started or done", "done", "items")), [skipped]) == "0 h"


def test_a_restored_incident_may_be_reopened():
    again = incident("1", ago(50), (ago(48), ago(10)), undone={"restored": [ago(40)]})

    assert measured(kpi(RESTORE), [again]) == "40 h"
    assert measured(kpi(RESTORE), [again], ago(20)) == "unknown: no incident restored in 28 days; 1 not yet restored"


def test_from_its_deletion_on_an_item_is_in_no_window():
    deleted = item("1", {"created": ago(90), "started": ago(50), "done": ago(2), "deleted": ago(1)})

    assert measured(kpi(CYCLE), [deleted]) == "unknown: no item done in 28 days"
    assert measured(kpi(CYCLE), [deleted], ago(1)) == "48 h"


def test_a_deleted_item_that_came_back_is_there():
    back = item("1", {"started": ago(50), "done": ago(2), "deleted": ago(30)}, undone={"deleted": [ago(20)]})

    assert measured(kpi(CYCLE), [back]) == "48 h"
    assert measured(kpi(CYCLE), [back], ago(25)) == "unknown: no item done in 28 days"


def test_deleted_work_is_no_work_in_progress():
    told = state(("2026-11-02", "in progress"))
    there, gone = (
        item(n, {"created": ago(500), "deleted": when}, history=told) for n, when in (("1", None), ("2", ago(1)))
    )

    assert measured(kpi(WIP, window=Now()), [there, gone]) == "1"
    assert measured(kpi(WIP, window=Now()), [there, gone], ago(1)) == "2"


@pytest.mark.parametrize(
    ("one", "there"),
    [
        pytest.param(item("1", {"created": ago(1)}), "1", id="made before"),
        pytest.param(item("1", {"created": NOW}), "0", id="made at that moment"),
        pytest.param(item("1", {"started": ago(1)}), "1", id="of unknown creation, but seen"),
        pytest.param(item("1", {"started": NOW + H}), "0", id="seen later only"),
        pytest.param(item("1", {}), "1", id="without any moment"),
    ],
)
def test_what_there_is_now(one, there):
    assert measured(kpi(Count(stream="items"), window=Now()), [one]) == there
