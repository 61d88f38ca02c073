"""The client against the simulated Jira Cloud: what it reads, what it writes, and what each refusal becomes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
import requests

from integration.core.errors import Gone, Permanent, Refused, Retryable
from integration.core.facts import ItemSeen, TrackerFact
from integration.core.items import join
from integration.core.write_back import Badge, Edit
from integration.simulators.faults import Fault
from integration.simulators.jira import JiraSimulator
from integration.trackers.contract import Connection, Secret, TrackerClient
from integration.trackers.jira import TRACKER
from integration.trackers.jira.rest import Rest
from integration.trackers.jira.values import same
from tests.simulators.listening import Listener

POINTS, ESTIMATE = "customfield_10036", "customfield_10016"
PROGRESS, STATUS, SUMMARY = "customfield_10051", "customfield_10052", "customfield_10053"
BADGE = Badge(url="https://okr.example/kr/rebuilt", title="The new checkout is built", summary="62 % · on track")


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}, write_limits=()) as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def connection(jira: JiraSimulator) -> Connection:
    return Connection(
        name="jira", tracker="jira", url=jira.url, projects=("SHOP",), user=jira.email, token=Secret(jira.token)
    )


@pytest.fixture
def client(connection: Connection) -> TrackerClient:
    return TRACKER.connect(connection)


def seen(facts: list[TrackerFact] | tuple[TrackerFact, ...]) -> dict[str, ItemSeen]:
    return {str(fact.item): fact for fact in facts if isinstance(fact, ItemSeen)}


def test_what_is_read_knows_of_changes_in_the_same_millisecond_whose_webhooks_were_lost(connection: Connection) -> None:
    """One of two labels set at one time was heard of; the other is read."""
    moment = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with Listener() as listener, JiraSimulator(clock=lambda: moment) as jira:
        key = jira.create_issue("SHOP", "Story", "Pay by card")
        jira.webhooks.register(listener.url)
        jira.edit(key, {"labels": ["first"]})
        jira.edit(key, {"labels": ["first", "second"]})
        assert jira.deliveries.drain()
        heard = next(got.json for got in listener.received if got.json["issue"]["fields"]["labels"] == ["first"])
        client = TRACKER.connect(replace(connection, url=jira.url))
        told = [*TRACKER.translate(heard, moment).facts, *client.item(key.id)]

    for order in (told, told[::-1]):
        state = join({}, [fact for fact in order if isinstance(fact, ItemSeen)])
        assert state["labels"].value == ("first", "second")


class TestReading:
    def test_the_catalogue(self, jira: JiraSimulator, client: TrackerClient) -> None:
        notes = jira.add_field("KR Notes", "textarea")
        team = jira.add_field("Team", "option", ["Blue", "Green"])

        catalogue = client.catalogue()

        types = {known.id: known.type for known in catalogue.fields}
        assert types[PROGRESS] == "number"
        assert types[STATUS] == "text"
        assert types[notes.id] == "rich text"
        assert types[team.id] == "option"
        assert types["duedate"] == "date"
        assert types["labels"] == "other"
        assert {known.id for known in catalogue.with_role("story points")} == {POINTS, ESTIMATE}
        assert {known.id for known in catalogue.with_role("sprint")} == {"customfield_10020"}
        assert [known.id for known in catalogue.named("kr progress")] == [PROGRESS]
        assert not next(known for known in catalogue.fields if known.id == "status").writable
        assert catalogue.state_of("Story", "In Progress") == "in progress"
        assert catalogue.state_of("Story", "renamed since", "10002") == "done"
        assert {catalogue.levels[name] for name in ("epic", "story", "sub-task")} == {"portfolio", "item", "subtask"}
        assert catalogue.projects["SHOP"] == "Bookshop"
        assert "PAY" not in catalogue.projects
        assert catalogue.account.startswith("712020:")

    def test_without_projects_the_connection_has_all(self, connection: Connection) -> None:
        everything = TRACKER.connect(replace(connection, projects=()))

        assert {"SHOP", "PAY"} <= set(everything.catalogue().projects)

    def test_an_issue_by_rest_is_the_same_as_by_webhook(self) -> None:
        with (
            Listener() as listener,
            JiraSimulator(webhook=listener.url, secret="s", time_zone="Asia/Tokyo") as jira,
        ):
            client = TRACKER.connect(
                Connection(name="jira", tracker="jira", url=jira.url, user=jira.email, token=Secret(jira.token))
            )
            epic = jira.create_issue("SHOP", "Epic", "The new checkout")
            sprint = jira.create_sprint("Week 41")
            story = jira.create_issue("SHOP", "Story", "Pay by card", {"Story Points": 5, "parent": epic.key})
            jira.edit(story, {"labels": ["checkout"], "Sprint": [sprint.id], "description": "With any card."})
            jira.transition(story, "Done")
            assert jira.deliveries.drain()
            delivered = [
                TRACKER.translate(each.json, datetime.now(UTC))
                for each in listener.received
                if each.json.get("issue", {}).get("id") == story.id
            ]
            by_webhook = seen([fact for told in delivered for fact in told.facts])[story.id]
            by_rest = seen(client.item(story.id))[story.id]

            assert by_rest.at == by_webhook.at
            assert by_rest.fields.items() <= by_webhook.fields.items()
            assert {"parent", "labels", "status", "category", "done_at", POINTS} <= set(by_rest.fields)
            assert client.item(story.id)[0] == delivered[0].facts[0]

    def test_issues_are_read_together_as_they_are_one_by_one(self, jira: JiraSimulator, client: TrackerClient) -> None:
        stories = [jira.create_issue("SHOP", "Story", f"Story {n}").id for n in range(3)]
        jira.delete(stories[2])

        found = client.items(stories)

        assert list(found) == stories
        assert [found[story] for story in stories[:2]] == [client.item(story) for story in stories[:2]]
        assert isinstance(found[stories[2]], Gone)

    def test_a_subtree_comes_level_by_level_and_page_by_page(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        stories = [jira.create_issue("SHOP", "Story", f"Story {n}", {"parent": epic.key}) for n in range(130)]
        task = jira.create_issue("SHOP", "Sub-task", "Write the tests", {"parent": stories[0].key})
        jira.create_issue("SHOP", "Story", "Elsewhere")

        pages = list(client.subtree(epic.id))

        found = seen([fact for page in pages for fact in page])
        assert set(found) == {epic.id, task.id, *(story.id for story in stories)}
        assert found[task.id].fields["parent"] == stories[0].id
        assert max(len(seen(list(page))) for page in pages) <= 100
        assert list(seen(list(pages[0]))) == [epic.id]

    def test_what_stands_in_the_fields_now(self, jira: JiraSimulator, client: TrackerClient) -> None:
        notes = jira.add_field("KR Notes", "textarea")
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.edit(epic, {"KR Progress": 62, "KR Status": "on track", notes.name: "first line\nsecond line"})

        current = client.current(epic.id, [PROGRESS, STATUS, SUMMARY, notes.id], badge=True)

        assert current.fields == {
            PROGRESS: 62.0,
            STATUS: "on track",
            SUMMARY: None,
            notes.id: "first line\nsecond line",
        }
        assert current.badge is None
        assert current.key == epic.key

    def test_who_gave_a_field_its_value(self, jira: JiraSimulator, client: TrackerClient) -> None:
        dana = jira.add_user("Dana Reis")
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.write(epic.id, {PROGRESS: 40})
        jira.edit(epic, {"KR Progress": 62.5}, by=dana.account_id)
        for n in range(230):
            jira.edit(epic, {"summary": f"The new checkout, take {n}"})

        assert client.last_edit(epic.id, PROGRESS) == Edit(dana.account_id, 62.5)
        assert client.last_edit(epic.id, STATUS) is None

    def test_our_own_edit_is_known_by_our_account(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.write(epic.id, {PROGRESS: 40, STATUS: "on track"})

        assert client.last_edit(epic.id, STATUS) == Edit(client.catalogue().account, "on track")


class TestWriting:
    def test_one_quiet_edit_for_all_fields(self, jira: JiraSimulator, client: TrackerClient) -> None:
        notes = jira.add_field("KR Notes", "textarea")
        team = jira.add_field("Team", "option", ["Blue", "Green"])
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        client.write(epic.id, {PROGRESS: 62, STATUS: "on track", notes.id: "one\n\ntwo", team.id: "Green"})

        assert [jira.value(epic, name) for name in ("KR Progress", "KR Status", "Team")] == [62, "on track", "Green"]
        assert client.current(epic.id, [notes.id], badge=False).fields == {notes.id: "one\n\ntwo"}
        [write] = jira.writes
        assert (write.method, write.query) == ("PUT", {"notifyUsers": "false"})
        assert jira.emails == []

    def test_an_option_is_found_by_its_name_and_asked_for_once(
        self, jira: JiraSimulator, client: TrackerClient
    ) -> None:
        health = jira.add_field("Health", "option", ["On Track", "At Risk"])
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        for value in ("on track", "at risk", None):
            client.write(epic.id, {health.id: value})

        assert [said["fields"][health.id] for said in (one.body for one in jira.writes)] == [
            {"value": "On Track"},
            {"value": "At Risk"},
            None,
        ]
        assert len([one for one in jira.requests if one.path.endswith("/editmeta")]) == 1

    def test_an_option_that_is_none_is_refused_before_anything_is_written(
        self, jira: JiraSimulator, client: TrackerClient
    ) -> None:
        health = jira.add_field("Health", "option", ["On Track"])
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        with pytest.raises(Permanent, match="it has no option 'missed'; add it to the field's options") as error:
            client.write(epic.id, {health.id: "missed", PROGRESS: 62})

        assert set(error.value.fields) == {health.id}
        jira.assert_readonly()

    def test_an_edit_that_need_not_be_quiet(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        client.write(epic.id, {PROGRESS: 62}, quiet=False)

        assert jira.emails == [epic.key]

    def test_none_clears(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.write(epic.id, {PROGRESS: 62, STATUS: "on track"})

        client.write(epic.id, {PROGRESS: None, STATUS: None})

        assert [jira.value(epic, name) for name in ("KR Progress", "KR Status")] == [None, None]

    def test_writing_twice_writes_once(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        for _ in range(2):
            client.write(epic.id, {PROGRESS: 62})
        assert len(epic.history) == 1

        for _ in range(2):
            client.write(epic.id, {}, badge=BADGE)
        assert len(epic.remote_links) == 1

    def test_an_answer_that_was_lost_is_asked_for_again_without_harm(
        self, jira: JiraSimulator, client: TrackerClient
    ) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.catalogue()
        jira.faults.add(Fault("work then cut", method="PUT"))

        with pytest.raises(Retryable):
            client.write(epic.id, {PROGRESS: 62})
        client.write(epic.id, {PROGRESS: 62})

        assert len(epic.history) == 1

    def test_the_badge_is_written_whole_changed_and_removed(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.write(epic.id, {}, badge=BADGE)
        assert client.current(epic.id, [], badge=True).badge == BADGE

        reached = replace(BADGE, summary="100 % · reached", resolved=True)
        client.write(epic.id, {}, badge=reached)
        assert client.current(epic.id, [], badge=True).badge == reached

        for _ in range(2):
            client.write(epic.id, {}, remove_badge=True)
            assert client.current(epic.id, [], badge=True).badge is None

    def test_other_links_of_the_issue_are_left_alone(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.set_remote_link(epic, {"globalId": "design", "object": {"url": "https://d.example", "title": "Design"}})

        client.write(epic.id, {}, badge=BADGE)
        client.write(epic.id, {}, remove_badge=True)

        assert list(epic.remote_links) == ["design"]

    def test_silence_needs_an_administrator(self, jira: JiraSimulator, client: TrackerClient) -> None:
        jira.forbid("ADMINISTER")
        assert client.why_not_quiet("SHOP") is None
        assert client.why_not_quiet(""), "which project it is in is not known: that of another one does not count"

        jira.forbid("ADMINISTER_PROJECTS")
        why = client.why_not_quiet("PAY")

        assert why is not None
        assert "quiet: false" in why
        jira.assert_readonly()

    def test_a_project_that_is_not_shown_is_not_written_quietly(self, client: TrackerClient) -> None:
        assert "cannot see the project NOPE" in str(client.why_not_quiet("NOPE"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "after"),
        [
            (Fault("throttle", retry_after=7), 7),
            (Fault("unavailable", retry_after=3), 3),
            (Fault("unavailable"), None),
            (Fault("error"), None),
            (Fault("html"), None),
            (Fault("broken json"), None),
            (Fault("cut"), None),
        ],
        ids=lambda value: value.kind if isinstance(value, Fault) else "",
    )
    @pytest.mark.parametrize("how", ["read", "write"])
    def test_what_may_work_later_is_retryable_at_once(
        self, jira: JiraSimulator, client: TrackerClient, fault: Fault, after: float | None, how: str
    ) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.catalogue()
        jira.faults.add(fault)
        began = time.monotonic()

        with pytest.raises(Retryable) as error:
            client.item(epic.id) if how == "read" else client.write(epic.id, {PROGRESS: 62})

        assert error.value.after == after
        assert time.monotonic() - began < 2, "the library slept"
        assert len(jira.faults.hits) == 1, "the library tried again"

    def test_jiras_own_words(self, jira: JiraSimulator, client: TrackerClient) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.change_field("KR Progress", editable=False)

        with pytest.raises(Permanent) as error:
            client.write(epic.id, {PROGRESS: 62, STATUS: "on track"})

        assert set(error.value.fields) == {PROGRESS}
        assert "appropriate screen" in error.value.fields[PROGRESS]
        assert f"HTTP 400: {PROGRESS}: Field" in error.value.reason

    def test_a_wrong_token_is_refused_and_not_told(self, connection: Connection) -> None:
        stranger = TRACKER.connect(replace(connection, token=Secret("not-the-token")))

        for call in CALLS:
            with pytest.raises(Refused, match="HTTP 401") as error:
                call(stranger)
            assert "not-the-token" not in str(error.value)

    def test_no_token_is_refused(self, connection: Connection) -> None:
        nobody = TRACKER.connect(replace(connection, user=None, token=None))

        with pytest.raises(Refused):
            nobody.item("1")

    @pytest.mark.parametrize("what", ["item", "current", "last_edit", "write", "subtree"])
    def test_an_issue_that_was_deleted_is_gone(self, jira: JiraSimulator, client: TrackerClient, what: str) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.delete(epic)
        calls: dict[str, Callable[[], object]] = {
            "item": lambda: client.item(epic.id),
            "current": lambda: client.current(epic.id, [PROGRESS], badge=True),
            "last_edit": lambda: client.last_edit(epic.id, PROGRESS),
            "write": lambda: client.write(epic.id, {PROGRESS: 1}),
            "subtree": lambda: list(client.subtree(epic.id)),
        }

        with pytest.raises(Gone, match="does not exist"):
            calls[what]()

    def test_a_site_that_is_not_there(self, connection: Connection) -> None:
        nowhere = TRACKER.connect(replace(connection, url="http://127.0.0.1:9"))

        for call in CALLS:
            with pytest.raises(Retryable, match="cannot be reached"):
                call(nowhere)

    def test_nobody_is_told_that_an_issue_is_gone(self) -> None:
        """With an expired token Jira lets us in as nobody, to whom no issue exists."""
        rest = Rest("https://bookshop.example", lambda: answer(401))

        with pytest.raises(Refused):
            rest.told(lambda: answer(404, {"errorMessages": ["Issue does not exist"], "errors": {}}))

    @pytest.mark.parametrize(
        "body", [[], 7, {"id": []}, {"id": "1", "fields": []}, {"id": "1", "fields": {"updated": 1e99}}]
    )
    def test_json_of_another_shape_is_no_answer(self, client: TrackerClient, body: object) -> None:
        asking: TrackerClient = type(client)(
            Odd(body), Odd(body), Connection("jira", "jira", "https://bookshop.example")
        )

        for call in CALLS:
            with pytest.raises(Retryable, match="unexpected"):
                call(asking)


CALLS: list[Callable[[TrackerClient], object]] = [
    lambda client: client.item("1"),
    lambda client: list(client.subtree("1")),
]


def answer(status: int, body: object = None) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = "https://bookshop.example/rest/api/3/anything"
    response._content = b"" if body is None else orjson.dumps(body)
    return response


class Odd:
    """A Jira that answers everything with one body."""

    def __init__(self, body: object) -> None:
        self.body = body

    def __getattr__(self, name: str) -> Callable[..., requests.Response]:
        return lambda *_about, **_asked: answer(200, self.body)


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "equal"),
    [
        ("number", 62, 62.0, True),
        ("number", 0.1 + 0.2, 0.3, True),
        ("number", 62, 63, False),
        ("number", 0, None, False),
        ("number", None, None, True),
        ("number", 62, "62", True),
        ("text", "on track", "on track ", True),
        ("text", "", None, True),
        ("text", "on track", "On track", False),
        ("text", 62, "62", True),
        ("rich text", "one\n\ntwo", "one\n\ntwo\n", True),
        ("rich text", "one", "two", False),
        ("option", "Green", "Green", True),
        ("option", "on track", "On  Track", True),
        ("option", "on track", "At risk", False),
        ("date", "2026-12-31", "2026-12-31", True),
        ("other", None, "", True),
    ],
)
def test_what_is_the_same_to_jira(kind: str, ours: str | float | None, theirs: str | float | None, equal: bool) -> None:
    assert same(kind, ours, theirs) is equal
