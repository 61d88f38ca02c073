"""Tokens by which programs use the API: made, looked up, used, revoked. What is kept of one does not open anything.

A token is `okrl_HANDLE_SECRET`. The handle finds its row; the whole is compared by its SHA-256. That hash is enough,
because the secret is 256 random bits: nobody guesses those, however quick the hash. A slow one (argon2, bcrypt) protects
passwords, which people choose badly, and would here only make each call slow.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from integration.core.errors import Unverified
from integration.store.statements import insert
from integration.store.tables import tokens

PREFIX = "okrl_"
SCOPES = ("facts:write",)
HANDLE_BYTES = 8
SECRET_BYTES = 32
NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the token itself is not."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None


def create(
    connection: Connection, name: str, scopes: Sequence[str], now: datetime, expires_at: datetime | None
) -> str | None:
    """The new token, which nobody can show again; None where the name is taken."""
    handle = secrets.token_hex(HANDLE_BYTES)
    token = f"{PREFIX}{handle}_{secrets.token_urlsafe(SECRET_BYTES)}"
    row = {
        "name": name,
        "handle": handle,
        "digest": _digest(token),
        "scopes": " ".join(scopes),
        "created_at": now,
        "expires_at": expires_at,
    }
    new = insert(connection, tokens).values(row).on_conflict_do_nothing(index_elements=["name"])
    return token if connection.execute(new.returning(tokens.c.name)).first() else None


def holder(connection: Connection, token: str, now: datetime) -> Token:
    """Whose token this is. Raises `Unverified` where it is nobody's, or its time is over."""
    handle, _, secret = token.removeprefix(PREFIX).partition("_")
    plausible = bool(token.startswith(PREFIX) and secret and handle.isascii() and handle.isalnum())
    row = connection.execute(_KNOWN.where(tokens.c.handle == handle)).first() if plausible else None
    # Compared in any case and in constant time, so that the time it takes tells nothing of what is kept.
    same = hmac.compare_digest(_digest(token), row.digest if row is not None else NOBODY)
    if row is None or not same:
        raise Unverified("the token is unknown, or was revoked")
    known = _token(row)
    if known.expires_at is not None and known.expires_at <= now:
        raise Unverified(f"the token {known.name} expired on {known.expires_at:%Y-%m-%d}")
    return known


def used(connection: Connection, token: Token, today: date) -> None:
    """Keeps the day of use; writes once a day, however often a token is used."""
    if token.last_used_on != today:
        day = today.isoformat()
        older = or_(tokens.c.last_used_on.is_(None), tokens.c.last_used_on < day)
        connection.execute(update(tokens).where(tokens.c.name == token.name, older).values(last_used_on=day))


def every(connection: Connection) -> Sequence[Token]:
    return [_token(row) for row in connection.execute(_KNOWN.order_by(tokens.c.name))]


def revoke(connection: Connection, name: str) -> bool:
    """From now on the token opens nothing; False where there is none of that name."""
    return bool(connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount)


_KNOWN = select(
    tokens.c.name,
    tokens.c.scopes,
    tokens.c.created_at,
    tokens.c.expires_at,
    tokens.c.last_used_on,
    tokens.c.digest,
)


def _token(row: Any) -> Token:
    day = date.fromisoformat(row.last_used_on) if row.last_used_on else None
    return Token(row.name, tuple(row.scopes.split()), row.created_at, row.expires_at, day)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
