"""The production deployments of each service, in order of time, and who is beside whom.

`Timeline` is all that attribution asks; a store answers it from its indexes, `Production` from deployments at hand.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import compress, islice, pairwise
from operator import lt
from typing import Protocol

from integration.core.delivery.facts import DeliveryFact, Deployment, Times
from integration.core.facts import Value

ONE_SERVICE = ("",)
"""What a fact belongs to where nothing names services: a mapping without `services` has one."""

SHORT_COMMIT = re.compile(r"[0-9a-f]{7,39}", re.IGNORECASE)
"""The beginning of a commit's id, as people and git shorten it."""


def services_of(fact: DeliveryFact) -> tuple[str, ...]:
    return fact.services or ONE_SERVICE


def names_of(deployment: Deployment) -> frozenset[str]:
    """By what a change or an incident may name it."""
    version = deployment.fields.get("version")
    return frozenset((deployment.id, *deployment.names, *([str(version)] if version else ())))


class Timeline(Protocol):
    """Production deployments only. Of two of one moment the one with the lesser id comes first."""

    @property
    def tells_rollbacks(self) -> bool:
        """Whether any may be a rollback: some have a version, or a name that tells."""

    def next_success(self, service: str, since: datetime) -> Deployment | None:
        """The service's first successful one that finished then or later."""

    def last_begun(self, service: str, before: datetime) -> Deployment | None:
        """The service's last one, of whatever result, that began before then; one of unknown start began at its end."""

    def last_finished(self, service: str, before: datetime, *, at: bool = False) -> Deployment | None:
        """The service's last one, of whatever result, that finished before then, or `at` that very moment."""

    def next_finished(self, service: str, after: Deployment) -> Deployment | None:
        """The service's first one, of whatever result, that finished after that one did."""

    def named(self, name: str) -> Sequence[Deployment]:
        """Those with this id, version, or key, or that ship this commit, by when they finished."""


class Production:
    """The timeline of the deployments at hand. Those to other environments are left out."""

    def __init__(self, deployments: Iterable[Deployment]) -> None:
        # One look at each: what takes time is to go through many facts again and again.
        self._services: dict[str, _Series] = {}
        self._ours: list[Deployment] = []
        self.tells_rollbacks = False
        for one in deployments:
            fields = one.fields
            if fields.get("production") is not True:
                continue
            self._ours.append(one)
            times = one.moments.get("finished")
            for service in services_of(one):
                series = self._services.get(service)
                if series is None:
                    series = self._services[service] = _Series()
                if times:
                    series.finished.append(one)
                    series.times.append(times[0])
                    series.results.append(fields.get("result"))
                else:
                    series.running.append(one)
            if "version" in fields or "rollback" in fields:
                self.tells_rollbacks = True
        for series in self._services.values():
            series.sort()

    def services(self) -> Collection[str]:
        return self._services.keys()

    def finished(self, service: str) -> Sequence[Deployment]:
        """All of a service that finished, in order."""
        return self._services[service].finished if service in self._services else ()

    def successes(self, service: str) -> tuple[Sequence[datetime], Sequence[Deployment]]:
        """When the successful ones of a service finished, and which they are, in order."""
        series = self._services.get(service)
        return ((), ()) if series is None else (series.success_times, series.successes)

    def next_success(self, service: str, since: datetime) -> Deployment | None:
        series = self._services.get(service)
        if series is None:
            return None
        at = bisect_left(series.success_times, since)
        return series.successes[at] if at < len(series.successes) else None

    def last_begun(self, service: str, before: datetime) -> Deployment | None:
        if service not in self._services:
            return None
        times, begun = self._services[service].begun
        at = bisect_left(times, before)
        return begun[at - 1] if at else None

    def last_finished(self, service: str, before: datetime, *, at: bool = False) -> Deployment | None:
        series = self._services.get(service)
        if series is None:
            return None
        place = (bisect_right if at else bisect_left)(series.times, before)
        return series.finished[place - 1] if place else None

    def next_finished(self, service: str, after: Deployment) -> Deployment | None:
        series = self._services.get(service)
        return None if series is None else series.following.get(after.id)

    def named(self, name: str) -> Sequence[Deployment]:
        found = self._named.get(name)
        if found is not None or not SHORT_COMMIT.fullmatch(name):
            return found or ()
        at = bisect_left(self._sorted_names, name.lower())
        begins = at < len(self._sorted_names) and self._sorted_names[at].startswith(name.lower())
        return self._named[self._sorted_names[at]] if begins else ()

    @cached_property
    def _named(self) -> Mapping[str, Sequence[Deployment]]:
        named: defaultdict[str, list[Deployment]] = defaultdict(list)
        for one in self._ours:
            for name in names_of(one):
                named[name].append(one)
        for several in named.values():
            several.sort(key=_finish_and_id)
        return dict(named)

    @cached_property
    def _sorted_names(self) -> Sequence[str]:
        return sorted(self._named)


class _Series:
    """A service's deployments in several orders; most are asked for few of them."""

    def __init__(self) -> None:
        self.finished: list[Deployment] = []
        self.times: list[datetime] = []
        self.results: list[Value] = []
        self.running: list[Deployment] = []
        self.successes: list[Deployment] = []
        self.success_times: list[datetime] = []

    def sort(self) -> None:
        """By when they finished and by id. They come in that order already as a rule, which is quickly seen."""
        if not all(map(lt, self.times, islice(self.times, 1, None))):
            order = sorted(range(len(self.times)), key=lambda at: (self.times[at], self.finished[at].id))
            self.finished = [self.finished[at] for at in order]
            self.times = [self.times[at] for at in order]
            self.results = [self.results[at] for at in order]
        succeeded = [result == "success" for result in self.results]
        self.successes = list(compress(self.finished, succeeded))
        self.success_times = list(compress(self.times, succeeded))

    @cached_property
    def following(self) -> Mapping[str, Deployment]:
        return {one.id: after for one, after in pairwise(self.finished)}

    @cached_property
    def begun(self) -> tuple[Sequence[datetime], Sequence[Deployment]]:
        every = [*self.finished, *self.running]
        if not any("started" in one.moments for one in every):
            return self.times, self.finished
        begun = sorted((at, one.id, one) for one in every if (at := one.began))
        return [at for at, _, _ in begun], [one for _, _, one in begun]


def finish(deployment: Deployment) -> datetime:
    """When it finished; of one that was looked for among those that did."""
    return deployment.moments["finished"][0]


def _finish_and_id(deployment: Deployment) -> tuple[Times, str]:
    return deployment.moments.get("finished", ()), deployment.id
