"""A plan shows all that would be written, and writes nothing; an apply that would change too much stops."""

import json
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from integration.core.errors import PlanTooLarge
from integration.planning import Plan
from integration.simulators.faults import Fault
from integration.store import applied
from integration.store.outbox import BADGE
from tests.desk import FIELDS, KEY_RESULTS, URL, Desk
from webhooks.applying import apply_loaded
from webhooks.cli import main
from webhooks.cli.plan_text import as_text, vanished

ALL = {"KR Progress": "percent", "KR Status": "status", "KR Summary": "summary"}


def shown(desk: Desk, **said) -> str:
    """An epic with one story of two done, written five minutes ago."""
    desk.apply(**{"fields": {"KR Progress": "percent"}, **said})
    epic = desk.side.epic()
    desk.side.done(desk.side.story(epic))
    desk.side.story(epic)
    desk.settle()
    desk.clock.forward(minutes=5)
    return epic


def planned(made: Plan) -> dict[tuple[str, str], Any]:
    """(item, field) -> the value that would be written; of a badge only whether it is shown."""
    return {
        (one.ref.id, change.name): "shown" if change.target == BADGE and change.then is not None else change.then
        for one in made.items
        for change in one.changes
    }


def written(desk: Desk, since: int) -> dict[tuple[str, str], Any]:
    return {(write.item, name): value for write in desk.side.writes[since:] for name, value in write.values.items()}


def text(desk: Desk, **said) -> str:
    loaded = desk.mapping(**said) if said else desk.loaded
    renames = vanished(desk.loaded.scorecard, loaded.scorecard)
    return "\n".join(as_text(desk.plan(loaded), loaded.scorecard, renames, everything=False))


class TestWhatItShowsIsWhatIsWritten:
    """Whatever happened before, and whatever the mapping says: no write that no plan showed, and none missing."""

    MAPPINGS = (
        {"fields": FIELDS},
        {"fields": ALL, "remote_link": True},
        {"fields": {"KR Summary": "key_result"}, "remote_link": True, "many": "first"},
        {"fields": ALL, "many": "worst", "key_results": {"built": KEY_RESULTS["built"]}},
        {"fields": ALL, "to": "[Epic, Story, User Story]"},
        {"write_back": ""},
    )

    @pytest.mark.parametrize("seed", range(2))
    def test_in_any_history(self, desk, seed):
        chance = Random(seed)
        desk.apply(**self.MAPPINGS[0])
        epics = [desk.side.epic(f"Epic {number}") for number in range(3)]
        stories = [desk.side.story(epic) for epic in epics for _ in range(2)]
        for _ in range(8):
            for _ in range(chance.randrange(4)):
                self.something_happens(desk, chance, epics, stories)
            desk.refresh()
            said = chance.choice(self.MAPPINGS) if chance.random() < 0.4 else None
            mapping = desk.mapping(**said) if said else desk.loaded
            before = len(desk.side.writes)
            made = desk.plan(mapping)
            assert len(desk.side.writes) == before

            desk.apply(mapping)
            desk.settle()
            assert written(desk, before) == planned(made)
            assert not planned(desk.plan()), "nothing is left to do"
            desk.clock.forward(minutes=2)

    def something_happens(self, desk: Desk, chance: Random, epics: list[str], stories: list[str]) -> None:
        what = chance.choice(("done", "story", "tag", "untag", "edit", "empty", "gone"))
        if what == "done" and stories:
            desk.side.done(stories.pop(chance.randrange(len(stories))))
        elif what == "story":
            stories.append(desk.side.story(chance.choice(epics)))
        elif what in ("tag", "untag"):
            getattr(desk.side, what)(chance.choice(epics), chance.choice(("kr:built", "kr:rated")))
        elif what in ("edit", "empty"):
            field = chance.choice(list(ALL))
            value = 7 if field == "KR Progress" else "ask Dana"
            desk.side.edit(chance.choice(epics), field, value if what == "edit" else None)
        elif what == "gone" and stories:
            desk.side.delete(stories.pop(chance.randrange(len(stories))))

    def test_what_is_below_a_new_link_is_read_for_the_plan(self, desk):
        """No webhook told of these items' children: the plan asks, as the service will."""
        epic = desk.side.epic()
        desk.side.done(desk.side.story(epic))
        desk.forget_deliveries()
        desk.apply(key_results={"rated": KEY_RESULTS["rated"]}, fields={"KR Progress": "percent"})
        desk.side.edit(epic, "KR Summary", "an edit that makes the epic known")
        desk.settle()
        made = desk.plan(fields={"KR Progress": "percent"})
        assert planned(made) == {(epic, "KR Progress"): 100}
        desk.side.assert_readonly()

        desk.apply(fields={"KR Progress": "percent"})
        desk.settle()
        assert desk.side.value(epic, "KR Progress") == 100


