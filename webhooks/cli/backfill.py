"""`okrlink backfill`: the past of a connection, from the beginning; and `okrlink rescan`: what webhooks missed, now."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import click

from integration.core.errors import Permanent, Retryable
from integration.core.links import Pattern
from integration.history import Told, walk
from integration.rescan import attempt, begin
from integration.store import streams
from integration.store.streams import ITEMS, STANDING, WHOLE, Stream
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, Purpose, Reader
from webhooks.bootstrap import Service
from webhooks.cli import Mistake
from webhooks.cli.mapped import client, mapped
from webhooks.cli.opened import open_service
from webhooks.cli.progress import Progress, progress
from webhooks.phrases import listed, many

Spent: TypeAlias = Mapping[str, Mapping[Purpose, int]]
"""Requests made, by connection and purpose."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any tracker was."""
FAR = timedelta(days=36500)
"""A backfill is never due by itself."""
MOST_FAILURES = 8
"""How often one page is asked for again, within some minutes, before a person has to look."""
LONGEST_WAIT = 120.0
LONGEST_REST = 3660.0
"""Seconds that a tracker may wish to be left alone for: Jira's quota starts anew with the hour."""
UNREACHED = 3
INTERRUPTED = 130


@dataclass(slots=True)
class Outcome:
    """What came of one stream of one connection."""

    connection: str
    stream: str
    told: Told = field(default_factory=Told)
    seconds: float = 0.0
    reason: str | None = None
    """Why it did not come to its end."""


