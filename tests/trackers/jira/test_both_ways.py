"""Promise 4 for Jira, on the Cloud and as a Data Center: a history read afterwards leaves what its webhooks would have left, less a published table."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integration.core.catalogue import Catalogue
from integration.core.facts import ItemSeen, TrackerFact
from integration.core.items import join
from integration.ingest import keep_pages
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_simulated import SimulatedJira
from integration.simulators.jira_things import Issue
from integration.store import migrations
from integration.store.db import Database
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Reader, Secret
from integration.trackers.jira import TRACKER, history
from tests.histories import CATALOGUES, Listener
from tests.simulators.asking_jira import Clock
from tests.steps import NOW, deliver, everything, policy_in_force, scorecard, settle

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LATER = timedelta(milliseconds=4)
"""By how much an entry of the changelog is younger than its webhook says."""
PIECE = 9
"""Facts of a page that are kept in one transaction here, so that webhooks can come in between."""
FEW = settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@dataclass(frozen=True)
class Told:
    """One history, both ways."""

    webhooks: tuple[bytes, ...]
    read: tuple[TrackerFact, ...]
    catalogue: Catalogue

    @property
    def heard(self) -> Iterator[TrackerFact]:
        for body in self.webhooks:
            yield from TRACKER.translate(orjson.loads(body), NOW).facts


@contextmanager
def a_cloud(**site: Any) -> Iterator[tuple[SimulatedJira, Connection]]:
    with JiraSimulator(**site) as jira:
        yield jira, Connection("jira", "jira", jira.url, ("SHOP",), jira.email, Secret(jira.token))


@contextmanager
def a_data_center(**site: Any) -> Iterator[tuple[SimulatedJira, Connection]]:
    with JiraDataCenterSimulator(**site) as jira:
        yield jira, Connection("jira", "jira-data-center", jira.url, ("SHOP",), token=Secret(jira.token))


EDITIONS: Mapping[str, Callable[..., AbstractContextManager[tuple[SimulatedJira, Connection]]]] = {
    "jira": a_cloud,
    "jira-data-center": a_data_center,
}
both_editions = pytest.mark.parametrize("edition", EDITIONS)


def play(happen: Callable[[SimulatedJira, Clock], None], edition: str = "jira") -> Told:
    """Lets something happen in a site that tells webhooks of it, and reads it afterwards."""
    listener, clock = Listener(), Clock()
    projects = {"SHOP": "Bookshop", "PAY": "Payments"}
    with EDITIONS[edition](webhook=listener.url, secret="s", clock=clock, projects=projects) as (jira, site):
        happen(jira, clock)
        assert jira.deliveries.drain()
        clock.pass_(days=1)
        client = cast("Reader", TRACKERS[edition].connect(site))
        pages = [page for stream in client.streams for page in client.history(stream, LONG_AGO, None)]
        catalogue = CATALOGUES["jira"] if edition == "jira" else client.catalogue()
    listener.close()
    return Told(tuple(listener.bodies), tuple(fact for page in pages for fact in page.facts), catalogue)


def a_quarter(jira: SimulatedJira, clock: Clock) -> None:
    """A little of everything that can be told both ways, by two people, an hour apart."""

    def next_hour() -> None:
        clock.pass_(hours=1)

    ann = jira.add_user("Ann Lee").account_id
    above = jira.site.epic_link or "parent"
    checkout = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]}, by=ann)
    other = jira.create_issue("SHOP", "Epic", "Something else")
    next_hour()
    pay = jira.create_issue("SHOP", "Story", "Pay by card", {above: checkout.key, "Story Points": 5})
    ship = jira.create_issue("SHOP", "Story", "Ship it", {above: checkout.key}, by=ann)
    next_hour()
    jira.edit(checkout, {"labels": ["kr:built", "kr:pointed"]})
    jira.transition(pay, "In Progress", by=ann)
    next_hour()
    jira.comment(pay, "looks good", by=ann)
    jira.comment(pay, "not for customers", public=bool(jira.site.epic_link))  # elsewhere not told apart
    next_hour()
    jira.edit(ship, {"Story Points": 8, "summary": "Ship it today", "assignee": ann}, by=ann)
    jira.edit(ship, {above: other.key, "duedate": "2026-10-20", "priority": "High"})
    jira.edit(other, {"labels": ["kr:pointed"], "description": "Nobody keeps prose."})
    next_hour()
    sprint = jira.start_sprint(jira.create_sprint("Week 40").id)
    jira.edit(pay, {"Sprint": [sprint.id]})
    next_hour()
    jira.transition(pay, "Done")
    jira.transition(ship, "Done", resolution="Won't Do", by=ann)
    next_hour()
    jira.transition(ship, "In Progress")
    version = jira.create_version("SHOP", "Shop 1.0")
    jira.edit(pay, {"fixVersions": [version.name]})
    jira.release_version(version.name)
    next_hour()
    jira.link(jira.create_issue("PAY", "Bug", "Paid twice"), pay, "Blocks", by=ann)
    moved = jira.create_issue("PAY", "Story", "Comes over")
    next_hour()
    jira.move(moved, "SHOP")
    jira.close_sprint(sprint.id)


@cache
def quarter(edition: str) -> Told:
    return play(a_quarter, edition)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a migrated SQLite database that nothing is in."""
    path = tmp_path_factory.mktemp("empty") / "okrlink.db"
    database = Database.open(f"sqlite:///{path}")
    migrations.upgrade(database)
    with database.engine.connect() as db:
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def outcome(
    empty: Path, folder: Path, catalogue: Catalogue, steps: Sequence[bytes | Sequence[TrackerFact]]
) -> Mapping[str, list[Any]]:
    """Where webhooks and pages of history end that are taken in in this order."""
    path = folder / "okrlink.db"
    shutil.copy(empty, path)
    database = Database.open(f"sqlite:///{path}")
    policy = policy_in_force(database, scorecard(), {"jira": catalogue})
    for at_once, run in groupby(steps, lambda step: isinstance(step, bytes)):
        if at_once:
            deliver(database, "jira", [step for step in run if isinstance(step, bytes)])
            settle(database, policy)
        else:
            with database.write() as db:
                for page in run:
                    keep_pages(db, "jira", cast("Sequence[TrackerFact]", page), NOW)
    settle(database, policy)
    found = everything(database)
    database.close()
    for file in folder.iterdir():
        file.unlink()
    return found


