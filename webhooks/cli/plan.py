"""`okrlink plan` and `okrlink apply`: what a mapping would write, and putting it in force."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from integration.core.errors import PlanTooLarge
from integration.planning import Change, ItemPlan, Plan, plan
from integration.store import applied
from integration.store.outbox import BADGE
from integration.trackers import TRACKERS
from integration.trackers.contract import TrackerClient
from mappings import Loaded, load, resolve
from webhooks.applying import apply_loaded
from webhooks.bootstrap import Service
from webhooks.cli.opened import open_service

DEFAULT = Path("okr.yaml")


class FileClients(Mapping[str, TrackerClient]):
    """Clients for the connections of a file that is not applied yet, made when first asked for."""

    def __init__(self, loaded: Loaded, folder: Path) -> None:
        self._sources = {source.name: source for source in loaded.connections}
        self._folder = folder
        self._made: dict[str, TrackerClient] = {}

    def __getitem__(self, name: str) -> TrackerClient:
        if name not in self._made:
            connection = resolve(self._sources[name], os.environ, self._folder)
            self._made[name] = TRACKERS[connection.tracker].connect(connection)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


@click.command("plan")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything would be written.")
def plan_command(file: Path, *, as_json: bool, exit_code: bool) -> None:
    """Show what FILE (default: okr.yaml) would write, without writing anything."""
    loaded = load(file)
    with open_service() as service:
        made = _made(service, loaded, file)
    if as_json:
        print(json.dumps(_as_json(made), indent=2, default=str))
    else:
        _print(made, loaded)
    too_large = _too_large(made, loaded)
    if too_large is not None:
        print(f"\n{too_large}", file=sys.stderr)
    if exit_code and any(one.changes for one in made.items):
        raise click.exceptions.Exit(1)


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path), default=DEFAULT)
@click.option("--yes", is_flag=True, help="Apply even if more items would change than stop_above allows.")
def apply_command(file: Path, *, yes: bool) -> None:
    """Put FILE (default: okr.yaml) in force; running processes follow within seconds."""
    loaded = load(file)
    with open_service() as service:
        for warning in loaded.warnings:
            print(warning, file=sys.stderr)
        with service.database.read() as connection:
            before = applied.newest(connection)
        # The first mapping writes for the first time everywhere: nothing of ours can be changed or cleared by it.
        if before is not None and not yes:
            too_large = _too_large(_made(service, loaded, file), loaded)
            if too_large is not None:
                print(too_large, file=sys.stderr)
                raise click.exceptions.Exit(1)
        done = apply_loaded(service.database, loaded, file.absolute().parent)
        service.wakeup.send()
    if done.new:
        print(f"{file} is in force as revision {done.revision}.")
    else:
        print(f"{file} is in force already (revision {done.revision}); nothing to do.")


def _made(service: Service, loaded: Loaded, file: Path) -> Plan:
    clients = FileClients(loaded, file.absolute().parent)
    return plan(service.database, loaded.scorecard, clients, service.settings.url, datetime.now(UTC))


def _too_large(made: Plan, loaded: Loaded) -> PlanTooLarge | None:
    try:
        made.check_sizes(loaded.scorecard)
    except PlanTooLarge as error:
        return error
    return None


def _print(made: Plan, loaded: Loaded) -> None:
    for name in sorted({one.ref.connection for one in made.items}):
        print(name)
        for one in made.items:
            if one.ref.connection == name:
                _print_item(one)
        print()
    if made.problems:
        print("In the way")
        for (name, _), line in sorted(made.problems.items()):
            print(f"  {name}: {line}")
        print()
    if not loaded.scorecard.write_back:
        print("The mapping has no write_back: okrlink measures and writes nothing.")
        return
    values = sum(len(one.changes) for one in made.items)
    touched = sum(bool(one.changes) for one in made.items)
    if values:
        print(f"{_many(values, 'value')} on {_many(touched, 'item')} would be written. Nothing was written.")
    elif made.known_items:
        print("Nothing to write: the trackers show what the mapping wants.")
    else:
        print("Nothing to write: okrlink knows no items yet. It learns of them by webhooks once it is serving.")


def _print_item(one: ItemPlan) -> None:
    print(f"  {one.key}  {one.title}".rstrip())
    width = max((len(_name(change)) for change in one.changes), default=0)
    for change in one.changes:
        if change.target == BADGE:
            print(f"    {_name(change):{width}}  {'removed' if change.then is None else _badge(change.then)}")
        else:
            print(f"    {_name(change):{width}}  {_shown(change.now)} → {_shown(change.then)}")
    for name, value in one.left_alone.items():
        print(f"    {name}: {_shown(value)} is a person's, left alone")


def _name(change: Change) -> str:
    return "remote link" if change.target == BADGE else change.name


def _badge(text: object) -> str:
    badge = json.loads(str(text))
    return f"{badge['title']} ({badge['summary']})" if badge["summary"] else str(badge["title"])


def _shown(value: object) -> str:
    return "(empty)" if value in (None, "") else str(value)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _as_json(made: Plan) -> dict[str, Any]:
    return {
        "items": [
            {
                "connection": one.ref.connection,
                "id": one.ref.id,
                "key": one.key,
                "title": one.title,
                "first": one.first,
                "changes": [
                    {
                        "field": _name(change),
                        "target": change.target,
                        "value": change.value,
                        "now": change.now,
                        "then": change.then,
                    }
                    for change in one.changes
                ],
                "left_alone": dict(one.left_alone),
            }
            for one in made.items
        ],
        "problems": [
            {"connection": name, "topic": topic, "message": line} for (name, topic), line in made.problems.items()
        ],
        "written_before": dict(made.written_before),
    }
