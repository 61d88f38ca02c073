"""What a history asks of Jira's search: which projects, and changed since when.

JQL reads a time to the minute in the zone of the account that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from integration.trackers.jira.payload import Json, text

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

    @property
    def _within(self) -> str:
        quoted = (project.replace("\\", "\\\\").replace('"', '\\"') for project in self.projects)
        names = ", ".join(f'"{project}"' for project in quoted)
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


def zone_of(myself: Json) -> tzinfo | None:
    """The zone of the account's profile, if it tells one that this machine knows."""
    try:
        return ZoneInfo(text(myself.get("timeZone")) or "")
    except (ValueError, OSError):  # no such zone, or no name of one
        return None
