"""What is shown where: fields that are missing, refused or renamed; links and mappings that go; several key results on one item."""

from collections.abc import Sequence

from integration.simulators.faults import Fault
from integration.trackers.contract import Current, TrackerClient
from tests.desk import FIELDS, KEY_RESULTS, Desk

ALL = {"KR Progress": "percent", "KR Status": "status", "KR Summary": "summary"}


def shown(desk: Desk, **said) -> str:
    """An epic that shows 0 %, written five minutes ago."""
    desk.apply(**said)
    epic = desk.side.epic()
    desk.side.story(epic)
    desk.settle()
    desk.clock.forward(minutes=5)
    return epic


def status(desk: Desk, item: str):
    return desk.side.value(item, "KR Status")


def with_options(desk: Desk, name: str, options: list[str]) -> None:
    """A field that takes nothing but these."""
    if desk.side.name == "jira":
        desk.side.simulator.add_field(name, "option", options)
    else:
        desk.side.simulator.add_field(name, picklist=tuple(options))


class TestListsOfOptions:
    def test_an_option_is_meant_by_its_name_however_it_is_spelled(self, desk):
        with_options(desk, "Health", ["Not Started", "On Track", "Behind", "At Risk", "Missed", "Done", "Unknown"])
        epic = shown(desk, fields={"Health": "status", "KR Status": "status"})
        assert desk.side.value(epic, "Health").casefold() == status(desk, epic)
        assert desk.side.value(epic, "Health") != status(desk, epic), "the tracker's own spelling"

        tries = desk.side.tries
        desk.later(minutes=30)
        assert desk.side.tries == tries, "another spelling is no other value"

    def test_an_option_that_a_person_picked_is_left_alone(self, desk):
        with_options(desk, "Health", ["Not Started", "On Track", "Behind", "At Risk", "Missed", "Done", "Unknown"])
        epic = shown(desk, fields={"Health": "status"})
        desk.side.edit(epic, "Health", "Missed")
        desk.later(minutes=30)
        assert desk.side.value(epic, "Health") == "Missed"
        assert desk.held()


