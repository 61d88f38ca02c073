"""`okrlink demo`: a quarter of a small company with simulated trackers, in a minute to watch or at once to read."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from integration.core.errors import ServiceError
from webhooks.cli.numbers import plain_lines, table
from webhooks.demo.clock import DemoClock
from webhooks.demo.play import play, play_at_once
from webhooks.demo.stage import OVER, SIMULATED, Stage, look, staged
from webhooks.demo.story import BEGIN
from webhooks.overview import key_result_as_json, overview
from webhooks.phrases import field_value

EVERY = 0.25
"""Seconds between two looks of the terminal."""


@click.command()
@click.option("--once", is_flag=True, help="Play as fast as possible, print how it ended, and exit.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print one JSON object.")
@click.option(
    "--seconds", type=click.FloatRange(min=5), default=60, show_default=True, help="How long the quarter takes."
)
@click.option("--port", type=click.IntRange(0, 65535), help="Where the page is; by default 8765, or any free port.")
def demo(*, once: bool, as_json: bool, seconds: float, port: int | None) -> None:
    """Play a quarter of a small company's work with a simulated Jira and Azure DevOps.

    The service is real: webhooks arrive, key results are measured, fields are written back. Nothing leaves this machine,
    and nothing stays on it.
    """
    if as_json and not once:
        raise click.UsageError("--json prints how the quarter ended: say --once --json")
    clock = DemoClock(BEGIN)
    with _stopped_by_signals() as stop, staged(clock, port) as stage:
        if once:
            play_at_once(stage, stop)
            if not stop.is_set():
                _print_end(stage, as_json=as_json)
            return
        _watch(stage, seconds, stop)


def _watch(stage: Stage, seconds: float, stop: threading.Event) -> None:
    """The addresses, then the key results as they move, until somebody stops it."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            play(stage, seconds, stop)
        except ServiceError as error:
            failed.append(error)
            stop.set()

    for line in _introduction(stage, seconds):
        click.echo(line)
    player = threading.Thread(target=run, name="player", daemon=True)
    player.start()
    (_show_live if sys.stdout.isatty() else _show_lines)(stage, stop)
    player.join(5)
    if failed:
        raise failed[0]
    click.echo("The demo has ended; nothing of it is left.")


def _introduction(stage: Stage, seconds: float) -> Iterator[str]:
    yield f"{click.style('Simulated:', bold=True)} {SIMULATED}"
    yield ""
    yield f"  {stage.url}/{' ' * (36 - len(stage.url))}objectives and key results"
    yield f"  {stage.jira.url}/{' ' * (36 - len(stage.jira.url))}the simulated Jira: open an epic, watch KR Progress"
    yield f"  {stage.ado.url}{' ' * (37 - len(stage.ado.url))}the simulated Azure DevOps"
    yield ""
    yield f"The quarter takes {seconds:g} seconds. Ctrl-C ends it. Other commands see it, too, in another terminal:"
    yield f"  OKRLINK_DATABASE_URL={stage.service.settings.database_url} okrlink status"
    yield ""


def _show_live(stage: Stage, stop: threading.Event) -> None:
    console = Console()
    with Live(_screen(stage, console.width), console=console, auto_refresh=False) as live:
        while not stop.wait(EVERY):
            live.update(_screen(stage, console.width), refresh=True)


def _screen(stage: Stage, width: int) -> RenderableType:
    shown = look(stage)
    last = shown.happened[0][1] if shown.happened else "nothing has happened yet"
    head = Text.assemble((f"{shown.today:%a} {shown.today.day} {shown.today:%b %Y}", "bold"), "  ", (last, "dim"))
    head.no_wrap, head.overflow = True, "ellipsis"
    foot = Text(OVER, style="green") if stage.over else Text("")
    return Group(head, Text(""), table(shown.groups, width, brief=True), foot)


def _show_lines(stage: Stage, stop: threading.Event) -> None:
    """For pipes and logs: every sentence once, and the key results at the end."""
    told = 0
    over = False
    while not stop.wait(EVERY):
        for at, line in stage.told[told:]:
            click.echo(f"{at:%Y-%m-%d}  {line}")
            told += 1
        if stage.over and not over:
            over = True
            _print_end(stage, as_json=False)
            click.echo(OVER)


def _print_end(stage: Stage, *, as_json: bool) -> None:
    with stage.service.database.read() as connection:
        groups = overview(connection, stage.scorecard, stage.clock())
    if as_json:
        ended: dict[str, Any] = {
            "simulated": True,
            "items": stage.company.look(),
            "key_results": [key_result_as_json(told) for group in groups for told in group.key_results],
        }
        click.echo(json.dumps(ended, indent=2, ensure_ascii=False))
        return
    click.echo("Key results (simulated)")
    for group in groups:
        for line in plain_lines(group):
            click.echo(f"  {line}")
    click.echo("\nWhat the simulated trackers show")
    for item in stage.company.look():
        if shown := {name: value for name, value in item["fields"].items() if value not in (None, "")}:
            values = ", ".join(f"{name} {_shown(value)}" for name, value in shown.items())
            click.echo(f"  {item['tracker']} {item['key']} {item['title']}: {values}")


def _shown(value: object) -> str:
    return field_value(value) if isinstance(value, float) else f"“{value}”"


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a polite kill sets, so that everything is taken down in order. A second one ends at once."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
