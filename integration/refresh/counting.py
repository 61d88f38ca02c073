"""How many items a key result counts, and why that cannot be said yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from integration.core.links import Selector
from integration.core.scorecard import Scorecard
from integration.refresh.policy import Policy
from integration.store import applied, marks, streams


def unread(connection: Connection, scorecard: Scorecard, selector: Selector) -> str:
    """Of which connections nobody has read all items, and what to do about it; empty where there are none.

    A count of the items that happened to change since webhooks came would be no number of anything.
    """
    names = scorecard.counts_in(selector)
    if not names:
        return "no connection of the mapping reads such items"
    lacking = {name: _lacking(connection, name, scorecard.connections[name].projects) for name in names}
    missing = [name for name in names if lacking[name]]
    if not missing:
        return ""
    commands = " and ".join(f"okrlink backfill {name}" for name in missing)
    return f"the items of {' and '.join(lacking[name] for name in missing)} have not all been read yet; run {commands}"


def _lacking(connection: Connection, name: str, projects: Sequence[str]) -> str:
    """What of a connection was not read yet: all of it, or projects that came to the mapping since."""
    whole = streams.whole_backfill(connection, name)
    if whole is None or whole.reached_at is None:
        return name
    lacks = whole.lacks(projects)
    return f"{', '.join(lacks)} in {name}" if lacks else ""


def unfolded(connection: Connection, policy: Policy, selector: Selector) -> str:
    """Which connection's items still have to be looked at, since they were read or since the mapping was applied."""
    applied_at = applied.applied_at(connection, policy.revision)
    for name in policy.scorecard.counts_in(selector):
        read_at = streams.all_items_read(connection, name, policy.scorecard.connections[name].projects)
        moments = [at for at in (applied_at, read_at) if at is not None]
        if moments and marks.any_of_connection(connection, "item", name, max(moments)):
            return f"the items of {name} are still being counted"
    return ""
