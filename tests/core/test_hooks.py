"""What is wanted of a tracker's webhooks, what is there, and what follows."""

from dataclasses import replace

import pytest

from integration.core.hooks import Hook, HookStep, compare, removal, unreachable

URL = "https://okr.example/webhooks/jira"
OLD = "https://old.example/webhooks/jira"
ISSUES = Hook("issues", URL, frozenset({"created", "updated"}), {"JQL": "project = SHOP"})
BUILDS = Hook("builds", URL, frozenset({"build"}))
THERE = replace(ISSUES, id="7")


def deeds(steps: list[HookStep]) -> list[tuple[str, str]]:
    return [(step.deed, step.there.id if step.there else "") for step in steps]


@pytest.mark.parametrize(
    ("there", "deed", "drift"),
    [
        (THERE, "keep", ()),
        (replace(THERE, url="https://OKR.example/webhooks/jira/"), "keep", ()),
        (replace(THERE, state="disabled"), "mend", ("is disabled",)),
        (replace(THERE, state="on probation"), "mend", ("is on probation: new events are lost",)),
        (replace(THERE, events=frozenset({"created"})), "mend", ("does not tell of updated",)),
        (
            replace(THERE, events=ISSUES.events | {"viewed"}),
            "mend",
            ("tells of viewed, which nothing needs",),
        ),
        (replace(THERE, settings={"JQL": ""}), "mend", ("JQL is empty, not project = SHOP",)),
        (replace(THERE, settings={"JQL": "project = PAY"}), "mend", ("JQL is project = PAY, not project = SHOP",)),
        (replace(THERE, is_proven=False), "mend", ("carries no proof that we take",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_hook_is_kept_or_mended(there, deed, drift):
    [step] = compare(URL, [ISSUES], [there])

    assert (step.deed, step.drift) == (deed, drift)


def test_what_is_missing_is_created():
    steps = compare(URL, [ISSUES, BUILDS], [THERE])

    assert deeds(steps) == [("keep", "7"), ("create", "")]


def test_of_two_for_one_topic_the_better_stays():
    worse = replace(THERE, id="8", state="disabled")

    assert deeds(compare(URL, [ISSUES], [worse, THERE])) == [("keep", "7"), ("remove", "8")]


def test_ours_that_nothing_needs_is_removed():
    assert deeds(compare(URL, [ISSUES], [THERE, replace(BUILDS, id="9")])) == [("keep", "7"), ("remove", "9")]


def test_the_same_path_elsewhere_is_told_of_and_left():
    elsewhere = replace(THERE, url=OLD)
    stranger = replace(THERE, url="https://chat.example/hook")
    steps = compare(URL, [ISSUES], [elsewhere, stranger])

    assert deeds(steps) == [("create", ""), ("leave", "7")]
    assert steps[1].drift == (f"sends to {OLD}",)


def test_with_its_former_address_a_hook_is_ours_and_moved():
    [step] = compare(URL, [ISSUES], [replace(THERE, url=OLD)], former=OLD)

    assert (step.deed, step.drift) == ("mend", (f"sends to {OLD}",))


def test_renewing_writes_good_ones_again():
    assert deeds(compare(URL, [ISSUES], [THERE], renew=True)) == [("mend", "7")]


def test_only_ours_are_removed():
    theirs = replace(BUILDS, id="9", url="https://chat.example/hook")
    there = [THERE, theirs, replace(BUILDS, id="10", url=OLD)]

    assert deeds(removal(URL, there)) == [("remove", "7")]
    assert deeds(removal(URL, there, former=OLD)) == [("remove", "7"), ("remove", "10")]


def test_after_its_steps_nothing_is_left_to_do():
    """Idempotent: what compare asks for, done, asks for nothing more."""
    there = [replace(THERE, state="disabled"), replace(THERE, id="8"), replace(BUILDS, id="9", url=OLD)]
    for _ in range(2):
        steps = compare(URL, [ISSUES, BUILDS], there, former=OLD)
        there = [replace(step.wanted, id="x") for step in steps if step.wanted is not None]

    assert {step.deed for step in steps} == {"keep"}


@pytest.mark.parametrize(
    ("url", "tracker", "in_cloud", "why"),
    [
        ("https://okr.example", "https://acme.atlassian.net", True, None),
        ("http://127.0.0.1:8080", "https://acme.atlassian.net", True, "this machine alone"),
        ("http://localhost:8080", "https://jira.acme.example", False, "this machine alone"),
        ("http://0.0.0.0:8080", "https://jira.acme.example", False, "this machine alone"),
        ("https://10.1.2.3", "https://acme.atlassian.net", True, "private network"),
        ("http://10.1.2.3", "https://jira.acme.example", False, None),
        ("http://okr.example", "https://acme.atlassian.net", True, "https addresses only"),
        ("http://okr.example", "https://jira.acme.example", False, None),
        ("http://127.0.0.1:8080", "http://127.0.0.1:9000", True, None),
        ("http://[::1]:8080", "https://jira.acme.example", False, "this machine alone"),
        ("http://okr.localhost", "https://jira.acme.example", False, "this machine alone"),
        ("https://okr", "https://acme.atlassian.net", True, "private network"),
        ("https://okr", "https://jira.acme.example", False, None),
        ("https://okr.Local.", "https://acme.atlassian.net", True, "private network"),
        ("https://okr.internal", "https://jira.acme.example", False, None),
        ("okr.example", "https://acme.atlassian.net", True, "'okr.example' is no address"),
        ("okr.example:8080", "http://127.0.0.1:9000", False, "'okr.example:8080' is no address"),
        ("https://", "https://acme.atlassian.net", True, "is no address"),
        ("https://okr.example:x", "https://acme.atlassian.net", True, "is no address"),
        ("https://okr.example?a=b", "https://acme.atlassian.net", True, "is no address"),
        ("https://me:secret@okr.example", "https://acme.atlassian.net", True, "must not hold a user or a password"),
    ],
)
def test_whether_a_tracker_can_reach_us(url, tracker, in_cloud, why):
    told = unreachable(url, tracker, in_cloud=in_cloud)

    assert why in told if why else told is None
    assert "secret" not in (told or "")