def pieces(told: Told) -> list[Sequence[TrackerFact]]:
    return [told.read[start : start + PIECE] for start in range(0, len(told.read), PIECE)]


@FEW
@both_editions
@given(data=st.data())
def test_webhooks_and_history_in_any_order_and_repeated_end_in_the_same(empty, tmp_path, edition, data) -> None:
    told = quarter(edition)
    both: list[bytes | Sequence[TrackerFact]] = [*told.webhooks, *pieces(told)]
    order = data.draw(st.permutations(both))
    repeats = data.draw(st.lists(st.sampled_from(both), max_size=6))

    shuffled = outcome(empty, tmp_path, told.catalogue, [*order, *repeats])

    assert shuffled == outcome(empty, tmp_path, told.catalogue, both[::-1])


@both_editions
def test_history_alone_ends_where_webhooks_alone_end(empty, tmp_path, edition) -> None:
    """What okrlink makes of it, to the last card."""
    told = quarter(edition)

    heard = outcome(empty, tmp_path, told.catalogue, told.webhooks)
    read = outcome(empty, tmp_path, told.catalogue, [told.read])

    assert heard["links"]
    for name in ("links", "check-ins", "standings", "outbox", "marks", "sightings"):
        assert read[name] == heard[name]


def plain(facts: Sequence[TrackerFact] | Iterator[TrackerFact]) -> dict[tuple[str, str], dict[str, Any]]:
    """All that is kept of facts, by what they are known by."""
    kept = [fact for fact in facts if fact.kind != "item seen"]
    return {
        (fact.kind, fact.source): {name: getattr(fact, name) for name in fact.__dataclass_fields__} for fact in kept
    }


@both_editions
def test_every_fact_is_the_same_but_for_what_the_table_says(edition) -> None:
    assert_same(quarter(edition))


