"""Since when each stream is completely known, and of which streams nothing says what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from integration.core.delivery.facts import Stream
from integration.core.delivery.rules import ChangeRule, Delivery, DeploymentRule, IncidentRule, Service
from integration.refresh.policy import Policy
from integration.store import pushed, streams

_PUSHED: Mapping[Stream, str] = {
    "deployments": "deployment",
    "changes": "change",
    "incidents": "incident",
    "builds": "build",
    "test runs": "test run",
    "pushed": "measurement",
}
"""A stream -> what its facts are called where they are pushed."""
_RULED: tuple[Stream, ...] = ("deployments", "changes", "incidents")
_WORDS: Mapping[Stream, str] = {
    "deployments": "no rule says what a deployment is, and none was pushed",
    "changes": "no rule says what a change is, and none was pushed",
    "incidents": "no rule says what an incident is, and none was pushed",
}


_TOLD_BY_TRACKERS: tuple[Stream, ...] = ("items", "stays")
NO_TRACKER = "no connection of the mapping tells of items"


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the facts reach: since when each stream is completely known, and of what nothing says what it is."""

    since: Mapping[Stream, datetime]
    unsaid: Mapping[Stream, str]
    unsaid_fields: Mapping[tuple[Stream, str], str]


def extent_of(connection: Connection, policy: Policy) -> Extent:
    return Extent(_since(connection, policy), _unsaid(connection, policy), unsaid_fields(policy.scorecard.delivery))


def unsaid_fields(delivery: Delivery) -> Mapping[tuple[Stream, str], str]:
    """The fields of which no rule says what they are; a pushed fact may yet tell.

    Rework is what somebody calls so: where nobody does, that there was none is not known.
    """
    ruled = any(rule.rework for service in delivery.services.values() for rule in service.deployments)
    return {} if ruled else {("deployments", "rework"): "nothing says which deployments are rework"}


def _unsaid(connection: Connection, policy: Policy) -> Mapping[Stream, str]:
    """The streams of which neither a rule nor a push says what they are, with the sentence that people read."""
    only_pushed = [stream for stream in _RULED if not _from_trackers(policy, stream)]
    told = pushed.standing_kinds(connection, [_PUSHED[stream] for stream in only_pushed])
    of_trackers = {} if policy.scorecard.connections else dict.fromkeys(_TOLD_BY_TRACKERS, NO_TRACKER)
    return of_trackers | {
        stream: f"no {_PUSHED[stream]} was pushed yet" if _has_rules(policy, stream) else _WORDS[stream]
        for stream in only_pushed
        if _PUSHED[stream] not in told
    }


def _since(connection: Connection, policy: Policy) -> Mapping[Stream, datetime]:
    """Since when all facts of a stream are known.

    What trackers tell is known since the day where the youngest of their histories begins: that of the backfill, else
    of the first look. What only pushes tell is known since the first of them says so.
    """
    trackers = [streams.known_since(connection, name) for name in policy.scorecard.connections]
    read = max((at for at in trackers if at is not None), default=None)
    first = pushed.first_known(connection)
    since: dict[Stream, datetime] = {}
    for stream in ("items", "stays", "builds", *_RULED):
        of_pushes = first.get(_PUSHED.get(stream, ""))
        only_pushed = stream in _RULED and not _from_trackers(policy, stream)
        at = of_pushes if only_pushed else read
        if at is not None:
            since[stream] = at
    for stream in ("test runs", "pushed"):
        if (at := first.get(_PUSHED[stream])) is not None:
            since[stream] = at
    return since


def _has_rules(policy: Policy, stream: Stream) -> bool:
    return any(_rules(service, stream) for service in policy.scorecard.delivery.services.values())


def _from_trackers(policy: Policy, stream: Stream) -> bool:
    """Whether any rule finds facts of the stream in what trackers tell."""
    services = policy.scorecard.delivery.services.values()
    return any(not rule.pushed for service in services for rule in _rules(service, stream))


def _rules(service: Service, stream: Stream) -> Sequence[DeploymentRule | ChangeRule | IncidentRule]:
    rules: Mapping[str, Sequence[DeploymentRule | ChangeRule | IncidentRule]] = {
        "deployments": service.deployments,
        "changes": service.changes,
        "incidents": service.incidents,
    }
    return rules[stream]
