"""The past of the simulated Jira Cloud, as the client reads it: everything once, from wherever it was left."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.errors import Permanent
from integration.core.facts import (
    Commented,
    ItemCreated,
    ItemSeen,
    LinkAdded,
    SprintChanged,
    StatusChanged,
    TrackerFact,
    VersionChanged,
)
from integration.core.queries import Query
from integration.simulators.jira import JiraSimulator
from integration.trackers.contract import Connection, HistoryPage, Secret
from integration.trackers.jira.client import JiraClient, connect
from integration.trackers.jira.jql import Scope
from tests.simulators.asking_jira import Clock

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SEARCH, CHANGELOGS = "/rest/api/3/search/jql", "/rest/api/3/changelog/bulkfetch"


@pytest.fixture
def jira(clock: Clock) -> Iterator[JiraSimulator]:
    with JiraSimulator(clock=clock, projects={"SHOP": "Bookshop", "PAY": "Payments"}, write_limits=()) as site:
        yield site
        assert not site.unmodelled
        site.assert_readonly()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def reader(jira: JiraSimulator, *projects: str) -> JiraClient:
    """A new client, as after a restart."""
    site = Connection("jira", "jira", jira.url, projects=projects, user=jira.email, token=Secret(jira.token))
    return connect(site)


def read(
    jira: JiraSimulator, cursor: str | None = None, stream: str = "issues", since: datetime = LONG_AGO
) -> list[HistoryPage]:
    return list(reader(jira, "SHOP").history(stream, since, cursor))


def told(pages: Sequence[HistoryPage]) -> list[TrackerFact]:
    return [fact for page in pages for fact in page.facts]


def issues(pages: Sequence[HistoryPage]) -> Counter[str | None]:
    """How often each issue was told."""
    return Counter(fact.item for fact in told(pages) if isinstance(fact, ItemCreated))


def asked(jira: JiraSimulator, path: str) -> int:
    return sum(request.path == path for request in jira.requests)


def many(jira: JiraSimulator, clock: Clock, count: int, *, apart: float = 1) -> list[str]:
    """So many issues, so many seconds apart; every other one is being worked on."""
    made = []
    for number in range(count):
        made.append(jira.create_issue("SHOP", "Story", f"Story {number}"))
        if number % 2:
            jira.transition(made[-1], "In Progress")
        clock.pass_(seconds=apart)
    clock.pass_(hours=1)
    return [one.id for one in made]


class TestRequests:
    def test_a_hundred_issues_a_search_and_a_thousand_changelogs_at_once(self, jira, clock) -> None:
        made = many(jira, clock, 1230)

        pages = read(jira)

        assert issues(pages) == Counter(made)
        assert [page.items for page in pages] == [100] * 10 + [0] + [100] * 2 + [30, 0]
        assert (asked(jira, SEARCH), asked(jira, CHANGELOGS)) == (13, 2)
        assert len(jira.requests) == 15 + len(["project", "myself", "field"])

    def test_whoever_has_nothing_new_is_asked_once(self, jira, clock) -> None:
        many(jira, clock, 120)
        cursor = read(jira)[-1].cursor
        before = len(jira.requests)

        again = read(jira, cursor)

        assert not told(again)
        assert len(jira.requests) - before == 1 + len(["project", "myself"])

    def test_only_what_changed_since_then(self, jira, clock) -> None:
        old = jira.create_issue("SHOP", "Story", "Old")
        elsewhere = jira.create_issue("PAY", "Story", "Elsewhere")
        clock.pass_(days=2)
        new = jira.create_issue("SHOP", "Story", "New")
        client = reader(jira, "SHOP")

        assert issues(list(client.history("issues", clock.now - timedelta(hours=1), None))) == Counter([new.id])
        assert client.total("issues", clock.now - timedelta(hours=1)) == 1
        assert client.total("versions", LONG_AGO) is None
        assert [set(page) for page in client.present()] == [{old.id, new.id}]
        assert [set(page) for page in reader(jira).present()] == [{old.id, new.id, elsewhere.id}]
        assert set(issues(list(reader(jira).history("issues", LONG_AGO, None)))) == {old.id, new.id, elsewhere.id}

    def test_ids_come_five_thousand_at_a_time(self, jira, clock) -> None:
        made = many(jira, clock, 130)

        assert [list(page) for page in reader(jira, "SHOP").present()] == [made]
        assert jira.requests[-1].query["maxResults"] == "5000"


class TestRestarts:
    def test_at_any_point_nothing_is_missed_and_nothing_asked_twice(self, jira, clock) -> None:
        made = many(jira, clock, 230)
        whole = read(jira)
        needed = asked(jira, SEARCH) + asked(jira, CHANGELOGS)

        for killed_after in range(1, len(whole)):
            before = asked(jira, SEARCH) + asked(jira, CHANGELOGS)
            first = [
                page
                for page, _ in zip(
                    reader(jira, "SHOP").history("issues", LONG_AGO, None), range(killed_after), strict=False
                )
            ]
            rest = read(jira, first[-1].cursor)

            assert issues([*first, *rest]) == Counter(made)
            assert facts_of(first + rest) == facts_of(whole)
            # What was asked when the process died is asked once more.
            assert asked(jira, SEARCH) + asked(jira, CHANGELOGS) - before <= needed + 1

    def test_within_changelogs_of_several_pages(self, jira, clock, monkeypatch) -> None:
        monkeypatch.setattr("integration.trackers.jira.history.ENTRIES", 7)
        made = many(jira, clock, 40)
        whole = read(jira)
        assert asked(jira, CHANGELOGS) == 3

        worked_on = made[1::2]

        rest = read(jira, whole[1].cursor)
        jira.expire_tokens()
        again = read(jira, whole[1].cursor)

        changed = [[fact.item for fact in told(pages) if isinstance(fact, StatusChanged)] for pages in (rest, again)]
        assert changed == [worked_on[7:], worked_on]

    def test_after_tokens_have_expired_only_the_last_minute_is_searched_again(self, jira, clock) -> None:
        made = many(jira, clock, 330)
        whole = read(jira)
        jira.expire_tokens()
        before = asked(jira, SEARCH)

        rest = read(jira, whole[1].cursor)

        assert issues([*whole[:2], *rest]) == Counter(made)
        # Of the two hundred that were told, those of one minute are found again, and not told again.
        assert asked(jira, SEARCH) - before == len(["refused"]) + 2

    def test_an_issue_that_went_in_between_stops_nobody(self, jira, clock) -> None:
        made = many(jira, clock, 40)
        walk = reader(jira, "SHOP").history("issues", LONG_AGO, None)
        first = next(walk)
        jira.delete(made[5])
        before = asked(jira, CHANGELOGS)

        rest = [*walk]

        changed = {fact.item for fact in told(rest) if isinstance(fact, StatusChanged)}
        assert changed == {*made[1::2]} - {made[5]}
        assert asked(jira, CHANGELOGS) - before < 25
        assert not told(read(jira, rest[-1].cursor))
        assert issues([first]) == Counter(made)

    def test_a_refusal_that_no_issue_explains_is_told(self, jira, clock, monkeypatch, recorder) -> None:
        monkeypatch.setattr("integration.trackers.jira.history.ENTRIES", 10_001)
        many(jira, clock, 4)

        with pytest.raises(Permanent, match="maxResults must be between"):
            read(jira)
        recorder.heard.clear()  # more than the document allows is asked on purpose

    def test_a_cursor_that_cannot_be_read_is_none(self, jira, clock) -> None:
        made = many(jira, clock, 3)

        for cursor in ("", "{}", "[]", "7", '{"updated": "yesterday"}'):
            assert issues(read(jira, cursor)) == Counter(made)
            assert not told(read(jira, cursor, "versions"))

    def test_a_site_without_boards_has_no_sprints(self, jira) -> None:
        jira.site.software = False

        assert not told(read(jira, stream="sprints"))

    def test_a_project_that_nobody_sees_is_named(self, jira) -> None:
        with pytest.raises(Permanent, match="the account sees no project 'NOPE'"):
            list(reader(jira, "NOPE").history("issues", LONG_AGO, None))


def facts_of(pages: Sequence[HistoryPage]) -> set[tuple[str, str, datetime]]:
    return {(fact.kind, fact.source, fact.at) for fact in told(pages)}


class TestProjects:
    """Those of the mapping come and go while a history is read; the cursor knows which it stands for."""

    def walk(self, jira: JiraSimulator, cursor: str | None, *projects: str) -> list[HistoryPage]:
        return list(reader(jira, *projects).history("issues", LONG_AGO, cursor))

    def test_one_that_came_is_read_from_the_beginning_and_the_others_from_where_they_were(self, jira, clock) -> None:
        many(jira, clock, 120)
        old = jira.create_issue("PAY", "Story", "Old")
        clock.pass_(days=1)
        first = read(jira)
        new = jira.create_issue("SHOP", "Story", "New")

        both = self.walk(jira, first[-1].cursor, "SHOP", "PAY")

        assert issues(both) == Counter([old.id, new.id])
        clock.pass_(days=1)
        late = jira.create_issue("PAY", "Story", "Late")
        before = asked(jira, SEARCH)
        assert issues(self.walk(jira, both[-1].cursor, "PAY", "SHOP")) == Counter([late.id])
        assert asked(jira, SEARCH) - before == 1

    def test_wherever_it_is_stopped_nothing_is_told_twice_nor_missed(self, jira, clock) -> None:
        made = many(jira, clock, 150)
        stopped = next(iter(reader(jira, "SHOP").history("issues", LONG_AGO, None)))
        others = [jira.create_issue("PAY", "Story", f"Payment {number}").id for number in range(150)]
        clock.pass_(hours=1)
        pages, cursor = [stopped], stopped.cursor
        for _ in range(12):
            page = next(iter(reader(jira, "SHOP", "PAY").history("issues", LONG_AGO, cursor)))
            pages, cursor = [*pages, page], page.cursor

        assert issues(pages) == Counter([*made, *others])

    def test_one_that_was_out_of_sight_goes_on_from_where_it_was(self, jira, clock) -> None:
        jira.create_issue("PAY", "Story", "Old")
        clock.pass_(days=1)
        cursor = self.walk(jira, None, "SHOP", "PAY")[-1].cursor
        meanwhile = jira.create_issue("PAY", "Story", "Meanwhile")
        clock.pass_(days=1)
        here = jira.create_issue("SHOP", "Story", "Here")
        clock.pass_(days=1)
        cursor = self.walk(jira, cursor, "SHOP")[-1].cursor

        again = self.walk(jira, cursor, "SHOP", "PAY")

        assert issues(again) == Counter([meanwhile.id])
        assert here.id not in issues(again)

    def test_one_that_the_account_does_not_see_holds_up_no_other(self, jira, clock) -> None:
        made, pages = many(jira, clock, 3), []
        client = reader(jira, "OPS", "SHOP")

        with pytest.raises(Permanent, match="the account sees no project 'OPS'"):
            pages.extend(client.history("issues", LONG_AGO, None))

        assert issues(pages) == Counter(made)
        with pytest.raises(Permanent, match="the account sees no project 'OPS'"):
            list(client.present())
        with pytest.raises(Permanent, match="the account sees no project 'OPS'"):
            list(client.answers(Query("type = Story")))

    @pytest.mark.parametrize("named", ["shop", "S*", "Bookshop", "book*", "/^SH/"])
    def test_they_are_meant_by_key_by_name_and_by_pattern(self, jira, clock, named) -> None:
        made = many(jira, clock, 3)
        jira.create_issue("PAY", "Story", "Elsewhere")
        jira.create_version("SHOP", "Shop 1.0")
        jira.release_version("Shop 1.0")
        client = reader(jira, named)

        assert issues(list(client.history("issues", LONG_AGO, None))) == Counter(made)
        assert [set(page) for page in client.present()] == [set(made)]
        assert [set(page) for page in client.answers(Query("type = Story"))] == [set(made)]
        assert len(told(list(client.history("versions", LONG_AGO, None)))) == 1
        assert set(client.catalogue().projects.values()) == {"Bookshop"}

    def test_an_empty_site_has_no_past(self, clock) -> None:
        with JiraSimulator(clock=clock) as jira:
            assert not told(list(reader(jira).history("issues", LONG_AGO, None)))
            assert [list(page) for page in reader(jira).present()] == [[]]


class TestASearchThatLags:
    @pytest.fixture
    def jira(self, clock: Clock) -> Iterator[JiraSimulator]:
        with JiraSimulator(clock=clock, search_lag=timedelta(minutes=8)) as site:
            yield site

    def test_what_was_not_found_is_found_next_time(self, jira, clock) -> None:
        first = jira.create_issue("SHOP", "Story", "First")
        clock.pass_(minutes=8)
        second = jira.create_issue("SHOP", "Story", "Second")
        pages = read(jira)
        assert issues(pages) == Counter([first.id])
        clock.pass_(minutes=8)

        assert issues(read(jira, pages[-1].cursor)) == Counter([second.id])

    def test_an_issue_that_is_shown_too_early_hides_no_other(self, jira, clock) -> None:
        """It stands where it stood, but is shown as it is: its time is no place in the order."""
        made = many(jira, clock, 150, apart=60)
        jira.transition(made[0], "Done")
        first = next(iter(reader(jira, "SHOP").history("issues", LONG_AGO, None)))
        assert clock.now in {fact.at for fact in first.facts}
        jira.expire_tokens()

        rest = read(jira, first.cursor)

        assert set(issues([first, *rest])) == set(made)

    def test_a_walk_that_rested_near_the_present_goes_back_to_where_it_rested(self, jira, clock) -> None:
        """Search forgot an issue among those that it knew, and told the rest of them when they were long past."""
        clock.pass_(hours=1)
        hidden = jira.create_issue("SHOP", "Story", "Hidden")
        jira.lag(hidden, timedelta(minutes=30))
        clock.pass_(minutes=1)
        made = many(jira, clock, 150, apart=0)
        clock.pass_(minutes=-51)
        first = next(iter(reader(jira, "SHOP").history("issues", LONG_AGO, None)))
        clock.pass_(hours=3)
        jira.lag(hidden, timedelta(hours=6))
        rest = read(jira, first.cursor)
        assert set(issues([first, *rest])) == set(made)

        clock.pass_(hours=3)
        assert hidden.id in issues(read(jira, rest[-1].cursor))


class TestZones:
    @pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"])
    def test_times_are_asked_in_the_zone_of_the_account(self, clock, zone) -> None:
        with JiraSimulator(clock=clock, time_zone=zone) as jira:
            old = jira.create_issue("SHOP", "Story", "Old")
            clock.pass_(minutes=1)
            new = jira.create_issue("SHOP", "Story", "New")

            assert issues(read(jira, since=clock.now)) == Counter([new.id])
            assert issues(read(jira, since=clock.now - timedelta(seconds=1))) == Counter([old.id, new.id])

    def test_the_account_may_move_between_two_walks(self, clock) -> None:
        with JiraSimulator(clock=clock) as jira:
            client = reader(jira, "SHOP")
            [first] = client.history("issues", clock.now, None)
            jira._shapes.zone = ZoneInfo("America/Los_Angeles")
            new = jira.create_issue("SHOP", "Story", "New")

            assert issues(list(client.history("issues", clock.now, first.cursor))) == Counter([new.id])

    @given(
        at=st.integers(0, 366 * 24 * 60).map(lambda minutes: LONG_AGO + timedelta(minutes=minutes, seconds=7)),
        zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    )
    def test_however_jira_reads_the_words_the_time_is_within(self, at: datetime, zone: str) -> None:
        jql = Scope(("SHOP",), ZoneInfo(zone)).since(at)
        words = datetime.fromisoformat(jql.split('"')[-2])

        readings = [words.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]

        assert all(at - timedelta(hours=2) < reading <= at for reading in readings)

    def test_without_a_zone_it_is_early_enough_everywhere(self) -> None:
        at = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)

        assert Scope((), None).since(at) == 'updated >= "2026-09-30 21:30"'
        assert Scope(('A "B"', "C"), UTC).since(at) == 'project in ("A \\"B\\"", "C") AND updated >= "2026-10-01 09:30"'


class TestFacts:
    def test_all_comments_are_told_though_search_shows_twenty(self, jira, clock) -> None:
        issue = jira.create_issue("SHOP", "Story", "Much discussed")
        made = [jira.comment(issue, f"comment {number}", public=number != 7, by="Dana Ortiz") for number in range(230)]

        comments = [fact for fact in told(read(jira)) if isinstance(fact, Commented)]

        assert [one.source for one in comments] == [one.id for one in made]
        assert [one.seen_by_author for one in comments].count(False) == 1
        assert {one.actor for one in comments} == {jira.site.user("Dana Ortiz").account_id}
        assert asked(jira, f"/rest/api/3/issue/{issue.id}/comment") == 3

    def test_a_link_is_told_with_the_time_in_the_changelog(self, jira, clock) -> None:
        bug, story = (jira.create_issue("SHOP", kind, kind) for kind in ("Bug", "Story"))
        clock.pass_(hours=2)
        link = jira.link(bug, story, "Blocks")

        links = {fact for fact in told(read(jira)) if isinstance(fact, LinkAdded)}

        added = clock.now + timedelta(milliseconds=4)
        assert links == {LinkAdded(at=added, source=link.id, item=bug.id, other=story.id, link="Blocks", exact=False)}

    def test_since_when_a_status_is_what_it_is(self, jira, clock) -> None:
        idle, moved = (jira.create_issue("SHOP", "Story", name) for name in ("Idle", "Moved"))
        created = clock.now
        for status in ("In Progress", "Review"):
            clock.pass_(hours=1)
            jira.transition(moved, status)
        jira.edit(moved, {"Story Points": 3})

        since: dict[str | None, str] = {}
        for fact in sorted(told(read(jira)), key=lambda fact: fact.at):
            if isinstance(fact, ItemSeen) and "status_changed" in fact.fields:
                since[fact.item] = str(fact.fields["status_changed"])
        assert datetime.fromisoformat(since[idle.id]) == created
        assert datetime.fromisoformat(since[moved.id]) == clock.now + timedelta(milliseconds=4)

    def test_released_versions_and_their_days(self, jira, clock) -> None:
        for number in range(60):
            jira.create_version("SHOP", f"Shop {number}")
        jira.create_version("PAY", "Pay 1")
        done, other = jira.release_version("Shop 55"), jira.release_version("Pay 1")

        assert told(read(jira, stream="versions")) == [
            VersionChanged(
                at=datetime(2026, 10, 1, 12, tzinfo=UTC),
                source=f"{done.id}:released",
                exact=False,
                action="released",
                version=done.id,
                name="Shop 55",
                project=done.project_id,
                release_date="2026-10-01",
            )
        ]
        both = list(reader(jira).history("versions", LONG_AGO, None))
        assert {fact.source for fact in told(both)} == {f"{done.id}:released", f"{other.id}:released"}
        second = list(reader(jira).history("versions", LONG_AGO, both[0].cursor))
        assert told(both[:1]) + told(second) == told(both)
        assert not told(read(jira, stream="versions", since=clock.now + timedelta(days=3)))

    def test_sprints_of_all_boards_that_have_any(self, jira, clock) -> None:
        jira.add_board("Support", "kanban")
        mine, theirs = jira.add_board("Mine", project="SHOP"), jira.add_board("Theirs", project="PAY")
        jira.create_sprint("Not begun", mine.id)
        jira.start_sprint(jira.create_sprint("Elsewhere", theirs.id).id)
        sprint = jira.start_sprint(jira.create_sprint("Week 40", mine.id).id)
        began = clock.now
        clock.pass_(days=14)
        jira.close_sprint(sprint.id)

        facts = [fact for fact in told(read(jira, stream="sprints")) if isinstance(fact, SprintChanged)]

        assert [(one.source, one.at, one.board, one.exact) for one in facts] == [
            (f"{sprint.id}:started", began, str(mine.id), False),
            (f"{sprint.id}:closed", clock.now, str(mine.id), False),
        ]
        later = told(read(jira, stream="sprints", since=began + timedelta(days=1)))
        assert [one.source for one in later] == [f"{sprint.id}:closed"]