class TestFieldsThatCannotBeWritten:
    """One line with the remedy, in status and in plan, while everything else goes on."""

    def said(self, desk: Desk) -> str:
        (line,) = desk.notices()
        assert line in desk.plan().problems.values()
        return line

    def test_a_missing_field(self, desk):
        epic = shown(desk, fields={"KR Progres": "percent", "KR Status": "status"})
        assert self.said(desk) == "KR Progres: there is no field of this name; did you mean KR Progress?"
        assert status(desk, epic)

    def test_a_number_field_given_text(self, desk):
        epic = shown(desk, fields={"KR Progress": "summary", "KR Status": "status"})
        assert self.said(desk).startswith("KR Progress: is a number field, and summary is text; write percent, ")
        assert status(desk, epic)

    def test_a_field_of_whole_numbers_shows_the_nearest(self, ado_desk):
        """It would keep something else than was written, which would look like a person's."""
        desk = ado_desk
        desk.side.simulator.add_field("KR Target", "integer")
        desk.apply(fields={"KR Target": "target", "KR Status": "status"})
        epic = desk.side.epic(tag="kr:rated")
        desk.settle()
        assert desk.side.value(epic, "KR Target") == 5, "of 4.5"
        desk.side.tag(epic, "kr:built")
        desk.side.untag(epic, "kr:rated")
        desk.later(minutes=30)
        assert desk.side.value(epic, "KR Target") == 100
        assert not desk.held()

    def test_a_field_of_another_kind(self, desk):
        kind = "date" if desk.side.name == "jira" else "boolean"
        desk.side.simulator.add_field("Health", kind)
        epic = shown(desk, fields={"Health": "status", "KR Status": "status"})
        assert (
            self.said(desk)
            == "Health: is neither a number nor a text field, nor a list of options; choose one of these"
        )
        assert status(desk, epic)

    def test_a_number_for_a_list_of_options(self, desk):
        with_options(desk, "Health", ["Good", "Bad"])
        epic = shown(desk, fields={"Health": "percent", "KR Status": "status"})
        assert self.said(desk) == (
            "Health: is a list of options, and percent is a number; write it into a number or a text field"
        )
        assert status(desk, epic)

    def test_a_value_that_a_list_does_not_offer(self, desk):
        """It is one line with the remedy, and the other fields are written all the same."""
        with_options(desk, "Health", ["Good", "Bad"])
        epic = shown(desk, fields={"Health": "status", "KR Status": "status"})
        assert f"'{status(desk, epic)}'; add it to" in self.said(desk)
        assert self.said(desk).endswith("or show the value in a text field")

    def test_a_read_only_field(self, ado_desk):
        desk = ado_desk
        desk.side.simulator.add_field("Locked", "double", read_only=True)
        epic = shown(desk, fields={"Locked": "percent", "KR Status": "status"})
        assert self.said(desk) == "Locked: may not be written; choose a field that people can edit, too"
        assert status(desk, epic)

    def test_a_field_that_the_mapping_reads_under_another_name(self, jira_desk):
        """`check` sees two names; only the tracker knows that they are one field."""
        desk = jira_desk
        known = desk.side.simulator.site.field("KR Progress").id
        read = "{title: The hard half is built, work: field KR Progress}"
        epic = shown(desk, fields={known: "percent", "KR Status": "status"}, key_results={"built": read})
        assert self.said(desk) == (
            f"{known}: is read by the mapping, too; a field is read or written, never both: write another"
        )
        assert status(desk, epic)

    def test_a_field_that_the_tracker_refuses(self, jira_desk):
        """Only a write finds out; it is not tried again with each write, but it is after an hour, or on `replay`."""
        desk = jira_desk
        desk.side.simulator.change_field("KR Progress", editable=False)
        epic = shown(desk)
        line = self.said(desk)
        assert line.startswith("KR Progress cannot be written on SHOP-1: Field 'customfield_")
        assert status(desk, epic)

        tries = desk.side.tries
        desk.side.done(desk.side.story(epic))
        desk.later(minutes=5)
        assert desk.side.tries <= tries + 1
        assert desk.notices() == [line]

        desk.side.simulator.change_field("KR Progress", editable=True)
        desk.side.done(desk.side.story(epic))
        desk.later(hours=1)
        assert desk.side.value(epic, "KR Progress") == 67
        assert not desk.notices()

    def test_a_field_that_some_items_have_not(self, ado_desk):
        """Fields belong to types; where one is missing the others are written."""
        desk = ado_desk
        desk.side.simulator.add_field("On Features", "double", types=("Feature",))
        desk.apply(fields={"On Features": "percent", "KR Status": "status"})
        epic = desk.side.epic()
        feature = str(desk.side.simulator.create_work_item("Feature", "Pay", tags=["kr:built"]))
        desk.settle()
        assert status(desk, epic)
        assert desk.side.value(feature, "On Features") == 0
        assert self.said(desk).startswith("On Features cannot be written on 1: ")

    def test_many_fields_that_are_refused_one_by_one(self, ado_desk):
        """Azure DevOps names the first field only that an item has not."""
        desk = ado_desk
        names = [f"On Features {number}" for number in range(7)]
        for name in names:
            desk.side.simulator.add_field(name, "string", types=("Feature",))
        epic = shown(desk, fields=dict.fromkeys([*names, "KR Status"], "status"))
        assert status(desk, epic)
        assert [line.partition(" cannot")[0] for line in desk.notices()] == names

    def test_a_badge_that_is_refused_does_not_stop_the_fields(self, jira_desk):
        desk = jira_desk
        desk.side.simulator.forbid("LINK_ISSUES")
        epic = shown(desk, remote_link=True)
        assert desk.side.value(epic, "KR Progress") == 0
        assert self.said(desk).startswith(
            "the remote link cannot be written on SHOP-1: HTTP 403: You do not have permission"
        )

        desk.side.simulator.allow("LINK_ISSUES")
        desk.replay()
        desk.settle()
        assert desk.side.badges(epic)
        assert not desk.notices()

    def test_links_that_are_turned_off_do_not_stop_the_fields(self, jira_desk):
        desk = jira_desk
        desk.side.simulator.site.linking = False
        epic = shown(desk, remote_link=True)
        assert desk.side.value(epic, "KR Progress") == 0
        assert self.said(desk) == (
            "the remote link cannot be written on SHOP-1: HTTP 403: Issue linking is currently disabled."
        )
        assert not desk.wishes()

        desk.side.simulator.site.linking = True
        desk.replay()
        desk.settle()
        assert desk.side.badges(epic)
        assert not desk.notices()

    def test_links_that_are_turned_off_are_planned_to_be_so(self, jira_desk):
        desk = jira_desk
        desk.side.simulator.site.linking = False
        desk.apply(write_back="")
        desk.side.story(desk.side.epic())
        desk.settle()
        made = desk.plan(remote_link=True)
        assert [change.name for item in made.items for change in item.changes] == ["KR Progress", "KR Status"]
        assert list(made.problems.values()) == [
            "the remote link cannot be written on SHOP-1: HTTP 403: Issue linking is currently disabled."
        ]

    def test_a_project_that_may_not_be_edited(self, ado_desk):
        desk = ado_desk
        desk.side.simulator.settings.may_write = False
        epic = shown(desk)
        assert self.said(desk).startswith("not everything is written in Shop: HTTP 403: TF237111: ")
        assert not desk.wishes("dead")

        desk.side.simulator.settings.may_write = True
        desk.later(minutes=20)
        assert desk.side.value(epic, "KR Progress") == 0
        assert not desk.notices()

    def test_an_item_that_is_hidden_from_us(self, desk):
        """To a tracker that is the same as a deleted one; until a webhook tells of that, people are told."""
        epic = shown(desk)
        desk.side.done(desk.side.story(epic))
        desk.refresh()
        desk.side.delete(epic)
        desk.publish()
        assert " is not written: HTTP 404: " in self.said(desk)
        assert not desk.wishes()

        desk.settle()
        assert not desk.notices(), "it is deleted, as we know now"

    def test_a_token_that_opens_nothing_rests_the_connection(self, desk, monkeypatch):
        epic = shown(desk)
        monkeypatch.setenv("JIRA_TOKEN", "expired")
        monkeypatch.setenv("ADO_TOKEN", "expired")
        for _ in range(5):
            desk.side.epic("Another", tag="kr:rated")
        desk.refresh()
        desk.clients = desk.connect(desk.mapping())
        assert desk.publish() == 1, "one item finds out for all"
        assert "nothing is read or written before" in self.said(desk)

        monkeypatch.setenv("JIRA_TOKEN", "simulated-token")
        monkeypatch.setenv("ADO_TOKEN", "pat")
        desk.clients = desk.connect(desk.mapping())
        desk.later(minutes=1)
        assert len({write.item for write in desk.side.writes}) == 6
        assert status(desk, epic)
        assert not desk.notices()