def assert_same(told: Told) -> None:
    """Facts and items are the same both ways, less the table; for histories in which nothing goes away."""
    heard, read = plain(told.heard), plain(told.read)
    assert not read.keys() - heard.keys()
    shown = {fact["item"] for kind, fact in read.items() if kind[0] == "item created"}
    missing = {key for key, fact in heard.items() if fact["item"] in {None, *shown}} - read.keys()
    assert {kind for kind, _ in missing} <= {"version changed", "sprint changed"}
    assert {heard[key]["action"] for key in missing} <= {"created"}
    for key, fact in read.items():
        if key[0] in ("link added", "version changed", "sprint changed"):
            assert (fact.pop("exact"), heard[key].pop("exact")) == (False, True)
            assert abs(fact.pop("at") - heard[key].pop("at")) < timedelta(days=1)
        else:
            assert fact.pop("at") - heard[key].pop("at") in (timedelta(), LATER)
        assert fact == heard[key]
    now, then = folded(told.read), folded(told.heard)
    assert now.keys() == shown
    for item, fields in now.items():
        since = datetime.fromisoformat(fields.pop("status_changed"))
        assert since - datetime.fromisoformat(then[item].pop("status_changed")) in (timedelta(), LATER)
        assert fields.pop("updated") >= then[item].pop("updated")
        assert fields == then[item]


def folded(facts: Iterable[TrackerFact]) -> dict[str | None, dict[str, Any]]:
    """What is known of each item, by field."""
    seen: dict[str | None, list[ItemSeen]] = {}
    for fact in facts:
        if isinstance(fact, ItemSeen):
            seen.setdefault(fact.item, []).append(fact)
    return {item: {name: state.value for name, state in join({}, of).items()} for item, of in seen.items()}


ACTIONS: Mapping[str, Callable[[SimulatedJira, Issue, Issue, int], Any]] = {
    "create": lambda jira, _one, _other, number: jira.create_issue("SHOP", "Story", f"Story {number}"),
    "rename": lambda jira, one, _other, number: jira.edit(one, {"summary": f"Renamed {number}"}),
    "estimate": lambda jira, one, _other, number: jira.edit(one, {"Story Points": number or None}),
    "label": lambda jira, one, _other, number: jira.edit(one, {"labels": [f"kr:{number}", "both"]}),
    "assign": lambda jira, one, _other, number: jira.edit(
        one, {"assignee": [None, "Dana Ortiz", "okrlink"][number % 3], "duedate": f"2026-10-1{number}"}
    ),
    "describe": lambda jira, one, _other, number: jira.edit(one, {"description": f"Prose {number}", "priority": "Low"}),
    "move on": lambda jira, one, _other, number: jira.transition(
        one, ["To Do", "In Progress", "Review", "Done"][number % 4], by="okrlink"
    ),
    "adopt": lambda jira, one, _other, number: jira.set_parent(one, jira.site.issue("SHOP-1") if number % 2 else None),
    "comment": lambda jira, one, _other, number: [
        jira.comment(one, f"comment {each}", public=each % 2 == 0) for each in range(21 if number == 9 else number % 3)
    ],
    "link": lambda jira, one, other, _number: jira.link(one, other, "Blocks"),
    "move here": lambda jira, _one, _other, number: jira.move(jira.create_issue("PAY", "Bug", f"Bug {number}"), "SHOP"),
    "release": lambda jira, one, _other, number: jira.edit(
        one, {"fixVersions": [jira.release_version(jira.create_version("SHOP", f"Shop {jira.site.clock()}").name).name]}
    ),
    "plan": lambda jira, one, _other, number: jira.edit(
        one, {"Sprint": [jira.start_sprint(jira.create_sprint(f"Week {number}").id).id]}
    ),
}
"""What people do in a generated history: with one story, or two of them, and a small number."""


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 3), st.integers(1, 3), st.integers(0, 9)),
        max_size=25,
    )
)
def test_any_history_is_the_same_both_ways(steps) -> None:
    def happen(jira: SimulatedJira, clock: Clock) -> None:
        jira.create_issue("SHOP", "Epic", "The new checkout")
        stories = [jira.create_issue("SHOP", "Story", f"Story {number}") for number in range(4)]
        for action, one, further, number in steps:
            clock.pass_(seconds=number * 40)
            ACTIONS[action](jira, stories[one], stories[(one + further) % 4], number)

    assert_same(play(happen))


ROWS = [
    line.split(" | ")[0].removeprefix("| ") for line in re.findall(r"^\| [a-z].*$", history.__doc__ or "", re.MULTILINE)
]


