"""`okrlink init`: asks what is needed and writes a first mapping, checked and ready to plan with."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import click

from integration.core.errors import ServiceError
from mappings import Loaded, load_texts
from mappings.first import Answers, first_mapping
from mappings.first_delivery import PUSHED
from mappings.schema.connections import TrackerName
from webhooks.cli import Mistake
from webhooks.cli.asking import Asking
from webhooks.cli.check import DEFAULT, understood, unknown_to_trackers
from webhooks.cli.interview import MADE_UP, interview
from webhooks.cli.looking import Look, Seen
from webhooks.cli.plan import planned
from webhooks.cli.plan_text import as_text
from webhooks.phrases import listed


@click.command("init")
@click.option("--offline", is_flag=True, help="Ask without looking at the tracker.")
@click.option("--defaults", is_flag=True, help="Ask nothing; take every default.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=DEFAULT, help="The file to write (default: okr.yaml)."
)
def init(*, offline: bool, defaults: bool, output: Path) -> None:
    """Ask what is needed and write a first mapping; never over a file that is there, never a secret.

    Where the variables that you name hold an account, the tracker is looked at: its projects, labels, fields, and
    what may have been deployments and incidents are what you choose from; in the end its names are compared, and the
    plan is shown. Nothing is written into the tracker.
    """
    if os.path.lexists(output):
        raise Mistake(f"{output} is there already and stays as it is; okrlink init --output NAME writes another file")
    if not output.absolute().parent.is_dir():
        raise Mistake(f"there is no folder {output.parent} to write {output.name} into")
    asking = Asking(silent=defaults)
    look = None if offline else Look(asking, os.environ)
    answers = interview(asking, datetime.now(UTC).astimezone().date(), look)
    text = first_mapping(answers)
    loaded = load_texts({str(output): text}, str(output))
    _write(output, text)
    for warning in loaded.warnings:
        print(warning, file=sys.stderr)
    print(f"\nWritten and checked. {understood(output, loaded)}.")
    seen = look.seen if look else Seen()
    if seen.catalogue:
        _compare(loaded, output)
        _plan(loaded, output)
    _next(output, answers, seen)
    if PUSHED in answers.deployments:
        _snippet(answers.tracker)


def _write(output: Path, text: str) -> None:
    try:
        with output.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Mistake(f"{output} came to be meanwhile and stays as it is") from None
    except OSError as error:
        raise Mistake(f"{output} cannot be written: {error.strerror}") from error


def _compare(loaded: Loaded, output: Path) -> None:
    """What the mapping names and the tracker does not have yet."""
    try:
        unknown = unknown_to_trackers(output, loaded, with_webhooks=False)
    except ServiceError as error:
        print(f"\nThe names in it are not compared: {error}", file=sys.stderr)
        return
    if unknown:
        print("\nNot there yet:\n")
        for problem in unknown:
            print(f"  {problem}")


def _plan(loaded: Loaded, output: Path) -> None:
    """What the mapping would write; it is written down whatever becomes of the plan."""
    try:
        made, renames = planned(loaded, output)
    except ServiceError as error:
        print(f"\nThere is no plan yet: {error}", file=sys.stderr)
        return
    print("\nThe plan:\n")
    for line in as_text(made, loaded.scorecard, renames, everything=False):
        print(f"  {line}".rstrip())


def _next(output: Path, answers: Answers, seen: Seen) -> None:
    print("\nNext:")
    if answers.url == MADE_UP:
        print(f"  put your tracker's address into {output}, in the place of {MADE_UP}")
    needed = [
        name for name in (answers.user, answers.token, answers.webhook_secret) if name and not os.environ.get(name)
    ]
    if needed:
        print(f"  put {listed(needed)} into the environment")
    mapping = "" if output == DEFAULT else f" --mapping {output}"
    if PUSHED in answers.deployments:
        print("  okrlink token create ci --scope facts:write, for the step of your CI that is shown below")
    if not seen.catalogue:
        print(f"  okrlink plan{'' if output == DEFAULT else f' {output}'}")
        return
    if answers.shown == "fields" and not all(seen.named(name) for name in answers.fields):
        print(f"  okrlink fields create{mapping}")
    print(f"  okrlink backfill{mapping}")


def _snippet(tracker: TrackerName) -> None:
    """The step with which a CI tells of a deployment, as the README has it."""
    ci, name = (
        ("Azure Pipelines", "azure-pipelines") if tracker.startswith("azure") else ("GitHub Actions", "github-actions")
    )
    print(f"\nThe last step of the job that deploys, for {ci}; the README has it for others:\n")
    for line in (resources.files("webhooks") / "snippets" / f"{name}.yaml").read_text(encoding="utf-8").splitlines():
        print(f"  {line}")
