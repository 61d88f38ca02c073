"""How far a long piece of local work has come: a bar on a terminal, now and then a plain line elsewhere; on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

BETWEEN_LINES = 5.0
"""Seconds; a log is no place for a bar."""

Report = Callable[[int, int, str], None]
"""Told how many of how many are done, and of what; the whole may grow meanwhile."""


@contextmanager
def counting(doing: str, *, silent: bool = False) -> Iterator[Report]:
    """Shows what is reported as `doing`: a verb with a capital letter. Work that is done at once shows no line."""
    if silent:
        yield lambda _done, _whole, _things: None
    elif sys.stderr.isatty():
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[things]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bars:
            task = bars.add_task(doing, total=None, things="")
            yield lambda done, whole, things: bars.update(task, completed=done, total=whole, things=things)
    else:
        yield _lines(doing)


def _lines(doing: str) -> Report:
    due = time.monotonic() + BETWEEN_LINES

    def report(done: int, whole: int, things: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + BETWEEN_LINES
            click.echo(f"{doing}: {done:,} of {whole:,} {things}", err=True)

    return report
