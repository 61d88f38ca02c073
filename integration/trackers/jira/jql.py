"""What is asked of Jira's search: which projects, changed since when, and what a mapping's author asks.

JQL reads a time to the minute in the zone of the account that asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from integration.core.errors import Permanent
from integration.core.queries import Query
from integration.trackers.jira.payload import Json, text

_WORD = re.compile(r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<order>\border\s+by\b)|[()]""", re.IGNORECASE)

WESTERNMOST = timedelta(hours=12)
"""No clock on earth is further behind UTC."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The projects of a connection, all of them where none is named, and the zone in which their site reads our times.

    Without a zone, times are asked so early that they are early enough in all zones.
    """

    projects: Sequence[str]
    zone: tzinfo | None

    @property
    def everything(self) -> str:
        """All issues. Search refuses queries without any condition."""
        return self._within or 'created >= "1970-01-01 00:00"'

    def since(self, at: datetime) -> str:
        """The issues that changed in the minute of that time or later; some more where the local time is told twice."""
        changed = f'updated >= "{self._local(at)}"'
        return f"{self._within} AND {changed}" if self._within else changed

    def answering(self, query: Query) -> str:
        """The issues that answer an author's query. Its order is left out: nothing of it is shown."""
        asked = f"filter = {quoted(query.text)}" if query.saved else condition(query.text)
        wanted = f"({asked})" if asked else ""
        return " AND ".join(part for part in (wanted, self._within) if part) or self.everything

    @property
    def _within(self) -> str:
        names = ", ".join(map(quoted, self.projects))
        return f"project in ({names})" if names else ""

    def _local(self, at: datetime) -> str:
        if self.zone is None:
            local = at.astimezone(UTC).replace(tzinfo=None) - WESTERNMOST
        else:
            local = at.astimezone(self.zone).replace(tzinfo=None)
            # In the hour that autumn repeats, the same words may mean the later one.
            while local.replace(tzinfo=self.zone, fold=1).astimezone(UTC) > at:
                at -= timedelta(hours=1)
                local = at.astimezone(self.zone).replace(tzinfo=None)
        return f"{local:%Y-%m-%d %H:%M}"


def condition(jql: str) -> str:
    """A query without its order. Raises `Permanent` where its parentheses would not stay within others."""
    depth, end = 0, len(jql)
    for word in _WORD.finditer(jql):
        if word["order"] and depth == 0:
            end = word.start()
            break
        depth += {"(": 1, ")": -1}.get(word[0], 0)
        if depth < 0:
            break
    if depth:
        raise Permanent("its parentheses do not match")
    return jql[:end].strip()


def quoted(name: str) -> str:
    """The name as a text in a query, whatever is in it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def zone_of(myself: Json) -> tzinfo | None:
    """The zone of the account's profile, if it tells one that this machine knows."""
    try:
        return ZoneInfo(text(myself.get("timeZone")) or "")
    except (ValueError, OSError):  # no such zone, or no name of one
        return None