class TestRenamed:
    def test_a_field_renamed_in_the_tracker_is_followed(self, jira_desk):
        desk = jira_desk
        epic = shown(desk)
        desk.side.simulator.change_field("KR Progress", name="OKR Progress")
        desk.side.done(desk.side.story(epic))
        desk.apply(fields={**FIELDS, "KR Summary": "summary"})
        desk.later(minutes=5)

        assert desk.side.value(epic, "OKR Progress") == 50
        (line,) = desk.notices()
        assert (
            line
            == "KR Progress: is called 'OKR Progress' in the tracker now; it is written on, but say so in the mapping"
        )

    def test_a_field_that_vanished_takes_nothing_with_it(self, jira_desk):
        desk = jira_desk
        epic = shown(desk)
        desk.side.simulator.remove_field("KR Progress")
        desk.apply(fields={**FIELDS, "KR Summary": "summary"})
        desk.later(minutes=5)
        assert status(desk, epic)
        assert desk.side.value(epic, "KR Summary")

    def test_a_field_that_is_made_later_is_written_then(self, jira_desk):
        desk = jira_desk
        epic = shown(desk, fields={"OKR %": "percent", **FIELDS})
        desk.side.simulator.add_field("OKR %", "number")
        desk.apply(fields={"OKR %": "percent", **FIELDS, "KR Summary": "summary"})
        desk.later(minutes=5)
        assert desk.side.value(epic, "OKR %") == 0
        assert not desk.notices()

    def test_team_managed_projects_have_a_field_of_their_own_each(self, jira_desk):
        """One name, two fields: each item shows its own."""
        desk, site = jira_desk, jira_desk.side.simulator.site
        own = {}
        for key in ("SHOP", "PAY"):
            own[key] = desk.side.simulator.add_field("OKR", "number").id
            desk.side.simulator.change_field(own[key], project=site.project(key).id)
        desk.apply(fields={"OKR": "percent"})
        epics = {}
        for key in own:
            epics[key] = desk.side.simulator.create_issue(key, "Epic", key, {"labels": ["kr:built"]})
            desk.side.simulator.create_issue(key, "Story", key, {"parent": epics[key].id})
        desk.settle()

        assert [desk.side.value(epics[key].id, own[key]) for key in own] == [0, 0]
        assert not desk.notices()
        assert not desk.plan().problems

    def test_a_name_that_two_fields_share_is_asked_about(self, jira_desk):
        desk = jira_desk
        first, second = (desk.side.simulator.add_field("OKR", "number").id for _ in range(2))
        epic = shown(desk, fields={"OKR": "percent", "KR Status": "status"})
        assert status(desk, epic)
        assert desk.notices() == [
            f"OKR: several fields of this name on Epic in SHOP; write {first} (number) or {second} (number) in the mapping"
        ]


