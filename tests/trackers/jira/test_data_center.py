"""The client against the simulated Data Center: what it does otherwise than on the Cloud."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from integration.core.errors import Gone, Permanent, Refused, Retryable, Unverified
from integration.core.facts import ItemSeen, TrackerFact
from integration.core.write_back import Badge, Edit
from integration.simulators.faults import Fault
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.simulators.jira_data_center_gate import Rate
from integration.simulators.server import Server
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Secret, TrackerClient
from tests.simulators.asking_jira import Clock
from tests.simulators.listening import Listener

TRACKER = TRACKERS["jira-data-center"]
EPIC_LINK, POINTS = "customfield_10014", "customfield_10036"
PROGRESS, STATUS = "customfield_10051", "customfield_10052"
BADGE = Badge(url="https://okr.example/kr/rebuilt", title="The new checkout is built", summary="62 % · on track")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jira(clock: Clock) -> Iterator[JiraDataCenterSimulator]:
    with JiraDataCenterSimulator(clock=clock, projects={"SHOP": "Bookshop", "PAY": "Payments"}) as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def connection(jira: JiraDataCenterSimulator) -> Connection:
    return Connection(
        name="jira", tracker="jira-data-center", url=jira.url, projects=("SHOP",), token=Secret(jira.token)
    )


@pytest.fixture
def client(connection: Connection) -> TrackerClient:
    return TRACKER.connect(connection)


def seen(facts: Sequence[TrackerFact]) -> dict[str, dict[str, object]]:
    """What is told of each issue, later tellings over earlier ones."""
    told: dict[str, dict[str, object]] = {}
    for fact in sorted((fact for fact in facts if isinstance(fact, ItemSeen)), key=lambda fact: (fact.at, fact.order)):
        told.setdefault(str(fact.item), {}).update(fact.fields)
    return told


class TestSigningIn:
    def test_by_a_personal_access_token_or_by_name_and_password(self, jira, connection, client) -> None:
        by_name = TRACKER.connect(replace(connection, user=jira.login, token=Secret(jira.password)))

        assert client.catalogue().account == by_name.catalogue().account == jira.site.user("okrlink").account_id

    def test_below_a_path(self, connection) -> None:
        """Many a Data Center lives below /jira; whatever is asked has to go there."""
        asked: list[str] = []

        def busy(environ, start_response):
            asked.append(environ["PATH_INFO"])
            start_response("503 Service Unavailable", [])
            return []

        with Server(busy) as server:
            elsewhere = TRACKER.connect(replace(connection, url=f"{server.url}/jira"))
            for call in (
                lambda: elsewhere.item("1"),
                lambda: elsewhere.write("1", {}, badge=BADGE),
                lambda: elsewhere.why_not_quiet("SHOP"),
                lambda: list(elsewhere.history("sprints", datetime.now(UTC), None)),
            ):
                with pytest.raises(Retryable):
                    call()

        assert [path.partition("/rest/")[0] for path in asked] == ["/jira"] * 4

    def test_a_wrong_token_is_refused_and_not_told(self, connection) -> None:
        stranger = TRACKER.connect(replace(connection, token=Secret("not-the-token")))

        with pytest.raises(Refused, match="HTTP 401") as error:
            stranger.catalogue()
        assert "not-the-token" not in str(error.value)


class TestExamining:
    def test_who_we_are_what_we_see_and_what_we_may(self, jira, connection) -> None:
        jira.forbid("LINK_ISSUES")
        assert TRACKER.examiner is not None
        examiner = TRACKER.examiner(connection)

        assert examiner.introduce().account.startswith("okrlink")
        assert [one.key for one in examiner.projects()] == ["SHOP", "PAY"]
        [shop, _] = examiner.projects()
        granted = {one.ability: one.granted for one in examiner.permissions(shop, ["edit", "link", "write quietly"])}
        assert granted == {"edit": True, "link": False, "write quietly": True}
        assert "Sub-task" in examiner.words().types
        jira.assert_readonly()


class TestReading:
    def test_the_catalogue(self, jira, client) -> None:
        catalogue = client.catalogue()

        assert [known.id for known in catalogue.with_role("epic link")] == [EPIC_LINK]
        assert [known.id for known in catalogue.with_role("story points")] == [POINTS]
        assert {catalogue.levels[name] for name in ("epic", "story", "sub-task")} == {"portfolio", "item", "subtask"}
        assert catalogue.projects["SHOP"] == "Bookshop"
        assert "PAY" not in catalogue.projects

    def test_projects_are_named_by_key_or_name_and_none_means_all(self, connection) -> None:
        for named, there in ((("shop",), {"SHOP"}), (("Payments",), {"PAY"}), ((), {"SHOP", "PAY"})):
            projects = TRACKER.connect(replace(connection, projects=named)).catalogue().projects
            assert {key for key in projects if not key.isdecimal()} == there

    def test_a_subtree_goes_by_epic_link_and_by_parent(self, jira, client) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        stories = [jira.create_issue("SHOP", "Story", f"Story {n}", {"Epic Link": epic.key}) for n in range(130)]
        part = jira.create_issue("SHOP", "Sub-task", "Write the tests", {"parent": stories[0].key})
        jira.create_issue("SHOP", "Story", "Elsewhere")

        pages = list(client.subtree(epic.id))

        found = seen([fact for page in pages for fact in page])
        assert set(found) == {epic.id, part.id, *(story.id for story in stories)}
        assert found[stories[0].id][EPIC_LINK] == epic.key
        assert found[stories[0].id]["parent"] is None
        assert found[part.id]["parent"] == stories[0].id
        assert max(len(seen(page)) for page in pages) <= 100
        jira.assert_readonly()

    def test_what_search_finds_is_read_together(self, jira, client) -> None:
        """It knows an issue only a little after it was made: what it misses has to be asked for by itself."""
        stories = [jira.create_issue("SHOP", "Story", f"Story {n}").id for n in range(2)]

        found = client.items([*stories, "99999", "SHOP-1"])

        assert found == {story: client.item(story) for story in stories}
        assert client.items(["SHOP-1"]) == {}

    def test_without_epics_only_sub_tasks_are_below(self, jira, client) -> None:
        """A Data Center without Jira Software knows no epic link."""
        jira.remove_field("Epic Link")
        story = jira.create_issue("SHOP", "Story", "Pay by card")
        part = jira.create_issue("SHOP", "Sub-task", "Write the tests", {"parent": story.key})

        assert set(seen([fact for page in client.subtree(story.id) for fact in page])) == {story.id, part.id}

    def test_an_issue_by_rest_is_the_same_as_by_webhook(self, clock) -> None:
        with (
            Listener() as listener,
            JiraDataCenterSimulator(webhook=listener.url, secret="s", clock=clock, time_zone="Asia/Tokyo") as jira,
        ):
            client = TRACKER.connect(Connection("jira", "jira-data-center", jira.url, token=Secret(jira.token)))
            epic, other = (jira.create_issue("SHOP", "Epic", name) for name in ("The new checkout", "Other"))
            sprint = jira.create_sprint("Week 41")
            story = jira.create_issue("SHOP", "Story", "Pay by card", {"Story Points": 5, "Epic Link": epic.key})
            for happens in (
                lambda: jira.edit(story, {"labels": ["checkout"], "Sprint": [sprint.id], "assignee": "Dana Ortiz"}),
                lambda: jira.transition(story, "Done"),
                lambda: jira.set_parent(story, other),
                lambda: jira.comment(story, "nice"),
            ):
                clock.pass_(hours=1)
                happens()
            assert jira.deliveries.drain()
            heard = [
                fact
                for each in listener.received
                for fact in TRACKER.translate(each.json, datetime.now(UTC)).facts
                if fact.item == story.id
            ]
            read = client.item(story.id)

        by_webhook, by_rest = seen(heard)[story.id], seen(read)[story.id]
        since = [datetime.fromisoformat(str(told.pop("status_changed"))) for told in (by_rest, by_webhook)]
        assert since[0] - since[1] == timedelta(milliseconds=4)  # a changelog is so much younger than its webhook
        assert by_rest == {name: value for name, value in by_webhook.items() if name in by_rest}
        assert by_rest[EPIC_LINK] == other.key
        assert by_rest["customfield_10020"] == ("Week 41",)
        assert by_rest["assignee"] == jira.site.user("Dana Ortiz").account_id
        assert read[0] == heard[0]

    def test_who_gave_a_field_its_value(self, jira, client) -> None:
        """History names fields as people do, so a name that two fields have tells nothing."""
        dana = jira.add_user("Dana Reis")
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.write(epic.id, {PROGRESS: 40, STATUS: "on track"})
        jira.edit(epic, {"KR Progress": 62.5}, by=dana.account_id)
        for n in range(230):
            jira.edit(epic, {"summary": f"The new checkout, take {n}"})

        assert client.last_edit(epic.id, PROGRESS) == Edit(dana.account_id, 62.5)
        assert client.last_edit(epic.id, STATUS) == Edit(client.catalogue().account, "on track")
        assert client.last_edit(epic.id, POINTS) is None
        jira.add_field("KR Progress", "number")
        client.catalogue()
        assert client.last_edit(epic.id, PROGRESS) is None


class TestWriting:
    def test_one_quiet_edit_for_all_fields(self, jira, client) -> None:
        notes = jira.add_field("KR Notes", "textarea")
        team = jira.add_field("Team", "option", ["Blue", "Green"])
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")

        client.write(epic.id, {PROGRESS: 62, STATUS: "on track", notes.id: "one\n\ntwo", team.id: "Green"})

        names = ("KR Progress", "KR Status", "KR Notes", "Team")
        assert [jira.value(epic, name) for name in names] == [62, "on track", "one\n\ntwo", "Green"]
        current = client.current(epic.id, [PROGRESS, notes.id, team.id], badge=False)
        assert current.fields == {PROGRESS: 62.0, notes.id: "one\n\ntwo", team.id: "Green"}
        [write] = jira.writes
        assert (write.method, write.path, write.query) == (
            *("PUT", f"/rest/api/2/issue/{epic.id}"),
            {"notifyUsers": "false"},
        )
        assert not jira.emails

    def test_the_badge_is_written_whole_changed_and_removed(self, jira, client) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.write(epic.id, {}, badge=BADGE)
        assert client.current(epic.id, [], badge=True).badge == BADGE

        reached = replace(BADGE, summary="100 % · reached", resolved=True)
        client.write(epic.id, {}, badge=reached)
        assert client.current(epic.id, [], badge=True).badge == reached

        for _ in range(2):
            client.write(epic.id, {}, remove_badge=True)
            assert client.current(epic.id, [], badge=True).badge is None

    def test_a_field_that_is_on_no_screen(self, jira, client) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.change_field("KR Progress", on_screens=False)

        with pytest.raises(Permanent, match="not on the appropriate screen") as error:
            client.write(epic.id, {PROGRESS: 62, STATUS: "on track"})

        assert set(error.value.fields) == {PROGRESS}
        assert jira.value(epic, "KR Status") is None

    def test_silence_needs_an_administrator(self, jira, client) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.forbid("ADMINISTER")
        assert client.why_not_quiet("SHOP") is None
        assert client.why_not_quiet(""), "which project it is in is not known: that of another one does not count"
        jira.forbid("ADMINISTER_PROJECTS")

        why = client.why_not_quiet("PAY")

        assert "refuse every quiet write of this account" in str(why)
        with pytest.raises(Refused, match="project admin permissions are required"):
            client.write(epic.id, {PROGRESS: 62})
        client.write(epic.id, {PROGRESS: 62}, quiet=False)
        assert jira.emails == [epic.key]


class TestRefusals:
    def test_no_answer_that_is_good_makes_anybody_wait(self, jira, client) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        for _ in range(5):
            client.item(epic.id)

        assert client.asked_to_wait() == 0

    def test_whoever_asks_too_often_is_told_for_how_long_to_wait(self, clock) -> None:
        with JiraDataCenterSimulator(clock=clock, rate=Rate(limit=1, fill=1, interval=60)) as jira:
            client = TRACKER.connect(Connection("jira", "jira-data-center", jira.url, token=Secret(jira.token)))
            issue = jira.create_issue("SHOP", "Epic", "The new checkout")
            client.item(issue.id)
            with pytest.raises(Retryable) as error:
                client.item(issue.id)

        assert error.value.after is not None
        assert 50 <= error.value.after <= 60
        assert error.value.scope == "connection"

    @pytest.mark.parametrize("fault", ["unavailable", "error", "html", "broken json", "cut"])
    def test_what_may_work_later_is_retryable_at_once(self, jira, client, fault) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        client.catalogue()
        began = time.monotonic()
        for call in (lambda: client.item(epic.id), lambda: client.write(epic.id, {PROGRESS: 62})):
            jira.faults.add(Fault(fault))
            with pytest.raises(Retryable):
                call()

        assert time.monotonic() - began < 2, "the library slept"
        assert len(jira.faults.hits) == 2, "the library tried again"

    def test_an_issue_that_was_deleted_is_gone(self, jira, client) -> None:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.delete(epic)

        for call in (
            lambda: client.item(epic.id),
            lambda: client.current(epic.id, [PROGRESS], badge=True),
            lambda: client.last_edit(epic.id, PROGRESS),
            lambda: client.write(epic.id, {PROGRESS: 1}),
        ):
            with pytest.raises(Gone, match="does not exist"):
                call()


class TestWhoSent:
    @pytest.mark.parametrize("user", [None, "hook"])
    def test_a_delivery_is_signed_or_opened_by_a_user(self, connection, user) -> None:
        with Listener() as listener:
            with JiraDataCenterSimulator(webhook=listener.url, secret="s", webhook_user=user) as jira:
                jira.create_issue("SHOP", "Epic", "The new checkout")
                assert jira.deliveries.drain()
            [one] = listener.received
        headers = {name.lower(): value for name, value in one.headers.items()}
        known = replace(connection, webhook_user=user, webhook_secrets=(Secret("another"), Secret("s")))

        TRACKER.verify(known, headers, one.body)

        for wrong in (
            replace(known, webhook_secrets=(Secret("another"),)),
            replace(known, webhook_user="hook" if user is None else None),
        ):
            with pytest.raises(Unverified):
                TRACKER.verify(wrong, headers, one.body)
        assert TRACKER.delivery_id(headers, one.body).startswith("sha256:")
        assert TRACKER.translate(orjson.loads(one.body), datetime.now(UTC)).event == "jira:issue_created"


def test_an_option_is_found_by_its_name(jira: JiraDataCenterSimulator, client: TrackerClient) -> None:
    health = jira.add_field("Health", "option", ["On Track"])
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    client.write(epic.id, {health.id: "on track"})
    with pytest.raises(Permanent, match="no option 'missed'"):
        client.write(epic.id, {health.id: "missed"})

    assert jira.value(epic, "Health") == "On Track"
