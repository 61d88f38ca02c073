"""How many items a key result counts, and why that cannot be said yet."""

from __future__ import annotations

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
    missing = [name for name in names if streams.all_items_read(connection, name) is None]
    if not missing:
        return ""
    commands = " and ".join(f"okrlink backfill {name}" for name in missing)
    return f"the items of {' and '.join(missing)} have not all been read yet; run {commands}"


def unfolded(connection: Connection, policy: Policy, selector: Selector) -> str:
    """Which connection's items still have to be looked at, since they were read or since the mapping was applied."""
    applied_at = applied.applied_at(connection, policy.revision)
    for name in policy.scorecard.counts_in(selector):
        moments = [at for at in (applied_at, streams.all_items_read(connection, name)) if at is not None]
        if moments and marks.any_of_connection(connection, "item", name, max(moments)):
            return f"the items of {name} are still being counted"
    return ""