class TestWhatGoes:
    """What is not linked or not mapped any more is cleared, where it still holds our value."""

    def all_gone(self, desk: Desk, item: str) -> bool:
        fields = [desk.side.value(item, name) for name in ALL]
        return not any(value is not None for value in fields) and not desk.side.badges(item)

    def test_a_removed_tag(self, desk):
        epic = shown(desk, fields=ALL, remote_link=True)
        desk.side.untag(epic, "kr:built")
        desk.settle()
        assert self.all_gone(desk, epic)

    def test_a_removed_key_result(self, desk):
        epic = shown(desk, fields=ALL, remote_link=True)
        desk.apply(fields=ALL, remote_link=True, key_results={"rated": KEY_RESULTS["rated"]})
        desk.settle()
        assert self.all_gone(desk, epic)

    def test_a_removed_field(self, desk):
        epic = shown(desk, fields=ALL)
        desk.apply(fields=FIELDS)
        desk.settle()
        assert desk.side.value(epic, "KR Summary") is None
        assert desk.side.value(epic, "KR Progress") == 0

    def test_a_removed_badge(self, desk):
        epic = shown(desk, remote_link=True)
        desk.apply()
        desk.settle()
        assert not desk.side.badges(epic)
        assert desk.side.value(epic, "KR Progress") == 0

    def test_a_removed_write_back(self, desk):
        epic = shown(desk, fields=ALL, remote_link=True)
        desk.apply(write_back="")
        desk.settle()
        assert self.all_gone(desk, epic)

    def test_only_our_values_go(self, desk):
        epic = shown(desk, fields=ALL, remote_link=True)
        desk.side.edit(epic, "KR Summary", "ask Dana")
        desk.side.untag(epic, "kr:built")
        desk.settle()
        assert desk.side.value(epic, "KR Progress") is None
        assert desk.side.value(epic, "KR Summary") == "ask Dana"
        assert not desk.held()

    def test_a_link_that_comes_back_is_shown_again(self, desk):
        epic = shown(desk, fields=ALL, remote_link=True)
        desk.side.untag(epic, "kr:built")
        desk.settle()
        desk.side.tag(epic, "kr:built")
        desk.later(minutes=1)
        assert desk.side.value(epic, "KR Progress") == 0
        assert desk.side.badges(epic)

    def test_other_peoples_links_stay(self, jira_desk):
        desk = jira_desk
        epic = shown(desk, remote_link=True)
        theirs = {"globalId": "wiki", "object": {"url": "https://wiki.example", "title": "Wiki"}}
        desk.side.simulator.set_remote_link(epic, theirs)
        desk.side.untag(epic, "kr:built")
        desk.settle()
        assert desk.side.badges(epic) == ["https://wiki.example"]


class Stumbling:
    """A tracker that answers the first look at one item so that we stumble."""

    def __init__(self, client: TrackerClient, item: str) -> None:
        self._client = client
        self._item = item

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def current(self, item: str, fields: Sequence[str], *, badge: bool) -> Current:
        if item == self._item:
            raise KeyError("rev")
        return self._client.current(item, fields, badge=badge)


class TestWritesThatFail:
    def test_what_nobody_expected_stops_no_other_item_and_is_given_up_in_the_end(self, desk):
        desk.apply()
        desk.settle()
        name, real = desk.side.name, desk.clients[desk.side.name]
        odd, even = desk.side.epic("Odd", tag="kr:rated"), desk.side.epic("Even", tag="kr:rated")
        desk.clients[name] = Stumbling(real, odd)
        desk.settle()
        assert status(desk, even)
        (wish,) = desk.wishes()
        assert wish.reason == "okrlink failed to write it (KeyError)"
        for _ in range(20):
            desk.later(minutes=15)
        (wish,) = desk.wishes("dead")
        assert (wish.ref.id, wish.reason) == (odd, "okrlink failed to write it (KeyError)")

        desk.clients[name] = real
        desk.replay()
        desk.settle()
        assert status(desk, odd)

    def test_a_write_that_can_never_work_is_kept_with_the_trackers_words(self, ado_desk):
        desk = ado_desk
        desk.side.simulator.settings.revision_cap = 1
        shown(desk)
        (wish,) = desk.wishes("dead")
        assert "has reached the limit of 1 revisions" in wish.reason

        tries = desk.side.tries
        desk.later(hours=1)
        assert desk.side.tries == tries

    def test_replay_tries_again(self, ado_desk):
        desk = ado_desk
        desk.side.simulator.settings.revision_cap = 1
        epic = shown(desk)
        desk.side.simulator.settings.revision_cap = 10_000
        desk.replay()
        desk.settle()
        assert desk.side.value(epic, "KR Progress") == 0
        assert not desk.wishes("dead")

    def test_a_newer_value_is_tried_on_its_own(self, ado_desk):
        desk = ado_desk
        desk.side.simulator.settings.revision_cap = 1
        epic = shown(desk)
        desk.side.simulator.settings.revision_cap = 10_000
        desk.side.done(desk.side.story(epic))
        desk.settle()
        assert desk.side.value(epic, "KR Progress") == 50
        assert not desk.wishes("dead")


