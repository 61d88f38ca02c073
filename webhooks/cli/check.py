"""The mapping on its own: `check` finds its mistakes, `schema` tells editors its shape."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from integration.core.errors import Permanent, Problem, Refused, Retryable
from integration.core.queries import Query
from integration.pushed import schema as schema_of_facts
from integration.trackers import TRACKERS
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, Examiner, TrackerClient
from mappings import Loaded, MappingInvalid, load, resolve
from mappings.json_schema import json_schema
from mappings.online import Sight
from mappings.online import online as told_of
from webhooks.phrases import many

DEFAULT = Path("okr.yaml")
MISTAKES = 2
"""The exit status that says: the mapping is wrong."""


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--strict", is_flag=True, help="Warnings are mistakes, too.")
@click.option("--online", is_flag=True, help="Ask the trackers, too, whether they know the names in it.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as one JSON object.")
def check(file: Path, *, strict: bool, online: bool, as_json: bool) -> None:
    """Find every mistake in FILE (default: okr.yaml) at once. Needs nothing but the file; with --online also the trackers.

    Whether the account may do what the mapping needs, okrlink doctor tells.
    """
    loaded: Loaded | None
    problems: tuple[Problem, ...]
    try:
        loaded = load(file)
        problems = (*loaded.warnings, *(unknown_to_trackers(file, loaded) if online else ()))
    except MappingInvalid as invalid:
        loaded, problems = None, invalid.problems
    good = loaded is not None and not any(strict or not problem.warning for problem in problems)
    if as_json:
        print(json.dumps(_as_json(file, loaded, problems, good=good), indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
        if loaded is not None and good:
            print(understood(file, loaded))
    if not good:
        raise click.exceptions.Exit(MISTAKES)


@click.command("schema")
@click.argument("of", type=click.Choice(["mapping", "facts"]), default="mapping")
def schema(of: str) -> None:
    """Print the JSON Schema of mappings, for editors that complete and check while you type, or of facts from elsewhere."""
    made = json_schema() if of == "mapping" else schema_of_facts.json_schema()
    print(json.dumps(made, indent=2, ensure_ascii=False))


def understood(file: Path, loaded: Loaded) -> str:
    """What was understood, in one line."""
    scorecard = loaded.scorecard
    counts = (
        (len(scorecard.objectives), "objective"),
        (len([*scorecard.key_results()]), "key result"),
        (len(loaded.connections), "connection"),
    )
    what = ", ".join(many(number, word) for number, word in counts)
    warnings = f", {many(len(loaded.warnings), 'warning')}" if loaded.warnings else ""
    return f"{file}: {what}, no mistakes{warnings}"


def unknown_to_trackers(file: Path, loaded: Loaded, *, with_webhooks: bool = True) -> Sequence[Problem]:
    """What the trackers say of the mapping; where no webhooks are wanted, their secrets may be missing.

    Raises `Retryable` or `Permanent`, naming the connection that did not say it.
    """
    sights = {}
    queries = loaded.scorecard.queries
    missing: list[Problem] = []
    for source in loaded.connections:
        asked = source if with_webhooks else dataclasses.replace(source, webhook_user=None, webhook_secrets=())
        try:
            site = resolve(asked, os.environ, file.absolute().parent)
        except MappingInvalid as invalid:
            missing += invalid.problems
            continue
        tracker = TRACKERS.get(site.tracker)
        if tracker is not None and tracker.examiner is not None:
            with asking("check"), _of(source.name):
                sights[source.name] = _sight(
                    site, tracker.examiner(site), tracker.connect(site), queries.get(source.name, ())
                )
    return [*missing, *told_of(file, sights)]


def _sight(site: Connection, examiner: Examiner, client: TrackerClient, queries: Collection[Query]) -> Sight:
    visible = examiner.projects()
    read = [one for one in visible if not site.projects or any(one.is_called(name) for name in site.projects)]
    called = ", ".join(one.key for one in read) or site.name
    return Sight(called, visible, client.catalogue(), examiner.words(), _refusals(client, queries))


def _refusals(client: TrackerClient, queries: Collection[Query]) -> Mapping[Query, str]:
    """Which of them the tracker does not answer. Of an answer the first page is enough."""
    refused: dict[Query, str] = {}
    for query in sorted(queries):
        try:
            next(iter(client.answers(query)), None)
        except Refused:
            raise  # that is about us, and not about the query
        except Permanent as error:
            refused[query] = error.reason
    return refused


@contextmanager
def _of(name: str) -> Iterator[None]:
    try:
        yield
    except Retryable as error:
        raise Retryable(f"{name}: {error.reason}") from error
    except Permanent as error:
        raise Permanent(f"{name}: {error.reason}; okrlink doctor {name} tells more") from error


def _as_json(file: Path, loaded: Loaded | None, problems: tuple[Problem, ...], *, good: bool) -> dict[str, object]:
    scorecard = loaded.scorecard if loaded else None
    return {
        "file": str(file),
        "ok": good,
        "objectives": len(scorecard.objectives) if scorecard else None,
        "key_results": len([*scorecard.key_results()]) if scorecard else None,
        "connections": len(loaded.connections) if loaded else None,
        "digest": loaded.digest if loaded else None,
        "problems": [dataclasses.asdict(problem) for problem in problems],
    }
