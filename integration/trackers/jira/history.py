"""The past of Jira Cloud's issues: whole issues by search, the oldest change first, and their changelogs in thousands.

Pages and webhooks are read by the same functions, so that what is told here has the source that its webhook's fact has.
Where the two differ, the more precise one stays:

| What happened | Webhooks tell | History tells |
|---|---|---|
| an issue was changed | when, to the moment | when, some milliseconds later |
| somebody commented | that somebody did | that, **and that the issue was changed then** |
| an issue was deleted | **when and by whom** | nothing, nor of its past |
| an issue was moved out of the projects | **that it was, and its past** | nothing while it is away |
| a link was added | **when** | when its issue says so; nothing once it was removed |
| a link was removed | **which, and when** | that some link of the issue changed |
| a comment was deleted | that it was written | nothing |
| a version was released | **the time of day** | the day, if it has one, as noon in UTC |
| a version was created, changed, merged, deleted, or taken back | **each time** | nothing |
| a sprint was started or closed | **when somebody did it** | its dates, which people may change |
| a sprint was created, changed or deleted | **each time** | at most when it was created |

Everything else is the same both ways.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from integration.core.errors import Gone, Permanent, Refused, Retryable
from integration.core.facts import ItemSeen, TrackerFact
from integration.core.queries import Query
from integration.trackers.contract import HistoryPage
from integration.trackers.jira import changelog, issue
from integration.trackers.jira.jql import Scope, zone_of
from integration.trackers.jira.links import dated, links_of
from integration.trackers.jira.payload import (
    Json,
    account,
    identifier,
    moment,
    record,
    records,
    text,
)
from integration.trackers.jira.place import ISSUES, Place, Places
from integration.trackers.jira.projects import Projects, Sight
from integration.trackers.jira.rest import Rest, understood

FIELDS = "*all,-description,-environment,-worklog,-attachment"
PAGE = 100
"""With more than ids and keys, at most a hundred issues come in one answer."""
IDS = 5000
"""With ids alone, as many."""
ENTRIES = 10_000
"""At most ten thousand entries of changelogs come in one answer."""
UNSETTLED = timedelta(minutes=10)
"""For how long search may not know of a change. Atlassian promises nothing, and speaks of seconds."""


class IssueHistory:
    """Reads the issues of a connection's projects; of all that the account sees where the mapping names none."""

    def __init__(self, api: Any, rest: Rest, projects: Projects) -> None:
        self._api = api
        self._rest = rest
        self._projects = projects

    def pages(self, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        """Whatever changed since then, a request at a time; the cursor behind each stands for all that came before it.

        A project that the cursor does not know is read from `since`. One that is not seen holds up no other: it is told
        of at the end.
        """
        sight = self._projects.sight()
        places = Places.read(cursor, since, sight.keys)
        for place in tuple(places.walked):
            ended = False
            while not ended:
                facts, items = self._page(place, sight)
                ended = place.searched and not place.owed
                if ended:
                    place.end()
                    if place is places.walked[-1]:
                        places.end()
                yield HistoryPage(facts, places.text(), items)
        sight.complain()

    def _page(self, place: Place, sight: Sight) -> tuple[Sequence[TrackerFact], int]:
        """What the next request tells, and of how many issues for the first time."""
        if len(place.owed) >= ISSUES or (place.searched and place.owed):
            return self._changelogs(place), 0
        return self._issues(place, sight)

    def total(self, since: datetime) -> int | None:
        told = self._rest.told(self._api.count_issues, data={"jql": self._scope(self._all()).since(since)})
        count = told.get("count")
        return count if isinstance(count, int) else None

    def present(self) -> Iterator[Sequence[str]]:
        """The ids of all issues. Search may not know yet of those that were made some minutes ago."""
        return self._ids(self._scope(self._all()).everything)

    def answers(self, query: Query) -> Iterator[Sequence[str]]:
        """The ids of the issues that answer a query, as far as search knows."""
        return self._ids(self._scope(self._all()).answering(query))

    def _ids(self, condition: str) -> Iterator[Sequence[str]]:
        token: str | None = None
        query = f"{condition} ORDER BY key ASC"
        while True:
            page = self._search(query, token, "id", IDS)[0]
            with understood():
                yield [identifier(found.get("id"), "issue.id") for found in records(page.get("issues"), "issues")]
            token = following(page, token)
            if token is None:
                return

    def _all(self) -> Sequence[str]:
        """The keys of all projects that are meant. Without one of them, an answer would be that of another question."""
        sight = self._projects.sight()
        sight.complain()
        return list((sight.keys or {}).values())

    def _scope(self, keys: Sequence[str]) -> Scope:
        """As of now: people move, and with them the zone in which Jira reads the account's times."""
        return Scope(keys, zone_of(self._rest.told(self._api.get_current_user)))

    def _changed(self, place: Place, sight: Sight) -> str:
        """What asks for all that changed in the place's projects since."""
        known = sight.keys or {}
        scope = self._scope([known[project] for project in place.projects or ()])
        return f"{scope.since(place.updated)} ORDER BY updated ASC, key ASC"

    @cached_property
    def _people(self) -> Collection[str]:
        """The fields that hold people, by the schema: an issue tells it only of fields that are not empty."""
        return {text(raw.get("id")) or "" for raw in self._rest.listed(self._api.get_fields) if _holds_people(raw)}

    def _issues(self, place: Place, sight: Sight) -> tuple[Sequence[TrackerFact], int]:
        """The next page of issues as they are now. Their changelogs are owed."""
        page, answered = self._next(place, sight)
        with understood():
            found = records(page.get("issues"), "issues")
            shown = {(identifier(one.get("id"), "issue.id"), updated_at(one)): one for one in found}
        new = {number: one for (number, at), one in shown.items() if not place.knows(number, at)}
        facts: list[TrackerFact] = []
        for number, one in new.items():
            facts += self._now(number, one)
            with understood():
                place.owed[number] = list(links_of(number, one, updated_at(one)))
        place.go_on(shown, settled=answered - UNSETTLED)
        place.token = following(page, place.token)
        place.searched = place.token is None
        return facts, len(new)

    def _next(self, place: Place, sight: Sight) -> tuple[Json, datetime]:
        """By token, which belongs to one query; where Jira does not know it any more, from what was told last."""
        if place.token is not None:
            try:
                return self._search(place.query, place.token, FIELDS, PAGE)
            except (Refused, Gone):
                raise
            except Permanent:
                place.token = None
        place.query = self._changed(place, sight)
        return self._search(place.query, None, FIELDS, PAGE)

    def _search(self, jql: str, token: str | None, fields: str, limit: int) -> tuple[Json, datetime]:
        return self._rest.dated(self._api.enhanced_jql, jql, fields=fields, nextPageToken=token, limit=limit)

    def _now(self, number: str, shown: Json) -> Iterator[TrackerFact]:
        with understood():
            at = updated_at(shown)
            born = issue.created(shown, at=at)
            yield born
            yield status_changed(number, born.at, 0)
            yield issue.seen(shown, at=at, order=issue.AS_READ)
        for comment in self._comments(number, shown):
            with understood():
                yield issue.commented(comment, item=number, at=at)

    def _comments(self, number: str, shown: Json) -> Sequence[Json]:
        """All of an issue's comments. Search shows only some where there are many."""
        with understood():
            told = issue.raw_fields(shown).get("comment")
            field = record(told, "issue.fields.comment") if told is not None else {}
            comments = list(records(field.get("comments"), "issue.fields.comment.comments"))
        if not isinstance(total := field.get("total"), int) or total <= len(comments):
            return comments
        comments = []
        while len(comments) < total:
            page = self._rest.told(
                self._api.get_comments, number, start_at=len(comments), max_results=PAGE, order_by="created"
            )
            with understood():
                more = records(page.get("comments"), "comments")
            comments += more
            if not more:  # some were deleted meanwhile
                break
        return comments

    def _changelogs(self, place: Place) -> Sequence[TrackerFact]:
        """The next page of the changelogs that are owed for the first thousand issues; with the last one, their links."""
        page = self._entries(place)
        asked = list(place.owed)[: place.at_once]
        facts: list[TrackerFact] = []
        with understood():
            for log in records(page.get("issueChangeLogs"), "issueChangeLogs"):
                number = identifier(log.get("issueId"), "issueId")
                entries = [entry_of(raw, number) for raw in records(log.get("changeHistories"), "changeHistories")]
                facts += self._told(number, entries)
                place.owed[number] = dated(place.owed.get(number, ()), entries)
            place.entries = text(page.get("nextPageToken"))
        if place.entries is None:
            facts += (link.fact() for number in asked for link in place.owed.pop(number))
            place.at_once = ISSUES
        return facts

    def _entries(self, place: Place) -> Json:
        """By token, else from the first page. Whether one issue that has gone fails all of them, Atlassian does not say."""
        asked = list(place.owed)[: place.at_once]
        body = {"issueIdsOrKeys": asked, "maxResults": ENTRIES}
        if place.entries is not None:
            try:
                return self._rest.told(self._api.get_bulk_changelogs, data={**body, "nextPageToken": place.entries})
            except (Refused, Gone):
                raise
            except Permanent:  # the token has expired: these issues' changelogs once more
                place.entries = None
        try:
            return self._rest.told(self._api.get_bulk_changelogs, data=body)
        except Refused:
            raise
        except Permanent:
            if len(asked) == 1:
                if self._is_there(asked[0]):
                    raise
                return {}
        place.at_once = len(asked) // 2
        return self._entries(place)

    def _is_there(self, number: str) -> bool:
        try:
            self._rest.done(self._api.get_issue, number, fields="id")
        except Gone:
            return False
        return True

    def _told(self, number: str, entries: Sequence[changelog.Entry]) -> Iterator[TrackerFact]:
        for entry in entries:
            yield from changelog.facts_of(entry, self._people.__contains__)
        yield from status_since(number, entries)


def updated_at(shown: Json) -> datetime:
    """When an issue was updated last; search orders by it."""
    at = issue.updated(shown)
    if at is None:
        raise Retryable("Jira found an issue and did not tell when it was updated")
    return at


def following(page: Json, token: str | None) -> str | None:
    """The next page's token. It is absent on the last page; one that repeats would never end."""
    following = text(page.get("nextPageToken"))
    if following is None or page.get("isLast") is True:
        return None
    if following == token:
        raise Retryable("Jira answered the same page of a search twice")
    return following


def entry_of(raw: Json, number: str) -> changelog.Entry:
    """An entry of the issue's changelog as REST tells it."""
    at = moment(raw.get("created"))
    if at is None:
        raise Retryable(f"Jira told a change of issue {number} without its time")
    return changelog.entry_of(raw, item=number, at=at, actor=account(raw.get("author")))


def status_since(number: str, entries: Sequence[changelog.Entry]) -> Iterator[ItemSeen]:
    """Since when the status is what it is, where the entries tell of its last change."""
    moves = [entry for entry in entries if any(changelog.field_of(change) == "status" for change in entry.changes)]
    if moves:
        last = max(moves, key=lambda entry: (entry.at, entry.order))
        yield status_changed(number, last.at, last.order)


def status_changed(number: str, at: datetime, order: int) -> ItemSeen:
    """Since when the status is what it is: webhooks tell it with each change, an issue as it is now does not."""
    fields = {"status_changed": at.isoformat()}
    return ItemSeen(at=at, source=f"{number}:{order or at.isoformat()}", item=number, order=order, fields=fields)


def _holds_people(raw: Json) -> bool:
    schema = raw.get("schema")
    return isinstance(schema, dict) and "user" in (schema.get("type"), schema.get("items"))
