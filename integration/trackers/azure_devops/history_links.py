"""The feed of links between work items -> tracker facts, for both ends of each.

The feed has one record for a link that was made or broken, without revisions; a webhook tells each end of its own
changes. An item that is put below another parent has two records of one moment, which are one change: so the records
of a page's last moment wait, in the position, until the next page tells whether there are more of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from integration.core.facts import TrackerFact
from integration.trackers.azure_devops.history_items import next_token
from integration.trackers.azure_devops.payload import Json, account, identifier, instant, records
from integration.trackers.azure_devops.relations import RelationsChanged
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.revisions import Revision
from integration.trackers.azure_devops.scopes import Scope, Step, stamp, understanding

_KEPT = ("rel", "sourceId", "targetId", "changedDate", "changedBy", "isActive")


def read_links(rest: Rest, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
    """All links made and broken since then, after the position, a page at a time, until there are no more at present."""
    token, waiting = position.get("token"), list(position.get("waiting") or ())
    while True:
        after = {"continuationToken": token} if token else {"startDateTime": stamp(since)}
        batch = rest.get(scope.path("_apis/wit/reporting/workitemlinks"), **after)
        with understanding():
            token, last = next_token(batch, token)
            listed = records(batch.get("values"), "values")
            told = [*waiting, *({name: each.get(name) for name in _KEPT} for each in listed)]
            moment = None if last or not told else told[-1]["changedDate"]
            waiting = [each for each in told if each["changedDate"] == moment]
            facts = tuple(_facts([each for each in told if each["changedDate"] != moment]))
        yield Step(facts, {"token": token, "waiting": waiting})
        if last:
            return


def _facts(told: Sequence[Json]) -> Iterator[TrackerFact]:
    ends: dict[tuple[str, datetime], tuple[Revision, list[Json], list[Json]]] = {}
    for change in told:
        at = instant(change["changedDate"])
        if at is None:
            continue
        for item, relation in _ends(change):
            actor = account(change.get("changedBy"))
            known = Revision(item, 0, at.isoformat(), at, actor, {}, {}, exact=actor is not None)
            _, added, removed = ends.setdefault((item, at), (known, [], []))
            (added if change["isActive"] is True else removed).append(relation)
    for known, added, removed in ends.values():
        changed = RelationsChanged(known, tuple(added), tuple(removed))
        if parent := changed.parent():
            yield known.seen_only(parent)
        yield from changed.facts()


def _ends(change: Json) -> Iterator[tuple[str, Json]]:
    """The link as each end's own list of relations has it."""
    link = str(change["rel"]).removesuffix("-Forward")
    forward, reverse = (link, link) if link.endswith(".Related") else (f"{link}-Forward", f"{link}-Reverse")
    source, target = identifier(change["sourceId"]), identifier(change["targetId"])
    if source and target:
        yield source, {"rel": forward, "url": f"/workItems/{target}"}
        yield target, {"rel": reverse, "url": f"/workItems/{source}"}
