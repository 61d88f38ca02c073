"""`okrlink plan` and `okrlink apply`: what a mapping would write, and putting it in force."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from integration.core.errors import PlanTooLarge
from integration.planning import Plan, plan
from integration.store import applied
from mappings import Loaded, load, load_texts
from webhooks.applying import apply_loaded
from webhooks.bootstrap import Service
from webhooks.cli.mapped import DEFAULT, FileClients, Mapped
from webhooks.cli.opened import open_service
from webhooks.cli.plan_text import as_json, as_text, vanished

UNREACHED = 3


@click.command("plan")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--all", "everything", is_flag=True, help="Show every item, however many there are.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object, with every item.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything would be written.")
def plan_command(file: Path, *, everything: bool, json_wanted: bool, exit_code: bool) -> None:
    """Show what FILE (default: okr.yaml) would write if it were applied, without writing anything.

    The trackers are asked for what stands there now. Of one that cannot be reached the plan says so, and shows what
    okrlink wrote there last; if none can be reached the exit status is 3.
    """
    loaded = load(file)
    made, renames = planned(loaded, file)
    too_large = _too_large(made, loaded)
    if json_wanted:
        print(json.dumps(as_json(made, renames, too_large), indent=2, ensure_ascii=False))
    else:
        for warning in loaded.warnings:
            print(warning, file=sys.stderr)
        print("\n".join(as_text(made, loaded.scorecard, renames, everything=everything)))
        if too_large is not None:
            print(f"\n{too_large}", file=sys.stderr)
    if made.unreached and not made.asked:
        raise click.exceptions.Exit(UNREACHED)
    if exit_code and made.changed:
        raise click.exceptions.Exit(1)


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--yes", is_flag=True, help="Apply even if more items would change than stop_above allows.")
def apply_command(file: Path, *, yes: bool) -> None:
    """Put FILE (default: okr.yaml) in force; running processes follow within seconds.

    Nothing is written to any tracker before the first apply. Where a later one would change or clear more of the items
    written before than stop_above allows, it stops with exit status 1: look at the plan, then say --yes.
    """
    loaded = load(file)
    with open_service() as service:
        for warning in loaded.warnings:
            print(warning, file=sys.stderr)
        weigh = None if yes else service.settings.url
        done = apply_loaded(service.database, loaded, file.absolute().parent, weigh=weigh)
        service.wakeup.send()
    if done.new:
        print(f"{file} is in force as revision {done.revision}.")
    else:
        print(f"{file} is in force already (revision {done.revision}); nothing to do.")


def planned(loaded: Loaded, file: Path) -> tuple[Plan, Mapping[str, str]]:
    """What the mapping in `file` would write, and the key results that may only have another name now."""
    with open_service() as service:
        return _made(service, loaded, file), _vanished(service, loaded)


def _made(service: Service, loaded: Loaded, file: Path) -> Plan:
    clients = FileClients(Mapped(loaded, file.absolute().parent, service.ledgers))
    with _telling() as tell:
        return plan(service.database, loaded.scorecard, clients, service.settings.url, datetime.now(UTC), tell)


@contextmanager
def _telling() -> Iterator[Callable[[int, int], None]]:
    """How far it is, on a terminal; asking for what stands on a thousand items takes its time."""
    shown = sys.stderr.isatty()

    def tell(done: int, of: int) -> None:
        if shown:
            print(f"\r\033[Klooking at {done:,} of {of:,} items", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _too_large(made: Plan, loaded: Loaded) -> PlanTooLarge | None:
    try:
        made.check_sizes(loaded.scorecard)
    except PlanTooLarge as error:
        return error
    return None


def _vanished(service: Service, loaded: Loaded) -> Mapping[str, str]:
    with service.database.read() as connection:
        before = applied.newest(connection)
    if before is None:
        return {}
    return vanished(load_texts(before.files, next(iter(before.files))).scorecard, loaded.scorecard)