class TestHowItReads:
    def test_a_first_plan(self, desk):
        desk.apply(write_back="")
        epic = desk.side.epic()
        desk.side.story(epic)
        desk.settle()
        key = "SHOP-1" if desk.side.name == "jira" else epic

        assert (
            text(desk, fields={"KR Progress": "percent", "KR Summary": "key_result"}, remote_link=True)
            == f"""\
{desk.side.name}: 1 item
  {key}  The new checkout
    KR Progress  (empty) → 0
    KR Summary   (empty) → The new checkout is built
    remote link  (none) → The new checkout is built (0 % · at risk · 0 of 1 items · by 31 Dec)

3 values on 1 item would be written. Nothing was written."""
        )

    def test_a_value_that_changes_beside_one_of_a_person(self, desk):
        epic = shown(desk, fields={"KR Progress": "percent", "KR Summary": "key_result"})
        desk.side.edit(epic, "KR Summary", "ask Dana")
        desk.side.story(epic)
        desk.refresh()
        key = "SHOP-1" if desk.side.name == "jira" else epic

        assert (
            text(desk)
            == f"""\
{desk.side.name}: 1 item
  {key}  The new checkout
    KR Progress  50 → 33
    KR Summary   ask Dana is a person's, left alone

1 value on 1 item would be written. Nothing was written."""
        )

    def test_what_is_in_the_way(self, jira_desk):
        shown(jira_desk)
        assert (
            text(jira_desk, fields={"KR Progres": "percent", "KR Status": "summary", "KR Progress": "score"})
            == """\
jira: 1 item
  SHOP-1  The new checkout
    KR Status  (empty) → 50 % · at risk · 1 of 2 items · by 31 Dec

In the way
  jira: KR Progres: there is no field of this name; did you mean KR Progress?

1 value on 1 item would be written. Nothing was written."""
        )

    def test_nothing_to_do(self, desk):
        shown(desk)
        assert text(desk) == "Nothing to write: the trackers show what the mapping wants."

    def test_a_new_database(self, desk):
        """The fields are looked at before any item is known."""
        made = desk.plan(fields={"KR Progres": "percent"})
        assert list(made.problems.values()) == ["KR Progres: there is no field of this name; did you mean KR Progress?"]
        assert not made.items

    def test_a_key_result_under_another_name(self, jira_desk):
        shown(jira_desk)
        renamed = {"made": KEY_RESULTS["built"]}
        assert "checkout.built is gone and checkout.made is new; if it is the same, write `was: built` in it" in text(
            jira_desk, fields={"KR Progress": "percent"}, key_results=renamed
        )
        named = {"made": KEY_RESULTS["built"].replace("}", ", was: built}"), "rated": KEY_RESULTS["rated"]}
        assert "is gone" not in text(jira_desk, fields={"KR Progress": "percent"}, key_results=named)


@pytest.mark.parametrize("title", ["Search | Discover", "A long way " * 30])
def test_a_badge_that_stands_is_not_planned_however_the_tracker_words_it(desk, title):
    """A new database knows of nothing that stands there; the comment of a hyperlink holds less than a remote link."""
    desk.apply(remote_link=True, key_results={"built": f"{{title: '{title.strip()}', work: items}}"})
    desk.side.story(desk.side.epic())
    desk.settle()
    with desk.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM written")

    assert not desk.plan().changed


class TestATrackerThatCannotBeReached:
    def test_the_plan_says_so_and_shows_what_was_written_last(self, desk):
        epic = shown(desk)
        desk.side.story(epic)
        desk.refresh()
        desk.side.faults.add(Fault("unavailable", times=None))
        made = desk.plan()

        assert planned(made) == {(epic, "KR Progress"): 33}
        assert made.unreached == {desk.side.name}
        (line,) = made.problems.values()
        assert line.startswith("could not be asked what stands there now: HTTP 503")

    def test_it_is_asked_once_not_for_every_item(self, desk):
        shown(desk)
        for _ in range(5):
            desk.side.story(desk.side.epic())
        desk.refresh()
        desk.side.faults.add(Fault("cut", times=None))
        desk.plan()
        assert len(desk.side.faults.hits) <= 2


