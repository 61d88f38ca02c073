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
from itertools import pairwise
from typing import Protocol, TypeAlias

from integration.core.delivery.facts import DeliveryFact, Deployment, Times

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
        # One look at each: going through many facts again and again is what takes time.
        finished: defaultdict[str, list[_Row]] = defaultdict(list)
        running: defaultdict[str, list[Deployment]] = defaultdict(list)
        named: defaultdict[str, list[Deployment]] = defaultdict(list)
        self._by_id: dict[str, Deployment] = {}
        self.tells_rollbacks = False
        for one in deployments:
            fields = one.fields
            if fields.get("production") is not True:
                continue
            self._by_id[one.id] = one
            times = one.moments.get("finished")
            for service in services_of(one):
                if times:
                    finished[service].append((times[0], one.id, fields.get("result") == "success", one))
                else:
                    running[service].append(one)
            if one.names or "version" in fields:
                for name in names_of(one) - {one.id}:
                    named[name].append(one)
            if "version" in fields or "rollback" in fields:
                self.tells_rollbacks = True
        self._services = {
            service: _Series(finished.get(service, []), running.get(service, [])) for service in {*finished, *running}
        }
        for several in named.values():
            several.sort(key=_finish_and_id)
        self._named = dict(named)

    def services(self) -> Collection[str]:
        return self._services.keys()

    def finished(self, service: str) -> Sequence[Deployment]:
        """All of a service that finished, in order."""
        return self._services[service].finished if service in self._services else ()

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
        found = self._named.get(name, [])
        if one := self._by_id.get(name):
            found = [*found, one] if one not in found else found
        if found or not SHORT_COMMIT.fullmatch(name):
            return found
        at = bisect_left(self._sorted_names, name.lower())
        begins = at < len(self._sorted_names) and self._sorted_names[at].startswith(name.lower())
        return self._named[self._sorted_names[at]] if begins else ()

    @cached_property
    def _sorted_names(self) -> Sequence[str]:
        return sorted(self._named)


_Row: TypeAlias = tuple[datetime, str, bool, Deployment]
"""When it finished, its id, whether it succeeded."""


class _Series:
    """A service's deployments in several orders; most are asked for few of them."""

    def __init__(self, rows: list[_Row], running: Sequence[Deployment]) -> None:
        rows.sort()
        self._running = running
        self.finished = [row[3] for row in rows]
        self.times = [row[0] for row in rows]
        self.successes = [row[3] for row in rows if row[2]]
        self.success_times = [row[0] for row in rows if row[2]]

    @cached_property
    def following(self) -> Mapping[str, Deployment]:
        return {one.id: after for one, after in pairwise(self.finished)}

    @cached_property
    def begun(self) -> tuple[Sequence[datetime], Sequence[Deployment]]:
        every = [*self.finished, *self._running]
        if not any("started" in one.moments for one in every):
            return self.times, self.finished
        begun = sorted((at, one.id, one) for one in every if (at := one.began))
        return [at for at, _, _ in begun], [one for _, _, one in begun]


def finish(deployment: Deployment) -> datetime:
    """When it finished; of one that was looked for among those that did."""
    return deployment.moments["finished"][0]


def _finish_and_id(deployment: Deployment) -> tuple[Times, str]:
    return deployment.moments.get("finished", ()), deployment.id
