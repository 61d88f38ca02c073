"""Tokens: shown once, kept as a hash, ended by time or by hand."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from integration.core.errors import Unverified
from integration.store import tokens
from integration.store.db import Database
from integration.store.tables import tokens as table

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def made(database: Database, name: str = "ci", expires_at: datetime | None = None) -> str:
    with database.write() as connection:
        token = tokens.create(connection, name, ["facts:write"], NOW, expires_at)
    assert token is not None
    return token


def holder(database: Database, token: str, now: datetime = NOW) -> tokens.Token:
    with database.read() as connection:
        return tokens.holder(connection, token, now)


def test_it_opens_what_it_was_made_for(database: Database) -> None:
    known = holder(database, made(database))

    assert (known.name, known.scopes, known.last_used_on) == ("ci", ("facts:write",), None)


def test_it_is_long_and_random_and_kept_nowhere(database: Database) -> None:
    token = made(database)

    assert re.fullmatch(r"okrl_[0-9a-f]{16}_[\w-]{43}", token)
    assert token != made(database, "other")
    secret = token.split("_", 2)[2]
    with database.read() as connection:
        kept = [str(value) for row in connection.execute(select(table)) for value in row]
    assert not any(secret in value for value in kept)


def test_another_name_is_wanted_where_it_is_taken(database: Database) -> None:
    made(database)

    with database.write() as connection:
        assert tokens.create(connection, "ci", ["facts:write"], NOW, None) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.removeprefix("okrl_"),
        lambda token: token.rpartition("_")[0],
        lambda token: token.upper(),
        lambda token: "okrl_\ud800_x",
        lambda token: "okrl_é_x\0",
    ],
    ids=["empty", "one letter", "no prefix", "no secret", "capitals", "half a character", "odd letters"],
)
def test_a_wrong_one_opens_nothing(database: Database, spoil) -> None:  # type: ignore[no-untyped-def]
    token = made(database)

    with pytest.raises(Unverified, match="unknown, or was revoked"):
        holder(database, spoil(token))


def test_it_ends_when_its_time_is_over(database: Database) -> None:
    token = made(database, expires_at=NOW + timedelta(days=1))

    assert holder(database, token, NOW + timedelta(hours=23)).name == "ci"
    with pytest.raises(Unverified, match="the token ci expired on 2026-11-03"):
        holder(database, token, NOW + timedelta(days=1))


def test_it_ends_when_it_is_revoked(database: Database) -> None:
    token = made(database)

    with database.write() as connection:
        assert tokens.revoke(connection, "ci")
        assert not tokens.revoke(connection, "ci")
    with pytest.raises(Unverified):
        holder(database, token)


def test_the_day_of_its_last_use_is_kept(database: Database) -> None:
    token = made(database)

    for day in (date(2026, 11, 2), date(2026, 11, 4), date(2026, 11, 3)):
        with database.write() as connection:
            tokens.used(connection, tokens.holder(connection, token, NOW), day)

    assert holder(database, token).last_used_on == date(2026, 11, 4)
