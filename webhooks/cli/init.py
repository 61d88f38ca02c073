"""`okrlink init`: asks what is needed and writes a first mapping, checked and ready to plan with."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from mappings import Loaded, load_texts
from mappings.first import Answers, first_mapping
from webhooks.cli import Mistake
from webhooks.cli.asking import Asking
from webhooks.cli.check import DEFAULT, understood
from webhooks.cli.interview import MADE_UP, interview
from webhooks.phrases import listed


@click.command("init")
@click.option("--offline", is_flag=True, help="Ask without looking at the tracker.")
@click.option("--defaults", is_flag=True, help="Ask nothing; take every default.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=DEFAULT, help="The file to write (default: okr.yaml)."
)
def init(*, offline: bool, defaults: bool, output: Path) -> None:
    """Ask what is needed and write a first mapping; never over a file that is there, never a secret.

    Without --offline it will look at the tracker, once a later version can.
    """
    if os.path.lexists(output):
        raise Mistake(f"{output} is there already and stays as it is; okrlink init --output NAME writes another file")
    if not output.absolute().parent.is_dir():
        raise Mistake(f"there is no folder {output.parent} to write {output.name} into")
    if not offline:
        print(
            "Looking at the tracker comes with a later version; the questions are the same without it.", file=sys.stderr
        )
    answers = interview(Asking(silent=defaults), datetime.now(UTC).astimezone().date())
    text = first_mapping(answers)
    loaded = load_texts({str(output): text}, str(output))
    _write(output, text)
    for warning in loaded.warnings:
        print(warning, file=sys.stderr)
    _next(output, answers, loaded)


def _write(output: Path, text: str) -> None:
    try:
        with output.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Mistake(f"{output} came to be meanwhile and stays as it is") from None
    except OSError as error:
        raise Mistake(f"{output} cannot be written: {error.strerror}") from error


def _next(output: Path, answers: Answers, loaded: Loaded) -> None:
    print(f"\nWritten and checked. {understood(output, loaded)}.\n\nNext:")
    if answers.url == MADE_UP:
        print(f"  put your tracker's address into {output}, in the place of {MADE_UP}")
    needed = [
        name for name in (answers.user, answers.token, answers.webhook_secret) if name and not os.environ.get(name)
    ]
    if needed:
        print(f"  put {listed(needed)} into the environment")
    print(f"  okrlink plan{'' if output == DEFAULT else f' {output}'}")