def gone(jira: SimulatedJira, clock: Clock) -> None:
    issue = jira.create_issue("SHOP", "Story", "Never mind")
    jira.transition(issue, "Done")
    clock.pass_(hours=1)
    jira.delete(issue)


def moved_away(jira: SimulatedJira, clock: Clock) -> None:
    jira.move(jira.create_issue("SHOP", "Story", "Theirs"), "PAY")


def linked(jira: SimulatedJira, clock: Clock) -> None:
    one, other = (jira.create_issue("SHOP", "Story", name) for name in ("One", "Other"))
    clock.pass_(hours=1)
    jira.link(one, other)


def unlinked(jira: SimulatedJira, clock: Clock) -> None:
    one, other = (jira.create_issue("SHOP", "Story", name) for name in ("One", "Other"))
    jira.unlink(jira.link(one, other).id)


def comment_deleted(jira: SimulatedJira, clock: Clock) -> None:
    issue = jira.create_issue("SHOP", "Story", "One")
    jira.delete_comment(issue, jira.comment(issue, "Oh no").id)


def commented(jira: SimulatedJira, clock: Clock) -> None:
    issue = jira.create_issue("SHOP", "Story", "One")
    clock.pass_(hours=1)
    jira.comment(issue, "Hm")


def released(jira: SimulatedJira, clock: Clock) -> None:
    jira.release_version(jira.create_version("SHOP", "Shop 1.0").name)


def sprint_held(jira: SimulatedJira, clock: Clock) -> None:
    sprint = jira.create_sprint("Week 40")
    jira.start_sprint(sprint.id)
    jira.change_sprint(sprint.id, start=clock.now - timedelta(hours=3))
    clock.pass_(days=7)
    jira.close_sprint(sprint.id)


def changed(jira: SimulatedJira, clock: Clock) -> None:
    jira.transition(jira.create_issue("SHOP", "Story", "One"), "Done")


DIFFERENCES: Mapping[str, tuple[Callable[[SimulatedJira, Clock], Any], set[str], set[str]]] = {
    "an issue was changed": (changed, set(), {"status changed", "field changed", "field status_changed"}),
    "somebody commented": (commented, set(), {"field updated"}),
    "an issue was deleted": (gone, {"item created", "status changed", "field changed", "item deleted"}, set()),
    "an issue was moved out of the projects": (moved_away, {"item created", "item moved", "field changed"}, set()),
    "a link was added": (linked, set(), {"link added", "field changed"}),
    "a link was removed": (unlinked, {"link added", "link removed"}, {"field changed"}),
    "a comment was deleted": (comment_deleted, {"commented"}, set()),
    "a version was released": (released, {"version changed created"}, {"version changed released"}),
    "a version was created, changed, merged, deleted, or taken back": (
        lambda jira, clock: jira.create_version("SHOP", "Shop 1.0"),
        {"version changed created"},
        set(),
    ),
    "a sprint was started or closed": (
        sprint_held,
        {"sprint changed created", "sprint changed updated"},
        {"sprint changed started"},
    ),
    "a sprint was created, changed or deleted": (
        lambda jira, clock: jira.create_sprint("Week 40"),
        {"sprint changed created"},
        set(),
    ),
}
"""By row: what happens, which facts only webhooks tell then, and what history tells of another time."""


def test_the_table_has_these_rows() -> None:
    assert list(DIFFERENCES) == ROWS


@both_editions
@pytest.mark.parametrize("row", DIFFERENCES)
def test_a_row_of_the_table_is_true(row: str, edition: str) -> None:
    happen, only_heard, told_otherwise = DIFFERENCES[row]
    told = play(happen, edition)
    heard, read = plain(told.heard), plain(told.read)

    def kind(key: tuple[str, str]) -> str:
        return f"{key[0]} {heard[key].get('action', '')}".strip()

    assert {kind(key) for key in heard.keys() - read.keys()} == only_heard
    assert not read.keys() - heard.keys()
    later = {kind(key) for key in read if heard[key]["at"] != read[key]["at"]}
    now, then = folded(told.read), folded(told.heard)
    other = {f"field {name}" for item in now for name in then[item] if now[item][name] != then[item][name]}
    if edition == "jira-data-center":  # which tells a comment as an update of its issue, too
        told_otherwise = told_otherwise - {"field updated"}
    assert later | other == told_otherwise