@click.command()
@click.argument("connection", required=False)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what changed since that day (UTC); else everything."
)
@click.option("--project", help="Only this project of the connection.")
@click.option(
    "--mapping",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Default: the applied mapping, else okr.yaml.",
)
@click.option("--restart", is_flag=True, help="Begin again, instead of going on from where the last one stopped.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def backfill(
    connection: str | None,
    *,
    since: datetime | None,
    project: str | None,
    file: Path | None,
    restart: bool,
    as_json: bool,
) -> None:
    """Read the past of CONNECTION, or of all connections: items with their history, releases, builds, pull requests.

    Nothing is written to a tracker. It may be stopped at any time: started again, it goes on from where it stopped.
    Run once more after it has ended, it reads what changed since.
    """
    from_day = since.replace(tzinfo=UTC) if since else BEGINNING
    outcomes: list[Outcome] = []
    with open_service() as service:
        sites = mapped(service, file).sites(connection, with_webhooks=False)
        if project:
            sites = {name: _only(site, project) for name, site in sites.items()}
        scope = " ".join(
            [f"project {project}" if project else WHOLE, *([f"since {from_day:%Y-%m-%d}"] if since else [])]
        )
        try:
            with progress(quiet=as_json) as shown:
                for name, site in sites.items():
                    outcomes += _backfill(service, name, site, scope, from_day, shown, restart=restart)
        except KeyboardInterrupt:
            click.echo("Stopped. What was read is kept; okrlink backfill goes on from here.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        finally:
            service.wakeup.send()
        asked = service.ledgers.spent()
    _tell(outcomes, asked, as_json=as_json, nothing="Nothing has changed since it was read last.")


@click.command()
@click.argument("connection", required=False)
@click.option(
    "--mapping",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Default: the applied mapping, else okr.yaml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rescan(connection: str | None, *, file: Path | None, as_json: bool) -> None:
    """Ask CONNECTION, or all connections, now what webhooks missed. Workers do so by themselves every 15 minutes."""
    outcomes: list[Outcome] = []
    with open_service() as service:
        for name, site in mapped(service, file).sites(connection, with_webhooks=False).items():
            outcomes += _rescan(service, name, site)
        service.wakeup.send()
        asked = service.ledgers.spent()
    _tell(outcomes, asked, as_json=as_json, nothing="Webhooks have missed nothing.")


def _only(site: Connection, project: str) -> Connection:
    if site.projects and not any(Pattern(one).matches(project) for one in site.projects):
        raise Mistake(f"{site.name} has no project '{project}'; it has {listed(site.projects)}")
    return replace(site, projects=(project,))


def _reader(site: Connection) -> Reader:
    made = client(site)
    if not isinstance(made, Reader):
        raise Permanent(f"this version does not read the history of {site.tracker}")
    return made


def _backfill(
    service: Service, name: str, site: Connection, scope: str, since: datetime, shown: Progress, *, restart: bool
) -> Sequence[Outcome]:
    try:
        reader = _reader(site)
    except Permanent as error:
        return [Outcome(name, "history", reason=error.reason)]
    if restart:
        with service.database.write() as connection:
            streams.forget(connection, name, scope)
    outcomes = []
    for stream in reader.streams:
        outcome = Outcome(name, stream)
        began = time.monotonic()
        try:
            take = _laid_out(service, name, stream, scope, since)
            _say_what_is_new(take(), site, shown)
            _read(service, reader, site, take, outcome, shown)
        except (Retryable, Permanent) as error:
            outcome.reason = error.reason
        outcome.seconds = time.monotonic() - began
        shown.ended(outcome.connection, outcome.stream, outcome.told, outcome.reason)
        outcomes.append(outcome)
    return outcomes


def _laid_out(service: Service, name: str, stream: str, scope: str, since: datetime) -> Callable[[], Stream]:
    """Takes the walk over at each call: whoever types the command means it, and a killed one has left its lease."""
    with service.database.write() as connection:
        streams.begin(connection, name, stream, scope, since, _now() + FAR)

    def take() -> Stream:
        with service.database.write() as connection:
            return streams.take_over(connection, name, stream, scope, _now())

    return take


def _say_what_is_new(stream: Stream, site: Connection, shown: Progress) -> None:
    """Says which projects came to the mapping since the others were read; their past is read with what changed there."""
    lacks = stream.lacks(site.projects) if stream.reached_at is not None and stream.name in ITEMS else ()
    if lacks:
        shown.says(f"{site.name}: {', '.join(lacks)} was not read before; its past is read from the beginning")


def _read(
    service: Service, reader: Reader, site: Connection, take: Callable[[], Stream], outcome: Outcome, shown: Progress
) -> None:
    """Reads to the end, and waits for a tracker that wants rest or has trouble, as long as it gets on in between."""
    failures = 0
    shown.begins(outcome.connection, outcome.stream, lambda: _total(reader, outcome.stream, take, site.projects))

    def heard(told: Told) -> None:
        nonlocal failures
        failures, outcome.told = 0, outcome.told + told
        shown.heard(outcome.told)

    while True:
        try:
            walk(service.database, reader, take(), _now, FAR, heard, site.projects)
        except Retryable as error:
            failures += 1
            wait = min(2.0**failures, LONGEST_WAIT) if error.after is None else error.after
            if failures > MOST_FAILURES or wait > LONGEST_REST:
                raise
            shown.waits(wait, error.reason)
            time.sleep(wait)
        else:
            return


def _total(reader: Reader, stream: str, take: Callable[[], Stream], projects: Sequence[str]) -> int | None:
    """How many there are yet to come; a tracker that cannot count them now only costs the bar its end."""
    walked = take()
    if walked.reached_at is not None and not walked.lacks(projects):
        return None
    try:
        with asking("history"):
            total = reader.total(stream, walked.since)
    except (Retryable, Permanent):
        return None
    return None if total is None else max(0, total - walked.told)


def _rescan(service: Service, name: str, site: Connection) -> Sequence[Outcome]:
    try:
        reader = _reader(site)
    except Permanent as error:
        return [Outcome(name, "history", reason=error.reason)]
    begin(service.database, {name: reader}, _now())
    outcomes = []
    with service.database.read() as connection:
        standing = [one for one in streams.every(connection, STANDING) if one.connection == name]
    for one in standing:
        with service.database.write() as connection:
            stream = streams.claim(connection, name, one.name, STANDING, _now())
        if stream is None:
            outcomes.append(Outcome(name, one.name, reason="a worker is reading them right now"))
            continue
        done = attempt(service.database, site, reader, stream, _now)
        outcomes.append(
            Outcome(name, one.name, done.told if done else Told(), reason=None if done else _why(service, one))
        )
    return outcomes


def _why(service: Service, stream: Stream) -> str:
    with service.database.read() as connection:
        kept = streams.find(connection, stream.connection, stream.name, stream.scope)
    return kept.reason if kept and kept.reason else "another process has taken it over"


def _tell(outcomes: Sequence[Outcome], asked: Spent, *, as_json: bool, nothing: str) -> None:
    if as_json:
        told = {"streams": [_as_json(one) for one in outcomes], "requests": asked}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for line in _lines(outcomes):
            click.echo(line)
        if not any(one.told.new or one.told.items or one.reason for one in outcomes):
            click.echo(nothing)
        for name, purposes in asked.items():
            click.echo(f"{name}: {many(sum(purposes.values()), 'request')} made")
    if any(one.reason for one in outcomes):
        raise click.exceptions.Exit(UNREACHED)


def _lines(outcomes: Sequence[Outcome]) -> Sequence[str]:
    width = max((len(f"{one.connection}: {one.stream}") for one in outcomes), default=0)
    lines = []
    for one in outcomes:
        told = f"{one.told.items:,} told, {many(one.told.new, 'new fact')}"
        missed = f", {one.told.missed:,} missed by webhooks" if one.told.missed else ""
        stopped = f"; stopped: {one.reason}" if one.reason else ""
        lines.append(f"{f'{one.connection}: {one.stream}':{width}}  {told}{missed}{stopped}")
    return lines


def _as_json(one: Outcome) -> Mapping[str, Any]:
    return {
        "connection": one.connection,
        "stream": one.stream,
        "items": one.told.items,
        "new_facts": one.told.new,
        "missed": one.told.missed,
        "seconds": round(one.seconds, 3),
        "reason": one.reason,
    }


def _now() -> datetime:
    return datetime.now(UTC)
