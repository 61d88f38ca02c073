"""The past of Data Center's issues: whole issues by search, the oldest change first, each with its changelog.

Search pages by offset, and an issue that is changed meanwhile moves to the end: all that stand behind it come one place
nearer, and one of them would be passed by. So every page begins with the last issue of the page before. Where another one
stands in its place, the search begins anew at the time of the last one told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from integration.core.facts import TrackerFact
from integration.trackers.jira.history import (
    FIELDS,
    PAGE,
    UNSETTLED,
    IssueHistory,
    entry_of,
    updated_at,
)
from integration.trackers.jira.links import dated, links_of
from integration.trackers.jira.payload import Json, identifier, record, records
from integration.trackers.jira.place import Place
from integration.trackers.jira.projects import Sight
from integration.trackers.jira.rest import total_of, understood

IDS = 1000
"""With ids alone, as many come in one answer where no administrator allows more."""


class OffsetHistory(IssueHistory):
    """Reads the issues of a connection's projects; of all that the account sees where the mapping names none."""

    def total(self, since: datetime) -> int | None:
        told = self._rest.told(self._api.search, self._scope(self._all()).since(since), fields="key", start=0, limit=0)
        with understood():
            return total_of(told)

    def _ids(self, condition: str) -> Iterator[Sequence[str]]:
        """One that is passed by, because another was deleted meanwhile, is there when asked for."""
        query, start = f"{condition} ORDER BY key ASC", 0
        while True:
            page = self._rest.told(self._api.search, query, fields="key", start=start, limit=IDS)
            with understood():
                found = [identifier(one.get("id"), "issue.id") for one in records(page.get("issues"), "issues")]
                start += len(found)
                ended = not found or start >= total_of(page)
            yield found
            if ended:
                return

    def _page(self, place: Place, sight: Sight) -> tuple[Sequence[TrackerFact], int]:
        """The next page of issues as they are now, with all that became of them."""
        start, found, total, answered = self._found(place, sight)
        with understood():
            shown = {(identifier(one.get("id"), "issue.id"), updated_at(one)): one for one in found}
        new = {number: one for (number, at), one in shown.items() if not place.knows(number, at)}
        facts: list[TrackerFact] = []
        for number, one in new.items():
            facts += self._now(number, one)
            with understood():
                facts += self._became(number, one)
        place.go_on(shown, settled=answered - UNSETTLED)
        ended = start + len(found)
        place.searched = not found or ended >= total
        place.token = f"{ended - 1} {list(shown)[-1][0]}" if found else None
        return facts, len(new)

    def _found(self, place: Place, sight: Sight) -> tuple[int, Sequence[Json], int, datetime]:
        """Where the page starts, its issues, how many there are in all, and when Jira said so."""
        start, _, last = (place.token or "").partition(" ")
        if start.isdecimal():
            found, total, answered = self._asked(place.query, int(start))
            with understood():
                if found and identifier(found[0].get("id"), "issue.id") == last:
                    return int(start) + 1, found[1:], total, answered
        place.query = self._changed(place, sight)
        return 0, *self._asked(place.query, 0)

    def _asked(self, jql: str, start: int) -> tuple[Sequence[Json], int, datetime]:
        page, answered = self._rest.dated(
            self._api.search, jql, fields=FIELDS, start=start, limit=PAGE, expand="changelog"
        )
        with understood():
            return records(page.get("issues"), "issues"), total_of(page), answered

    def _became(self, number: str, shown: Json) -> Iterator[TrackerFact]:
        entries = [entry_of(raw, number) for raw in changelog_in(shown)]
        yield from self._told(number, entries)
        yield from (link.fact() for link in dated(list(links_of(number, shown, updated_at(shown))), entries))


def changelog_in(shown: Json) -> Sequence[Json]:
    """The entries of an issue that was asked for with its changelog."""
    return records(record(shown.get("changelog"), "changelog").get("histories"), "changelog.histories")