TWO = {
    name: KEY_RESULTS["built"].replace("The new checkout is built", title)
    for name, title in (("built", "The checkout is built"), ("paid", "Payment is built"))
}


class TestSeveralKeyResults:
    """Of an item of several, `many` decides. Here the checkout is done, and of the payment a half; linked to that first."""

    def epic(self, desk: Desk, many: str) -> str:
        desk.apply(fields=ALL, remote_link=True, many=many, key_results=TWO)
        epic = desk.side.epic(tag="kr:paid")
        desk.side.done(desk.side.story(epic))
        desk.side.story(desk.side.epic("Cash", tag="kr:paid"))
        desk.settle()
        desk.clock.forward(minutes=5)
        desk.side.tag(epic, "kr:built")
        desk.settle()
        return epic

    def test_a_list_names_all_and_shows_the_worst(self, desk):
        epic = self.epic(desk, "list")
        assert desk.side.value(epic, "KR Progress") == 50
        summary = desk.side.value(epic, "KR Summary")
        assert summary.startswith("Payment is built: 50 % · ")
        assert summary.endswith(" | The checkout is built: 100 % · done")
        assert desk.side.badges(epic) == ["https://okr.example/key-results/checkout.paid"]

    def test_the_worst(self, desk):
        epic = self.epic(desk, "worst")
        assert desk.side.value(epic, "KR Summary").startswith("50 % · ")

    def test_the_first(self, desk):
        epic = self.epic(desk, "first")
        assert desk.side.value(epic, "KR Summary").startswith("50 % · ")
        desk.side.untag(epic, "kr:paid")
        desk.later(minutes=1)
        assert desk.side.value(epic, "KR Summary").startswith("100 % · done")
        desk.side.tag(epic, "kr:paid")
        desk.later(minutes=1)
        assert desk.side.value(epic, "KR Summary").startswith("100 % · done"), "the one linked first goes on speaking"
        assert desk.side.badges(epic) == ["https://okr.example/key-results/checkout.built"]


class TestTypes:
    """`to` shows a key result on items of these types, also where the link is inherited."""

    def test_inherited(self, desk):
        kind = "Story" if desk.side.name == "jira" else "User Story"
        desk.apply(to=f"[{kind}]")
        epic = desk.side.epic()
        story = desk.side.story(epic)
        desk.settle()
        assert desk.side.value(story, "KR Progress") == 0
        assert desk.side.value(epic, "KR Progress") is None

        desk.clock.forward(minutes=5)
        desk.side.untag(epic, "kr:built")
        desk.settle()
        assert desk.side.value(story, "KR Progress") is None

    def test_types_that_change_in_the_mapping(self, desk):
        epic = shown(desk)
        desk.apply(to="[Feature]")
        desk.settle()
        assert desk.side.value(epic, "KR Progress") is None
        desk.apply(to="[epic]")
        desk.later(minutes=1)
        assert desk.side.value(epic, "KR Progress") == 0


def test_what_a_badge_says(desk):
    epic = shown(desk, remote_link=True)
    if desk.side.name == "jira":
        (link,) = desk.side.simulator.site.issue(epic).remote_links.values()
        assert link["object"]["title"] == "The new checkout is built"
        assert link["object"]["summary"].startswith("0 % · ")
        assert link["object"]["status"]["resolved"] is False
    else:
        (comment,) = desk.side.simulator.hyperlinks(int(epic)).values()
        assert comment.startswith("okrlink: The new checkout is built | 0 % · ")


def test_an_outage_during_the_read_of_a_field_list_is_survived(desk):
    desk.side.faults.add(Fault("unavailable", times=3))
    epic = shown(desk)
    for _ in range(3):
        desk.later(minutes=1)
    assert desk.side.value(epic, "KR Progress") == 0
