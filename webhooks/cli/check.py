"""The mapping on its own: `check` finds its mistakes, `schema` tells editors its shape."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from integration.core.errors import Problem
from mappings import Loaded, MappingInvalid, load
from mappings.json_schema import json_schema
from webhooks.cli import Mistake
from webhooks.phrases import many

DEFAULT = Path("okr.yaml")
MISTAKES = 2
"""The exit status that says: the mapping is wrong."""


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--strict", is_flag=True, help="Warnings are mistakes, too.")
@click.option("--online", is_flag=True, help="Ask the trackers, too; not built into this version.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as one JSON object.")
def check(file: Path, *, strict: bool, online: bool, as_json: bool) -> None:
    """Find every mistake in FILE (default: okr.yaml) at once. Needs nothing but the file."""
    if online:
        raise Mistake(
            "check --online comes with a later version; without it the files are checked, and okrlink plan "
            "asks the trackers for the fields it would write"
        )
    loaded: Loaded | None
    problems: tuple[Problem, ...]
    try:
        loaded = load(file)
        problems = loaded.warnings
    except MappingInvalid as invalid:
        loaded, problems = None, invalid.problems
    good = loaded is not None and not (strict and problems)
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
def schema() -> None:
    """Print the JSON Schema of the mapping language, for editors that complete and check while you type."""
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


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
