"""What a look at an organisation shows of deployments: its pipelines, their stages, and those of classic releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from integration.core.errors import Permanent, Refused
from integration.core.examination import Sighting
from integration.core.facts import RunFinished
from integration.trackers.azure_devops.history_lists import Lists
from integration.trackers.azure_devops.scopes import Scope, Step

MOST_PROJECTS = 10
MOST_PAGES = 5
"""Of a project's list: five thousand builds, five hundred deployments, of which the oldest come first."""
MOST_PIPELINES = 10
"""In each project: the stages of a pipeline are told by its runs alone, one request each. The busiest are asked."""


def sightings(lists: Lists, scopes: Sequence[Scope], since: datetime) -> Sequence[Sighting]:
    """What ended since then, most often first. A list that may not be read holds up no other."""
    found: list[Sighting] = []
    for scope in scopes[:MOST_PROJECTS]:
        for look in (_releases, _pipelines):
            try:
                found += look(lists, scope, since)
            except Permanent as refusal:
                if isinstance(refusal, Refused) and refusal.scope == "connection":
                    raise
    return sorted(found, key=lambda one: -one.times)


def _releases(lists: Lists, scope: Scope, since: datetime) -> Iterator[Sighting]:
    ended = Counter(
        (run.pipeline, run.stage) for run in _ended(lists.deployments, scope, since) if run.pipeline and run.stage
    )
    for (pipeline, stage), times in ended.items():
        yield Sighting("release pipeline", pipeline or "", stage or "", times)


def _pipelines(lists: Lists, scope: Scope, since: datetime) -> Iterator[Sighting]:
    """A pipeline, and each stage of its newest run as often as the pipeline ran: what older runs had nobody asks."""
    times: Counter[str] = Counter()
    newest: dict[str, str] = {}
    for run in _ended(lists.builds, scope, since):
        if run.pipeline:
            times[run.pipeline] += 1
            newest[run.pipeline] = run.run
    for pipeline, often in times.most_common():
        yield Sighting("pipeline", pipeline, times=often)
    for pipeline, often in times.most_common(MOST_PIPELINES):
        for stage in lists.stages(scope, newest[pipeline]):
            yield Sighting("pipeline", pipeline, stage, often)


def _ended(
    read: Callable[[Scope, datetime, Mapping[str, Any]], Iterator[Step]], scope: Scope, since: datetime
) -> Iterator[RunFinished]:
    for step in islice(read(scope, since, {}), MOST_PAGES):
        yield from (fact for fact in step.facts if isinstance(fact, RunFinished))
