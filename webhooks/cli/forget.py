"""`okrlink forget`: a person's account, or all that is kept of a connection, is taken out of the database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import click

from integration import forgetting
from integration.forgetting import DELIVERY, WAITING, Found
from integration.store import applied, reads
from integration.store import forgetting as store
from mappings import load_texts
from webhooks.bootstrap import Service
from webhooks.cli import Mistake
from webhooks.cli.opened import open_service
from webhooks.phrases import listed, many

NOT_YET = 1


@dataclass(slots=True)
class Forgetting:
    """What was asked for, how much of it was found, and what came of it."""

    account: str | None
    connection: str | None
    found: Found
    do: Callable[[], Found]
    removed: Found = field(default_factory=dict)
    in_mapping: bool = False
    """Whether the mapping names the account: its texts are people's own, and are not changed."""

    @property
    def whom(self) -> str:
        if self.account is None:
            return f"the connection {self.connection}"
        return self.account if self.connection is None else f"{self.account} on {self.connection}"

    @property
    def waiting(self) -> int:
        return (self.removed or self.found).get(WAITING, 0)

    def told(self, found: Found) -> str:
        counts = {noun: count for noun, count in found.items() if noun != WAITING}
        if self.account is None:
            rows = [f"{count:,} {table.replace('_', ' ')}" for table, count in counts.items()]
        else:
            rows = [many(count, f"raw {noun}" if noun == DELIVERY else noun) for noun, count in counts.items()]
        return listed(rows, at_most=len(rows)) if rows else ""


@click.command()
@click.argument("account", required=False)
@click.option("--connection", "name", help="Only there; without ACCOUNT: all that is kept of this connection.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; needs --yes.")
@click.pass_context
def forget(context: click.Context, account: str | None, *, name: str | None, yes: bool, as_json: bool) -> None:
    """Take ACCOUNT, a tracker's id of a person, out of what is kept; or, with --connection alone, a whole connection.

    The id is replaced by "forgotten" in facts, in items and in what delivery rules made of them, in values left alone, and
    in check-ins; raw deliveries that name it are deleted. Names, mail addresses and comments were never kept elsewhere.
    What a mapping says is not changed, nor is any backup. It may be stopped and run again.

    Only what is here now is forgotten: what a tracker tells of the account afterwards, also about the past, is kept
    again. So let the tracker forget first, and run this again when it has.

    What SQLite deletes here it also overwrites; room that it freed before may hold the id until it is used again, or until
    VACUUM. PostgreSQL overwrites when it vacuums.

    A connection is forgotten once the mapping in force does not name it. Check-ins stay: they belong to key results.
    Fields in the tracker keep what okrlink wrote there last.
    """
    with open_service() as service:
        asked = _whole_connection(service, name) if account is None else _person(service, account, name)
        if asked.told(asked.found):
            _confirm(asked, yes=yes, as_json=as_json)
            asked.removed = asked.do()
            service.wakeup.send()
    if as_json:
        _as_json(asked)
    else:
        for line in _lines(asked):
            click.echo(line)
    if asked.waiting:
        context.exit(NOT_YET)


def _person(service: Service, account: str, name: str | None) -> Forgetting:
    db = service.database
    with db.read() as connection:
        newest = applied.newest(connection)
        for one in reads.catalogue_dates(connection):
            catalogue = reads.load_catalogue(connection, one)
            if catalogue and catalogue.account == account and name in (None, one):
                raise Mistake(f"{account} is the account that okrlink itself works as on {one}")
    return Forgetting(
        account,
        name,
        forgetting.named(db, account, name),
        lambda: forgetting.forget(db, account, name, _now),
        in_mapping=newest is not None and any(account in text for text in newest.files.values()),
    )


def _whole_connection(service: Service, name: str | None) -> Forgetting:
    if name is None:
        raise Mistake("whom? okrlink forget ACCOUNT, or okrlink forget --connection NAME")
    db = service.database
    with db.read() as connection:
        newest = applied.newest(connection)
        if newest and name in load_texts(newest.files, next(iter(newest.files))).scorecard.connections:
            raise Mistake(f"{name} is in the applied mapping: take it out, okrlink apply, and forget it then")
        kept = store.of_connection(connection, name)
    return Forgetting(None, name, kept, lambda: forgetting.forget_connection(db, name, _now))


def _confirm(asked: Forgetting, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or sys.stdin is None or not sys.stdin.isatty():
        raise Mistake(f"nobody is here to ask: say --yes to forget {asked.whom}")
    click.echo(f"Named: {asked.whom}, in {asked.told(asked.found)}.")
    click.confirm("Forget it for good?", abort=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _lines(asked: Forgetting) -> Sequence[str]:
    removed = asked.told(asked.removed)
    lines = [f"Forgotten: {asked.whom}, in {removed}." if removed else f"Nothing is kept of {asked.whom}."]
    if asked.waiting:
        lines.append(
            f"{many(asked.waiting, 'delivery')} that nobody has read yet {'names' if asked.waiting == 1 else 'name'} it, "
            "too: run this again when okrlink status shows none to read."
        )
    if asked.in_mapping:
        lines.append("The applied mapping names it: that is for you to change.")
    return lines


def _as_json(asked: Forgetting) -> None:
    removed = {noun: count for noun, count in asked.removed.items() if noun != WAITING}
    told = {
        "account": asked.account,
        "connection": asked.connection,
        "removed": removed,
        "waiting": asked.waiting,
        "in_mapping": asked.in_mapping,
    }
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))
