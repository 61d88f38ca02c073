"""What was learnt about a connection, judged: tables of facts and findings."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.core import examination
from integration.core.examination import Finding, Introduction, Needs, Permission, Project
from integration.core.fields import FieldStanding
from integration.core.hooks import HookStep
from integration.core.scorecard import Scorecard, WriteBackRule

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SHOP, PAY = Project("10", "SHOP", "Bookshop"), Project("11", "PAY", "Payments")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("told", "level", "says"),
    [
        (NOON, "ok", "agrees with the tracker's"),
        (NOON - seconds(1), "ok", "agrees with the tracker's"),
        (NOON + seconds(29), "ok", "agrees with the tracker's"),
        (NOON + seconds(42), "warning", "this machine's is 40 seconds behind the tracker's"),
        (NOON - seconds(90), "warning", "this machine's is 1 minute ahead of the tracker's"),
        (NOON - seconds(7201), "failure", "this machine's is 2 hours ahead of the tracker's"),
    ],
    ids=["equal", "cut to whole seconds", "a little", "behind", "ahead", "far ahead"],
)
def test_clocks(told: datetime, level: str, says: str) -> None:
    found = examination.clock(Introduction("okrlink", told), NOON, NOON + seconds(2))

    assert (found.level, found.says) == (level, says)
    assert bool(found.remedy) == (level != "ok")


def test_a_slow_answer_is_no_wrong_clock() -> None:
    """The tracker told its time at some moment while we waited."""
    assert examination.clock(Introduction("okrlink", NOON + seconds(50)), NOON, NOON + seconds(60)).level == "ok"


@pytest.mark.parametrize(
    ("limit", "left", "resting", "level", "says"),
    [
        (None, None, 0.0, "ok", "the tracker tells of no limit that is near"),
        (1000, 200, 0.0, "ok", "200 of 1,000 requests left"),
        (1000, 199, 0.0, "warning", "199 of 1,000 requests left"),
        (1000, 900, 30.0, "warning", "the tracker wants nothing asked for 30 seconds"),
    ],
)
def test_quotas(limit: int | None, left: int | None, resting: float, level: str, says: str) -> None:
    found = examination.quota(Introduction("okrlink", NOON, limit, left), resting)

    assert (found.level, found.says) == (level, says)


@pytest.mark.parametrize(
    ("wanted", "visible", "said"),
    [
        (["SHOP"], [SHOP, PAY], [("ok", "SHOP")]),
        (["bookshop", "11"], [SHOP, PAY], [("ok", "bookshop, 11")]),
        ([], [SHOP, PAY], [("ok", "all that the account sees: 2")]),
        ([], [], [("failure", "the account sees no project")]),
        (["PAYS"], [SHOP, PAY], [("failure", "the account sees no project 'PAYS'; did you mean PAY?")]),
        (["OPS"], [SHOP, PAY], [("failure", "the account sees no project 'OPS'; it sees SHOP, PAY")]),
        (["SHOP"], [], [("failure", "the account sees no project 'SHOP'; it sees none")]),
    ],
    ids=["by key", "by name and id", "all", "none at all", "misspelt", "unknown", "sees none"],
)
def test_projects(wanted: list[str], visible: list[Project], said: list[tuple[str, str]]) -> None:
    assert [(one.level, one.says) for one in examination.projects(wanted, visible)] == said


def test_what_a_mapping_needs_of_an_account() -> None:
    quiet = WriteBackRule("jira", fields={"KR Progress": "percent"}, remote_link=True)
    loud = WriteBackRule("ado", fields={"KR Progress": "percent"}, quiet=False)
    scorecard = Scorecard(UTC, write_back={"jira": quiet, "ado": loud})  # type: ignore[arg-type]  # any zone will do

    assert Needs.of(scorecard, "jira").abilities == ["browse", "edit", "link", "write quietly"]
    assert Needs.of(scorecard, "ado").abilities == ["browse", "edit"]
    assert Needs.of(scorecard, "only-read").abilities == ["browse"]


def test_permissions_are_told_with_the_trackers_remedy() -> None:
    told = [Permission("browse", True), Permission("edit", False, "give it"), Permission("link", None, "no item")]

    assert list(examination.permissions("SHOP", told)) == [
        Finding("permissions", "failure", "SHOP: the account may not edit", "give it"),
        Finding("permissions", "warning", "SHOP: nobody can tell whether the account may link", "no item"),
        Finding("permissions", "ok", "SHOP: may browse"),
    ]


def test_fields_that_are_fine_share_a_line() -> None:
    told = [
        FieldStanding("KR Progress", "percent", (), editable_on=("SHOP-1",)),
        FieldStanding("KR Status", "status", ()),
        FieldStanding("KR Summary", "summary", (), problems=("is on no screen",)),
        FieldStanding("KR Score", "score", (), unknown=("there is no Epic in SHOP to try it on",)),
    ]

    assert [(one.level, one.says) for one in examination.fields(told)] == [
        ("failure", "KR Summary: is on no screen"),
        ("warning", "KR Score: there is no Epic in SHOP to try it on"),
        ("ok", "KR Progress, KR Status"),
    ]


def test_of_many_webhooks_only_some_are_told_one_by_one() -> None:
    wrong = [HookStep("create", f"event {number}", drift=("is missing",)) for number in range(5)]
    elsewhere = HookStep("leave", "event 9", drift=("sends to another okrlink",))

    assert examination.webhooks([HookStep("keep", "event 8"), elsewhere]).says == "1 is as wanted"
    assert (
        examination.webhooks([*wrong, elsewhere]).says
        == "event 0 is missing; event 1 is missing; event 2 is missing; and 2 more"
    )


@pytest.mark.parametrize(
    ("ends", "reason", "level", "says"),
    [
        ([], None, "warning", "was never done"),
        ([NOON, None], "HTTP 503", "warning", "was never done: HTTP 503"),
        ([NOON - timedelta(minutes=40), NOON], None, "ok", "the last was 40 minutes ago"),
        ([NOON - timedelta(minutes=50), NOON], "HTTP 503", "failure", "the last was 50 minutes ago: HTTP 503"),
    ],
    ids=["never", "one stream never", "in time", "overdue"],
)
def test_rescans(ends: list[datetime | None], reason: str | None, level: str, says: str) -> None:
    found = examination.rescans(ends, reason, timedelta(minutes=15), NOON)

    assert (found.level, found.says) == (level, says)


def test_a_past_that_was_not_read() -> None:
    assert examination.history("jira", None).remedy == "okrlink backfill jira"
    assert examination.history("jira", NOON).says == "read to its end on 2026-11-02"
