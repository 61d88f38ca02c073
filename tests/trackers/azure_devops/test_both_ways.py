"""One history told by webhooks and by the feeds and lists is one history in the store, but for a short published table.

The webhooks go through the real inbox, the pages through what backfill and rescan keep them by.
"""

import dataclasses
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from integration.core.facts import TrackerFact
from integration.ingest import ingest, keep_pages
from integration.refresh import fold_items
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS, SERVICES, Edition
from integration.simulators.azure_devops_refusals import Refused
from integration.store import tables
from integration.store.db import Database
from integration.trackers import TRACKERS
from integration.trackers.azure_devops import history, history_items, history_lists
from integration.trackers.azure_devops.fields import PEOPLE
from integration.trackers.contract import Connection, Secret
from tests.histories import CATALOGUES
from tests.sides import Clock
from tests.simulators.listening import Listener
from tests.steps import NOW, deliver, policy_in_force, scorecard

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MORNING = datetime(2026, 10, 5, 9, tzinfo=UTC)
ADO = "ado"
DANA = "Dana Ortiz"

Webhook = bytes
Page = Sequence[TrackerFact]
Unit = Webhook | Page
Row = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Played:
    webhooks: Sequence[Webhook]
    pages: Sequence[Page]


def work(sim: AzureDevOpsSimulator, later: Callable[[], None]) -> None:
    """Two epics and two stories: estimated, assigned, commented, linked, moved, closed, deleted, restored."""
    sim.add_field("Key Result")
    pay = sim.create_work_item("Epic", "Paying", tags=["kr:checkout/built"])
    other = sim.create_work_item("Epic", "Something else")
    later()
    phone = sim.create_work_item("User Story", "Pay by phone", parent=pay, fields={"Story Points": 5})
    card = sim.create_work_item("User Story", "Pay by card", parent=pay)
    later()
    for fields in (
        {"State": "Active"},
        {"Key Result": "built", "Assigned To": DANA},
        {"Assigned To": None, "Story Points": 8, "Description": "short"},
    ):
        sim.edit(phone, fields, actor=DANA)
        later()
    sim.comment(phone, "Nearly there")
    later()
    sim.add_relation(phone, "System.LinkTypes.Related", card)
    sim.add_relation(card, "System.LinkTypes.Dependency-Forward", phone)
    later()
    sim.remove_relation(phone, "System.LinkTypes.Related", card)
    sim.add_relation(phone, "ArtifactLink", "vstfs:///Git/Commit/1")
    later()
    sim.set_state(phone, "Closed")
    later()
    sim.set_parent(phone, other)
    sim.set_parent(card, None)
    sim.remove_tag(pay, "kr:checkout/built")
    later()
    sim.delete(card)
    later()
    sim.restore(card)
    sim.set_state(phone, "Active")
    later()
    sim.edit(phone, {"Key Result": None})
    sim.delete(other)
    later()


def delivery(sim: AzureDevOpsSimulator, later: Callable[[], None], clock: Clock) -> None:
    """A stage that fails and is tried again, a classic build and release, two pull requests and a push."""
    for attempt, result in ((1, "failed"), (2, "succeeded")):
        words = {"run_id": 9, "pipeline": "Deploy", "created": clock()}
        sim.change_stage(stage="Production", attempt=attempt, state="running", **words)
        later()
        sim.change_stage(stage="Production", attempt=attempt, result=result, **words)
    end = {"finished": clock()}
    sim.change_run(run_id=9, pipeline="Deploy", created=MORNING, **end)
    sim.complete_build(build_id=9, definition="Deploy", number="9", started=MORNING, commit="c" * 40, **end)
    sim.complete_build(build_id=10, definition="Classic", result="failed")
    sim.complete_build(build_id=11, definition="Classic", resource_version="1.0")
    later()
    sim.complete_deployment(deployment_id=1, release="Release-1", environment="Production", status="rejected")
    later()
    sim.complete_deployment(deployment_id=2, release="Release-1", environment="Production", attempt=2)
    for number, status in ((1, "completed"), (2, "abandoned")):
        words = {"pull_request_id": number, "repository": "main", "title": "Faster", "created": clock()}
        sim.change_pull_request(verb="created", **words)
        later()
        sim.change_pull_request(verb="updated", **words)
        sim.change_pull_request(verb="updated", status=status, closed=clock(), **words)
    sim.push(push_id=1, repository="main", commits=[{"id": "a" * 40, "comment": "Faster"}])


