"""An applied mapping -> the connections it names, resolved anew at each call, because secrets in files may change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from integration.core.errors import MappingInvalid
from integration.store.applied import Applied
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Tracker
from mappings import ConnectionSource, load_texts, resolve

Resolved: TypeAlias = Mapping[str, tuple[Tracker, Connection | MappingInvalid]]
"""In the place of a connection whose secrets cannot be read now stands the reason: nobody takes it for unknown."""


def reached(environment: Mapping[str, str], mapping: Applied) -> Callable[[], Resolved]:
    """With credentials, and without what webhooks prove themselves by: a machine that only works needs none of that."""
    sources = [dataclasses.replace(source, webhook_user=None, webhook_secrets=()) for source in _sources(mapping)]
    return _resolving(sources, environment, Path(mapping.folder))


def senders(environment: Mapping[str, str], mapping: Applied) -> Callable[[], Resolved]:
    """Without credentials: a machine that only receives needs no token of a tracker."""
    sources = [
        dataclasses.replace(source, user=None, token=None, tenant=None, client=None, client_secret=None, ca_file=None)
        for source in _sources(mapping)
    ]
    return _resolving(sources, environment, Path(mapping.folder))


def _resolving(
    sources: Sequence[ConnectionSource], environment: Mapping[str, str], folder: Path
) -> Callable[[], Resolved]:
    def resolved(source: ConnectionSource) -> Connection | MappingInvalid:
        try:
            return resolve(source, environment, folder)
        except MappingInvalid as error:
            return error

    return lambda: {source.name: (TRACKERS[source.tracker], resolved(source)) for source in sources}


def _sources(mapping: Applied) -> Sequence[ConnectionSource]:
    return load_texts(mapping.files, next(iter(mapping.files))).connections
