"""The past of a site's plans: versions that were released, and sprints that began and ended.

Neither has a history, nor a time of its last change: all of them are read each time. What they tell is less than their
webhooks told (a table in the README), and so never replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
import requests

from integration.core.errors import Gone, Permanent, Refused
from integration.core.facts import SprintChanged, TrackerFact, VersionChanged
from integration.trackers.contract import HistoryPage
from integration.trackers.jira.payload import Json, identifier, moment, records, text
from integration.trackers.jira.rest import Rest, understood
from integration.trackers.jira.translate_plans import sprint_fact, version_fact

PAGE = 50
"""The size of a page of plans, by default and at most."""
BETWEEN = timedelta(hours=1)
"""All of them are told again each time; webhooks tell of changes at once."""
NOON = time(12, tzinfo=UTC)
"""Stands for a day without a time: it is the same day nearly everywhere."""


class Plans:
    """Reads the plans of a connection's projects; `projects` asks which."""

    def __init__(self, api: Any, software: Any, rest: Rest, projects: Callable[[], Sequence[str]]) -> None:
        self._api = api
        self._software = software
        self._rest = rest
        self._projects = projects

    def versions(self, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        """A page of versions a request, project by project."""
        earliest = since.date() - timedelta(days=1)  # whose day a release's date is, nobody says

        def told(project: str, start: int) -> tuple[Json, Sequence[TrackerFact]]:
            page = self._rest.told(self._api.get_project_versions_paginated, project, start_at=start, max_results=PAGE)
            with understood():
                return page, [
                    fact for each in records(page.get("values"), "versions") for fact in released(each, earliest)
                ]

        yield from by_place(self._projects(), cursor, told)

    def sprints(self, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        """A page of sprints a request, board by board."""

        def told(board: str, start: int) -> tuple[Json, Sequence[TrackerFact]]:
            try:
                page = self._rest.told(self._software.get_all_sprints, board, start_at=start, max_results=PAGE)
            except (Refused, Gone):
                raise
            except Permanent:  # a board of a kind that has none
                return {"isLast": True}, ()
            with understood():
                sprints = records(page.get("values"), "sprints")
                return page, [fact for each in sprints for fact in held(each) if fact.at >= since]

        yield from by_place(self._boards(), cursor, told)

    def _boards(self) -> Sequence[str]:
        """The ids of all boards on which the projects' issues show, in one order every time."""
        found: set[int] = set()
        for project in self._projects():
            try:
                for page in _pages(self._rest, self._software.get_all_boards, project_key_or_id=project):
                    with understood():
                        boards = records(page.get("values"), "boards")
                        scrum = (each for each in boards if each.get("type") != "kanban")
                        found.update(int(identifier(each.get("id"), "board.id")) for each in scrum)
            except Gone:  # a site without Jira Software has no boards
                continue
        return [str(board) for board in sorted(found)]


def released(version: Json, earliest: date) -> Iterator[VersionChanged]:
    """That it was released, where it is and tells on which day."""
    day = _day(version.get("releaseDate"))
    if version.get("released") is True and day is not None and day >= earliest:
        yield version_fact(version, "released", datetime.combine(day, NOON), exact=False)


def held(sprint: Json) -> Iterator[SprintChanged]:
    """That it was created, began and ended, where it tells when."""
    times = {
        "created": moment(sprint.get("createdDate")),
        "started": moment(sprint.get("activatedDate")) or moment(sprint.get("startDate")),
        "closed": moment(sprint.get("completeDate")),
    }
    if sprint.get("state") not in ("active", "closed"):
        del times["started"]  # it may have a date long before anybody starts it
    for action, at in times.items():
        if at is not None:
            yield sprint_fact(sprint, action, at, exact=False)


def by_place(
    places: Sequence[str], cursor: str | None, told: Callable[[str, int], tuple[Json, Sequence[TrackerFact]]]
) -> Iterator[HistoryPage]:
    """Place by place, from where the cursor stands; at its end the cursor stands at the beginning again.

    A place that may not be read holds up no other: it is told of at the end.
    """
    place, start = _read(cursor)
    if place not in places:
        place, start = "", 0
    left = list(places[places.index(place) :] if place else places)
    refusals: list[Permanent] = []
    while left:
        try:
            page, facts = told(left[0], start)
        except (Refused, Gone) as refusal:
            if isinstance(refusal, Refused) and refusal.scope == "connection":
                raise
            refusals.append(type(refusal)(f"{left[0]}: {refusal.reason}"))
            page, facts = {}, ()
        with understood():
            count = len(records(page.get("values"), "values"))
        start += count
        if page.get("isLast") is not False or not count:
            del left[0]
            start = 0
        going_on = {"at": left[0], "start": start} if left else {}
        yield HistoryPage(facts, orjson.dumps(going_on).decode(), len(facts), rest=BETWEEN)
    if not places:
        yield HistoryPage((), "{}", rest=BETWEEN)
    if refusals:
        raise refusals[0]


def _read(cursor: str | None) -> tuple[str, int]:
    try:
        told = orjson.loads(cursor or "{}")
        return str(told["at"]), int(told["start"])
    except (ValueError, KeyError, TypeError):
        return "", 0


def _pages(rest: Rest, call: Callable[..., requests.Response], **asked: Any) -> Iterator[Json]:
    start = 0
    while True:
        page = rest.told(call, start_at=start, max_results=PAGE, **asked)
        yield page
        with understood():
            count = len(records(page.get("values"), "values"))
        start += count
        if page.get("isLast") is not False or not count:
            return


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(text(value) or "")
    except ValueError:
        return None
