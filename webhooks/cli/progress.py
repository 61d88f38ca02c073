"""How far long work has come: a bar with count, rate and time left on a terminal, plain lines elsewhere, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from integration.history import Told

BETWEEN_LINES = 10.0
"""Seconds; a log is no place for a bar."""


class Progress(Protocol):
    """Hears how a backfill gets on, one stream after the other."""

    def says(self, line: str) -> None:
        """Something to know before it begins."""
        ...

    def begins(self, connection: str, stream: str, total: Callable[[], int | None]) -> None:
        """`total` asks how many there are; only who shows it needs to know."""
        ...

    def heard(self, told: Told) -> None:
        """All that the stream has told so far."""
        ...

    def waits(self, seconds: float, reason: str) -> None: ...

    def ended(self, connection: str, stream: str, told: Told, reason: str | None) -> None: ...


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """As fits where stderr goes; `quiet` shows nothing but trouble."""
    if quiet or not sys.stderr.isatty():
        yield Lines(quiet=quiet)
        return
    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
    ) as bars:
        yield Terminal(bars)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Terminal:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("", visible=False, note="")

    def says(self, line: str) -> None:
        self._bars.console.print(line, markup=False, highlight=False)

    def begins(self, connection: str, stream: str, total: Callable[[], int | None]) -> None:
        self._task = self._bars.add_task(f"{connection}: {stream}", total=total(), note="")

    def heard(self, told: Told) -> None:
        self._bars.update(self._task, completed=told.items, note="")

    def waits(self, seconds: float, reason: str) -> None:
        self._bars.update(self._task, note=f"waiting {seconds:.0f} s: {reason}")

    def ended(self, connection: str, stream: str, told: Told, reason: str | None) -> None:  # noqa: ARG002  # its bar names it
        self._bars.update(self._task, completed=told.items, total=told.items, note=reason or "")


class Lines:
    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._name = ""
        self._next = 0.0

    def says(self, line: str) -> None:
        if not self._quiet:
            click.echo(line, err=True)

    def begins(self, connection: str, stream: str, total: Callable[[], int | None]) -> None:  # noqa: ARG002  # costs a request
        self._name, self._next = f"{connection}: {stream}", time.monotonic() + BETWEEN_LINES

    def heard(self, told: Told) -> None:
        if not self._quiet and time.monotonic() >= self._next:
            self._next = time.monotonic() + BETWEEN_LINES
            click.echo(f"{self._name}: {told.items:,} so far, {told.new:,} new facts", err=True)

    def waits(self, seconds: float, reason: str) -> None:
        click.echo(f"{self._name}: waiting {seconds:.0f} s: {reason}", err=True)

    def ended(self, connection: str, stream: str, told: Told, reason: str | None) -> None:
        """The summary says it."""
