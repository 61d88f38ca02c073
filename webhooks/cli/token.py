"""`okrlink token`: tokens by which programs use the API. Each is shown once, when it is made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from integration.store import tokens
from integration.store.tokens import SCOPES, Token
from webhooks.cli import Mistake
from webhooks.cli.opened import open_service

NAME = re.compile(r"[\w.@-]{1,100}")
SPAN = re.compile(r"([1-9][0-9]{0,4})d")


@click.group()
def token() -> None:
    """Make, list and revoke tokens by which programs use the API."""


@token.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="What it may do.")
@click.option("--expires", default="90d", show_default=True, metavar="DAYS", help="When it ends: 90d, or never.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(name: str, scopes: tuple[str, ...], expires: str, *, as_json: bool) -> None:
    """Make a token called NAME and show it, this once: only a hash of it is kept.

    \b
    Example:  okrlink token create shop-ci --scope facts:write --expires 365d
    """  # noqa: D301  # \b is click's own mark
    if not NAME.fullmatch(name):
        raise Mistake(f"'{name}' is no name for a token; use letters, digits and . _ @ -")
    now = datetime.now(UTC)
    expires_at = _end(expires, now)
    with open_service() as service, service.database.write() as connection:
        made = tokens.create(connection, name, sorted(set(scopes)), now, expires_at)
    if made is None:
        raise Mistake(f"there is a token called {name} already: okrlink token revoke {name}, or choose another name")
    if as_json:
        click.echo(json.dumps({"name": name, "token": made, "expires_at": _text(expires_at)}, indent=2))
        return
    click.echo(made)
    until = f"until {expires_at:%Y-%m-%d}" if expires_at else "until it is revoked"
    click.echo(f"It may {' and '.join(scopes)} {until}. Keep it now: it is not shown again.", err=True)


def _end(expires: str, now: datetime) -> datetime | None:
    if expires == "never":
        return None
    span = SPAN.fullmatch(expires)
    if span is None:
        raise Mistake(f"--expires {expires}: write days such as 90d, or never")
    return now + timedelta(days=int(span[1]))


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_(*, as_json: bool) -> None:
    """Show the tokens there are: what they may do, until when, the day of their last use."""
    with open_service() as service, service.database.read() as connection:
        known = tokens.every(connection)
    now = datetime.now(UTC)
    if as_json:
        click.echo(json.dumps([_as_json(one, now) for one in known], indent=2))
        return
    if not known:
        click.echo("There are no tokens: okrlink token create NAME --scope facts:write")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "may", "made", "ends", "last used"):
        table.add_column(column)
    for one in known:
        ends = "never" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
        over = " (over)" if _is_over(one, now) else ""
        last = one.last_used_on.isoformat() if one.last_used_on else "never"
        table.add_row(one.name, " ".join(one.scopes), f"{one.created_at:%Y-%m-%d}", ends + over, last)
    Console().print(table)


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End the token called NAME at once; what it told stays."""
    with open_service() as service, service.database.write() as connection:
        if not tokens.revoke(connection, name):
            raise Mistake(f"no token is called '{name}'; see okrlink token list")
    click.echo(f"{name} opens nothing any more.")


def _as_json(one: Token, now: datetime) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "scopes": list(one.scopes),
        "created_at": _text(one.created_at),
        "expires_at": _text(one.expires_at),
        "over": _is_over(one, now),
        "last_used_on": one.last_used_on.isoformat() if one.last_used_on else None,
    }


def _is_over(one: Token, now: datetime) -> bool:
    return one.expires_at is not None and one.expires_at <= now


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
