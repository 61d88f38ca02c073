"""The mapping on its own: `check` finds its mistakes, `schema` tells editors its shape, `init` writes a first one."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from integration.core.errors import Problem
from mappings import Loaded, MappingInvalid, load, load_texts
from mappings.first import first_mapping
from mappings.json_schema import json_schema
from webhooks.cli.interview import Interview

DEFAULT = Path("okr.yaml")
MISTAKES = 2
"""The exit status that says: the mapping is wrong."""


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--strict", is_flag=True, help="Warnings are mistakes, too.")
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as one JSON object.")
def check(file: Path, *, strict: bool, as_json: bool) -> None:
    """Find every mistake in FILE (default: okr.yaml) at once. Needs nothing but the file."""
    try:
        loaded: Loaded | None = load(file)
        problems = loaded.warnings if loaded else ()
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


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--offline", is_flag=True, help="Ask without looking at the tracker.")
@click.option("--defaults", is_flag=True, help="Ask nothing; take the default answers.")
def init(file: Path, *, offline: bool, defaults: bool) -> None:
    """Ask what is needed and write FILE (default: okr.yaml); never over a file that is there, never a secret."""
    if file.exists():
        raise click.UsageError(f"{file} is there already, and stays as it is; give another name, or move it away")
    if not offline:
        click.echo(
            "Looking at the tracker is not built into this version; the questions are the same without it.", err=True
        )
    answers = Interview(defaults_only=defaults).answers(datetime.now(UTC).astimezone().date())
    text = first_mapping(answers)
    loaded = load_texts({file.name: text}, file.name)
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(text)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from error
    for warning in loaded.warnings:
        print(warning, file=sys.stderr)
    print(f"\nWritten. {understood(file, loaded)}")
    named = "" if file == DEFAULT else f" {file}"
    secrets = (name for name in (answers.user, answers.token, answers.webhook_secret) if name)
    print(f"Next: put {', '.join(secrets)} into the environment, then: okrlink plan{named}")


def understood(file: Path, loaded: Loaded) -> str:
    """What was understood, in one line."""
    scorecard = loaded.scorecard
    counts = (
        (len(scorecard.objectives), "objective"),
        (len([*scorecard.key_results()]), "key result"),
        (len(loaded.connections), "connection"),
    )
    what = ", ".join(_counted(number, word) for number, word in counts)
    warnings = f", {_counted(len(loaded.warnings), 'warning')}" if loaded.warnings else ""
    return f"{file}: {what}: no mistakes{warnings}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


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