def play(
    story: Callable[[AzureDevOpsSimulator, Callable[[], None], Clock], None], edition: Edition = SERVICES
) -> Played:
    """The history, and what was told of it, in pages so small that everything crosses their borders."""
    tracker = "azure-devops-server" if edition.is_server else "azure-devops"
    clock = Clock(MORNING)
    with (
        AzureDevOpsSimulator(clock=clock, edition=edition) as sim,
        Listener() as listener,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(history_items, "PAGE", 5)
        patch.setattr(history_lists, "PAGE", 2)
        patch.setattr(history_lists, "PAGE_OF_DEPLOYMENTS", 1)
        sim.settings.reporting_page = 4
        sim.subscribe(listener.url)
        story(sim, lambda: clock.forward(hours=3, seconds=7), clock)
        assert sim.drain()
        connection = Connection(ADO, tracker, sim.url, projects=("Shop",), token=Secret("pat"))
        client = TRACKERS[tracker].connect(connection)
        pages = [page.facts for stream in client.streams for page in client.history(stream, LONG_AGO, None)]
        assert not sim.unmodelled
        return Played([one.body for one in listener.received], pages)


@pytest.fixture(scope="module", params=[SERVICES, SERVERS["2019"]], ids=["services", "server"])
def played(request: pytest.FixtureRequest) -> Played:
    def story(sim: AzureDevOpsSimulator, later: Callable[[], None], clock: Clock) -> None:
        work(sim, later)
        delivery(sim, later, clock)

    return play(story, request.param)


@pytest.fixture
def empty(_sqlite_template: Path) -> Path:
    return _sqlite_template


def kept(empty: Path, units: Sequence[Unit]) -> Mapping[str, Sequence[Row]]:
    """The facts and the folded items that are in the store after this was told, in this order."""
    with TemporaryDirectory() as folder:
        shutil.copy(empty, Path(folder) / "okrlink.db")
        database = Database.open(f"sqlite:///{Path(folder) / 'okrlink.db'}")
        card = scorecard(tracker="azure-devops", connection=ADO)
        policy = policy_in_force(database, card, {ADO: CATALOGUES["azure-devops"]})
        for unit in units:
            if isinstance(unit, bytes):
                deliver(database, ADO, [unit])
                assert ingest(database, {ADO: TRACKERS["azure-devops"]}, NOW) == 1
            else:
                with database.write() as connection:
                    keep_pages(connection, ADO, unit, NOW)
        while fold_items(database, policy, NOW):
            pass
        with database.read() as connection:
            columns = [column for column in tables.facts.c if column.name != "id"]
            facts = connection.execute(select(*columns).order_by(tables.facts.c.kind, tables.facts.c.source))
            items = connection.execute(select(tables.items.c.item, tables.items.c.state).order_by(tables.items.c.item))
            found = {"facts": [dict(row) for row in facts.mappings()], "items": [dict(row) for row in items.mappings()]}
        database.close()
        return found


def by_source(facts: Sequence[Row]) -> Mapping[tuple[str, str], Row]:
    return {(fact["kind"], fact["source"]): fact for fact in facts}


# What the published table says, as rules: which facts of one telling are missing or less precise in the other. They
# stand in the order of the table's rows; a row that this history cannot show has no rule.

MISSING_FROM_HISTORY: Mapping[str, Callable[[Row, Row], bool]] = {
    "a link to a commit": lambda fact, data: data.get("link") == "ArtifactLink",
    "a long text": lambda fact, data: data.get("field") == "System.Description",
    "a run, stage or deployment began": lambda fact, data: data.get("state") == "running",
    "a pull request was updated": lambda fact, data: data.get("action") == "updated",
    "commits were pushed": lambda fact, data: fact["kind"] == "commits pushed",
}
TOLD_BETTER_BY_HISTORY: Mapping[str, Callable[[Row, Row], bool]] = {
    "an item was deleted or restored": lambda fact, data: fact["kind"] in ("item deleted", "item restored"),
    "somebody changed": lambda fact, data: fact["kind"] == "item created" or data.get("field") in PEOPLE,
    "a build ended (bodies of version 1.0)": lambda fact, data: fact["source"].startswith("build:11:"),
    "a stage or run ended": lambda fact, data: data.get("of") in ("run", "stage", "release deployment"),
}
TOLD_BETTER_BY_WEBHOOKS: Mapping[str, Callable[[Row, Row], bool]] = {
    "a link between items": lambda fact, data: fact["kind"] in ("link added", "link removed", "parent changed"),
    "a pull request was opened": lambda fact, data: data.get("action") == "opened",
}
ELSEWHERE = {
    "a comment was edited or deleted": "the simulated Azure DevOps knows no such thing, and sends nothing",
    "an item in the recycle bin": "test_history: an item deleted between two readings",
    "a link was made or broken before": "test_history: an item that changes again",
}


def rows(rules: Mapping[str, Callable[[Row, Row], bool]], facts: Sequence[Row]) -> set[str]:
    """The rows of the table that these differences are in. Each has to be in one."""
    found = set()
    for fact in facts:
        data = orjson.loads(fact["data"])
        matching = [row for row, rule in rules.items() if rule(fact, data)]
        assert len(matching) == 1, f"in no row of the table, or in several: {fact}"
        found.add(matching[0])
    return found


def test_both_tell_the_same_but_for_the_published_table(empty: Path, played: Played) -> None:
    by_webhooks = by_source(kept(empty, played.webhooks)["facts"])
    by_history = by_source(kept(empty, played.pages)["facts"])

    assert set(by_history) <= set(by_webhooks)
    missing = [fact for source, fact in by_webhooks.items() if source not in by_history]
    different = {source for source, fact in by_history.items() if fact != by_webhooks[source]}
    better = [by_history[source] for source in different if by_history[source]["exact"]]
    worse = [by_history[source] for source in different if not by_history[source]["exact"]]
    assert rows(MISSING_FROM_HISTORY, missing) == set(MISSING_FROM_HISTORY)
    assert rows(TOLD_BETTER_BY_HISTORY, better) == set(TOLD_BETTER_BY_HISTORY)
    assert rows(TOLD_BETTER_BY_WEBHOOKS, worse) == set(TOLD_BETTER_BY_WEBHOOKS)
    assert not [source for source in different if by_webhooks[source]["exact"] == by_history[source]["exact"]]


def test_the_published_table_has_a_row_for_each_difference_and_no_other() -> None:
    published = re.findall(r"^\| (.+?) \|", history.__doc__ or "", re.MULTILINE)[1:]
    proven = [*MISSING_FROM_HISTORY, *TOLD_BETTER_BY_HISTORY, *TOLD_BETTER_BY_WEBHOOKS, *ELSEWHERE]

    for line in published:
        assert len([row for row in proven if line.startswith(row)]) == 1, line
    assert len(published) == len(proven)


def test_items_are_folded_alike(empty: Path, played: Played) -> None:
    def values(units: Sequence[Unit]) -> Mapping[str, Mapping[str, Any]]:
        unlike = {*PEOPLE, "System.Description"}  # the table's rows: names without ids, and long texts
        return {
            row["item"]: {
                name: value
                for name, (value, *_) in orjson.loads(row["state"]).items()
                if name not in unlike and value not in (None, [], False)
            }
            for row in kept(empty, units)["items"]
        }

    assert values(played.pages) == values(played.webhooks)


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_interleaving_with_repeats_ends_in_the_same_store(empty: Path, played: Played, data: st.DataObject) -> None:
    units: list[Unit] = [*played.webhooks, *played.pages]
    order = data.draw(st.permutations(range(len(units))))
    again = data.draw(st.lists(st.integers(0, len(units) - 1), max_size=12))

    assert kept(empty, [units[number] for number in (*order, *again)]) == kept(empty, units)


def state_of(sim: AzureDevOpsSimulator, item: int, other: int) -> None:
    sim.set_state(item, ("New", "Active", "Resolved", "Closed")[other % 4])


def parent_of(sim: AzureDevOpsSimulator, item: int, other: int) -> None:
    sim.set_parent(item, None if item == other else other)


# What may be done to an item, with another item for whatever needs one.
DEEDS: Mapping[str, Callable[[AzureDevOpsSimulator, int, int], None]] = {
    "state": state_of,
    "parent": parent_of,
    "estimate": lambda sim, item, other: sim.edit(item, {"Story Points": other % 3 or None}),
    "assign": lambda sim, item, other: sim.edit(item, {"Assigned To": (None, DANA, "Rex Binder")[other % 3]}),
    "tag": lambda sim, item, other: sim.add_tag(item, f"kr:{other}"),
    "untag": lambda sim, item, other: sim.remove_tag(item, f"kr:{other}"),
    "comment": lambda sim, item, _other: sim.comment(item, "Nearly there"),
    "link": lambda sim, item, other: sim.add_relation(item, "System.LinkTypes.Related", other),
    "unlink": lambda sim, item, other: sim.remove_relation(item, "System.LinkTypes.Related", other),
    "delete": lambda sim, item, _other: sim.delete(item),
    "restore": lambda sim, item, _other: sim.restore(item),
    "create below": lambda sim, item, _other: sim.create_work_item("User Story", "One more", parent=item),
}
ITEMS = st.integers(1, 4)


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    edition=st.sampled_from([SERVICES, SERVERS["2022"]]),
    deeds=st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), ITEMS, ITEMS, st.booleans()), max_size=30),
)
def test_any_history_is_told_alike(empty: Path, edition: Edition, deeds: Sequence[tuple[str, int, int, bool]]) -> None:
    """Whatever people do, at once or with time between; what Azure DevOps refuses, they did not do."""

    def story(sim: AzureDevOpsSimulator, later: Callable[[], None], _clock: Clock) -> None:
        for number in range(4):
            sim.create_work_item("User Story", f"Step {number}")
        for verb, item, other, pause in deeds:
            with suppress(Refused):
                DEEDS[verb](sim, item, other)
            if pause:
                later()

    played = play(story, edition)
    by_webhooks = by_source(kept(empty, played.webhooks)["facts"])
    by_history = by_source(kept(empty, played.pages)["facts"])

    assert set(by_history) == set(by_webhooks)
    different = [fact for source, fact in by_history.items() if fact != by_webhooks[source]]
    rows(TOLD_BETTER_BY_HISTORY, [fact for fact in different if fact["exact"]])
    rows(TOLD_BETTER_BY_WEBHOOKS, [fact for fact in different if not fact["exact"]])


def test_webhooks_that_were_lost_are_healed(empty: Path, played: Played) -> None:
    """Whatever only webhooks tell is gone with them; everything else is as if none had been lost."""
    heard = [body for number, body in enumerate(played.webhooks) if number % 3]
    whole = by_source(kept(empty, [*played.webhooks, *played.pages])["facts"])
    healed = by_source(kept(empty, [*heard, *played.pages])["facts"])

    assert set(healed) <= set(whole)
    rows(MISSING_FROM_HISTORY, [fact for source, fact in whole.items() if source not in healed])
    rows(TOLD_BETTER_BY_WEBHOOKS, [fact for source, fact in healed.items() if fact != whole[source]])
