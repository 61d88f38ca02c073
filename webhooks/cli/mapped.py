"""What commands that talk to trackers begin with: a mapping, applied or in a file, and clients for its connections."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from integration.ledger import Ledgers
from integration.store import applied
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, TrackerClient
from mappings import ConnectionSource, Loaded, load, load_texts, resolve
from webhooks.bootstrap import Service
from webhooks.cli import Mistake

DEFAULT = Path("okr.yaml")


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping, the folder in which file/ secrets are looked for, and what counts the requests that it leads to."""

    loaded: Loaded
    folder: Path
    ledgers: Ledgers

    def secret_place(self, name: str) -> str | None:
        """Where the mapping says that the connection's webhook secret is, such as env/NAME; None where it names none."""
        for source in self.loaded.connections:
            if source.name == name and source.webhook_secrets:
                return f"{source.webhook_secrets[0].kind}/{source.webhook_secrets[0].text}"
        return None

    def site(self, name: str, *, with_webhooks: bool = True) -> Connection:
        """The connection with its values, read now: without those of its webhooks, if only asking is wanted.

        Raises `Mistake` for an unknown name, `MappingInvalid` for missing values.
        """
        source = self.source(name)
        if not with_webhooks:
            source = dataclasses.replace(source, webhook_user=None, webhook_secrets=())
        return self.ledgers.share(resolve(source, os.environ, self.folder))

    def source(self, name: str) -> ConnectionSource:
        """The connection as the mapping says it. Raises `Mistake` for an unknown name."""
        for source in self.loaded.connections:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.loaded.connections)
        raise Mistake(
            f"no connection is called '{name}'; there is {known}" if known else "the mapping has no connections"
        )

    def names(self, name: str | None) -> Sequence[str]:
        """That connection, or all of them. Raises `Mistake` where there is none."""
        if not self.loaded.connections:
            raise Mistake("the mapping has no connections")
        return [self.source(name).name] if name else [source.name for source in self.loaded.connections]

    def sites(self, name: str | None, *, with_webhooks: bool = True) -> Mapping[str, Connection]:
        """That connection, or all of them."""
        return {one: self.site(one, with_webhooks=with_webhooks) for one in self.names(name)}


NOTHING_THERE = f"nothing is applied yet and there is no {DEFAULT}; name a mapping with --mapping FILE"


def mapped(service: Service, file: Path | None, nothing: str = NOTHING_THERE) -> Mapped:
    """The mapping in `file` where one is named, else the applied one, else that of okr.yaml. `nothing` says there is none."""
    with service.database.read() as connection:
        newest = applied.newest(connection)
    if file is None and newest is not None:
        return Mapped(load_texts(newest.files, next(iter(newest.files))), Path(newest.folder), service.ledgers)
    if file is None and not DEFAULT.exists():
        raise Mistake(nothing)
    chosen = file or DEFAULT
    return Mapped(load(chosen), chosen.absolute().parent, service.ledgers)


def client(site: Connection) -> TrackerClient:
    """Nothing is asked of the tracker yet."""
    return TRACKERS[site.tracker].connect(site)


class FileClients(Mapping[str, TrackerClient]):
    """Clients for the connections of a mapping that need not be applied yet, made when first asked for."""

    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped
        self._made: dict[str, TrackerClient] = {}

    def __getitem__(self, name: str) -> TrackerClient:
        if name not in self._made:
            self._made[name] = client(self._mapped.site(name, with_webhooks=False))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (source.name for source in self._mapped.loaded.connections)

    def __len__(self) -> int:
        return len(self._mapped.loaded.connections)
