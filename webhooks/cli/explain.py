"""`okrlink explain`: what okrlink understands from recorded payloads, and why the rest is left. Needs nothing but files."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click
import orjson

from integration.core.errors import Malformed, Unsupported
from integration.core.facts import TrackerFact
from integration.trackers import TRACKERS, recognise
from integration.trackers.contract import Tracker
from integration.trackers.decoding import decode
from mappings.wording import printable
from webhooks.cli.explain_text import fact_lines, heading, summary

Outcome: TypeAlias = Literal["translated", "ignored", "unsupported", "malformed"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one file. `reason` says why there are no facts; None where there are."""

    file: str
    outcome: Outcome
    reason: str | None = None
    tracker: str | None = None
    event: str | None = None
    items: tuple[str, ...] = ()
    facts: tuple[TrackerFact, ...] = field(default=(), repr=False)


@click.command()
@click.option("--tracker", type=click.Choice(list(TRACKERS)), help="Who sent them; else recognised from each body.")
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
def explain(paths: Sequence[str], tracker: str | None, *, as_json: bool) -> None:
    """Says what okrlink understands from recorded webhook payloads (files, or folders of them), and why not the rest.

    Mappings name what stands here: fields by their ids, statuses, labels, versions. Nothing is stored or sent.
    """
    given = TRACKERS[tracker] if tracker else None
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for file in files_in(paths):
        explained = explain_file(file, given)
        if as_json:
            click.echo(orjson.dumps(as_object(explained), option=orjson.OPT_UTC_Z))
            continue
        counts[(explained.outcome, explained.tracker or "", explained.event or "", explained.reason or "")] += 1
        click.echo(heading(explained.file, explained.tracker, explained.event, explained.items))
        if explained.reason:
            click.echo(f"  {explained.outcome}: {printable(explained.reason)}")
        for line in fact_lines(explained.facts):
            click.echo(line)
    if not as_json:
        click.echo(summary(counts))


def files_in(paths: Iterable[str]) -> Iterator[str]:
    """The files as given, and those below given folders joined to the folder as given; hidden ones are left out."""
    for path in paths:
        if not Path(path).is_dir():
            yield path
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                joined = os.path.join(folder, name)  # noqa: PTH118  # keeps the folder as it was given, `./` included
                if not name.startswith(".") and Path(joined).is_file():
                    yield joined


def explain_file(file: str, tracker: Tracker | None = None) -> Explanation:
    """One file, understood as a delivery that came when the file was written."""
    name = tracker.name if tracker else None
    try:
        received = datetime.fromtimestamp(Path(file).stat().st_mtime, UTC)
        body = decode(Path(file).read_bytes())
    except OSError as exc:
        return Explanation(file, "malformed", f"cannot be read: {exc.strerror}", name)
    except orjson.JSONDecodeError as exc:
        return Explanation(file, "malformed", f"not JSON: {exc}", name)
    if not isinstance(body, dict):
        return Explanation(file, "malformed", "not a JSON object", name)
    sender = tracker or recognise(body)
    if sender is None:
        items = tuple(dict.fromkeys(item for known in TRACKERS.values() for item in known.items_of(body)))
        return Explanation(file, "unsupported", "no tracker that okrlink knows sends such a body", items=items)
    return _understood(file, sender, body, received)


def as_object(explained: Explanation) -> dict[str, Any]:
    """What `--json` prints: every key always there, facts without what they do not know."""
    names = ("file", "tracker", "event", "outcome", "reason", "items")
    return {name: getattr(explained, name) for name in names} | {"facts": [fact_object(one) for one in explained.facts]}


def fact_object(fact: TrackerFact) -> dict[str, Any]:
    told = ((each.name, getattr(fact, each.name)) for each in dataclasses.fields(fact))
    return {"kind": fact.kind, **{name: value for name, value in told if value is not None and name != "exact"}}


def _understood(file: str, tracker: Tracker, body: object, received: datetime) -> Explanation:
    try:
        translation = tracker.translate(body, received)
    except (Unsupported, Malformed) as exc:
        unsupported = isinstance(exc, Unsupported)
        outcome: Outcome = "unsupported" if unsupported else "malformed"
        reason = "this version does not know such events" if unsupported else str(exc)
        return Explanation(file, outcome, reason, tracker.name, tracker.event_of(body), tracker.items_of(body))
    return Explanation(
        file,
        "ignored" if translation.ignored else "translated",
        translation.ignored,
        tracker.name,
        translation.event,
        translation.items,
        translation.facts,
    )
