"""An applied mapping -> the connections it names, resolved anew at each call, because secrets in files may change."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from integration.core.errors import MappingInvalid
from integration.store.applied import Applied
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Tracker
from mappings import ConnectionSource, load_texts, resolve

Reached: TypeAlias = Mapping[str, tuple[Tracker, Connection]]
Senders: TypeAlias = Mapping[str, tuple[Tracker, Connection] | MappingInvalid]
"""In the place of a connection whose secret cannot be read now stands the reason: its deliveries are not unknown."""

log = logging.getLogger(__name__)


def reached(environment: Mapping[str, str], mapping: Applied) -> Callable[[], Reached]:
    """With credentials. One that lacks them is left out and logged when that changes: the others go on."""
    sources, folder = _sources(mapping), Path(mapping.folder)
    said: set[str] = set()

    def resolved() -> Reached:
        named: dict[str, tuple[Tracker, Connection]] = {}
        wrong: set[str] = set()
        for source in sources:
            try:
                named[source.name] = TRACKERS[source.tracker], resolve(source, environment, folder)
            except MappingInvalid as error:
                wrong.add(f"{source.name} cannot be reached: {error}")
        for message in sorted(wrong - said):
            log.warning("%s", message)
        said.clear()
        said.update(wrong)
        return named

    return resolved


def senders(environment: Mapping[str, str], mapping: Applied) -> Callable[[], Senders]:
    """Without credentials: a machine that only receives needs no token of a tracker."""
    folder = Path(mapping.folder)
    sources = [dataclasses.replace(source, user=None, token=None, ca_file=None) for source in _sources(mapping)]

    def resolved(source: ConnectionSource) -> tuple[Tracker, Connection] | MappingInvalid:
        try:
            return TRACKERS[source.tracker], resolve(source, environment, folder)
        except MappingInvalid as error:
            return error

    return lambda: {source.name: resolved(source) for source in sources}


def _sources(mapping: Applied) -> Sequence[ConnectionSource]:
    sources = load_texts(mapping.files, next(iter(mapping.files))).connections
    for source in sources:
        if source.tracker not in TRACKERS:
            log.warning("%s: this version does not know %s", source.name, source.tracker)
    return [source for source in sources if source.tracker in TRACKERS]