class TestSize:
    """An apply that would change or clear too many of the items written before stops."""

    @pytest.fixture
    def written_on(self, jira_desk) -> Desk:
        jira_desk.apply(fields={"KR Progress": "percent"})
        for number in range(24):
            jira_desk.side.story(jira_desk.side.epic(f"Epic {number}"))
        jira_desk.settle()
        return jira_desk

    def test_it_stops(self, written_on):
        loaded = written_on.mapping(fields={"KR Status": "status"})
        with pytest.raises(PlanTooLarge, match=r"would change 24 of the 24 items written before \(100 %\)"):
            apply_loaded(written_on.database, loaded, written_on.mapping_file.parent, written_on.clock(), weigh=URL)
        with written_on.database.read() as connection:
            assert applied.revision(connection) == 1

    def test_it_may_change_what_stop_above_allows(self, written_on):
        loaded = written_on.mapping(fields={"KR Status": "status"}, stop_above="100 %")
        assert apply_loaded(
            written_on.database, loaded, written_on.mapping_file.parent, written_on.clock(), weigh=URL
        ).new

    def test_clearing_counts(self, written_on):
        with pytest.raises(PlanTooLarge):
            written_on.plan(write_back="").check_sizes(written_on.mapping(write_back="").scorecard)

    def test_first_writes_do_not(self, jira_desk):
        jira_desk.apply(write_back="")
        for number in range(24):
            jira_desk.side.story(jira_desk.side.epic(f"Epic {number}"))
        jira_desk.settle()
        jira_desk.plan(fields=FIELDS).check_sizes(jira_desk.mapping(fields=FIELDS).scorecard)


class TestCommands:
    @pytest.fixture
    def okrlink(self, jira_desk, monkeypatch):
        monkeypatch.setenv("OKRLINK_DATABASE_URL", str(jira_desk.database.engine.url))
        monkeypatch.setenv("OKRLINK_URL", URL)

        def run(*words: str):
            return CliRunner().invoke(main, [*words, str(jira_desk.mapping_file)])

        return run

    def test_the_exit_status_tells_whether_anything_would_be_written(self, jira_desk, okrlink):
        shown(jira_desk)
        assert okrlink("plan", "--exit-code").exit_code == 0
        jira_desk.mapping(fields={"KR Summary": "key_result"})
        assert okrlink("plan").exit_code == 0
        assert okrlink("plan", "--exit-code").exit_code == 1

    def test_a_tracker_that_cannot_be_reached(self, jira_desk, okrlink):
        shown(jira_desk)
        jira_desk.side.faults.add(Fault("unavailable", times=None))
        result = okrlink("plan")
        assert result.exit_code == 3
        assert "could not be asked what stands there now: HTTP 503" in result.stdout

    def test_a_missing_secret_is_said(self, jira_desk, okrlink, monkeypatch):
        shown(jira_desk)
        monkeypatch.delenv("JIRA_TOKEN")
        monkeypatch.delenv("JIRA_USER", raising=False)
        result = okrlink("plan")
        assert result.exit_code == 3
        assert all(line.startswith("  ") for line in result.stdout.splitlines() if ": the environment has no " in line)
        assert "JIRA_TOKEN" in result.stdout

    def test_json(self, jira_desk, okrlink):
        epic = shown(jira_desk)
        jira_desk.mapping(fields={"KR Progress": "percent", "KR Summary": "key_result"})
        told = json.loads(okrlink("plan", "--json").stdout)
        (item,) = told["items"]
        assert (item["id"], item["key"], item["first"]) == (epic, "SHOP-1", False)
        assert item["changes"][0]["then"] == "The new checkout is built"
        assert set(told) == {"items", "problems", "vanished", "written_before", "unreached", "too_large"}

    def test_apply_stops_and_yes_goes_on(self, jira_desk, okrlink):
        jira_desk.apply(fields={"KR Progress": "percent"})
        for number in range(24):
            jira_desk.side.story(jira_desk.side.epic(f"Epic {number}"))
        jira_desk.settle()
        jira_desk.mapping(fields={"KR Status": "status"})

        stopped = okrlink("apply")
        assert stopped.exit_code == 1
        assert "look at the plan, then apply with --yes" in stopped.stderr
        applied_now = okrlink("apply", "--yes")
        assert applied_now.exit_code == 0
        assert "is in force as revision 2." in applied_now.stdout
        assert "nothing to do" in okrlink("apply").stdout
