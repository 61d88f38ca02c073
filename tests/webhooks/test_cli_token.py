"""`okrlink token`: made, shown once, listed without it, revoked."""

import json
from datetime import UTC, datetime

import pytest

from integration.store import tokens
from integration.store.db import Database
from tests.webhooks.typing_commands import run


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)


def test_a_token_is_shown_once_and_works(database: Database) -> None:
    made = run("token", "create", "shop-ci", "--scope", "facts:write", "--expires", "30d")

    token = made.stdout.strip()
    assert made.exit_code == 0
    assert "It may facts:write until 20" in made.stderr
    assert "not shown again" in made.stderr
    with database.read() as connection:
        known = tokens.holder(connection, token, datetime.now(UTC))
    assert (known.name, known.scopes, (known.expires_at - known.created_at).days) == ("shop-ci", ("facts:write",), 30)
    for again in (run("token", "list"), run("token", "list", "--json"), run("status", "--json")):
        assert token.split("_", 2)[2] not in again.output


def test_the_list_tells_what_each_may_do_and_until_when() -> None:
    run("token", "create", "a", "--scope", "facts:write", "--expires", "never")
    run("token", "create", "b", "--scope", "facts:write")

    told = json.loads(run("token", "list", "--json").stdout)

    assert [
        (one["name"], one["scopes"], one["expires_at"] is None, one["over"], one["last_used_on"]) for one in told
    ] == [
        ("a", ["facts:write"], True, False, None),
        ("b", ["facts:write"], False, False, None),
    ]
    table = run("token", "list").stdout
    assert "a  " in table
    assert "never" in table


def test_a_revoked_token_is_gone() -> None:
    run("token", "create", "a", "--scope", "facts:write")

    assert run("token", "revoke", "a").stdout == "a opens nothing any more.\n"
    assert run("token", "list").stdout.startswith("There are no tokens: okrlink token create ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["create", "a b", "--scope", "facts:write"], "'a b' is no name for a token"),
        (
            ["create", "a", "--scope", "facts:write", "--expires", "soon"],
            "--expires soon: write days such as 90d, or never",
        ),
        (
            ["create", "a", "--scope", "facts:write", "--expires", "0d"],
            "--expires 0d: write days such as 90d, or never",
        ),
        (["create", "a", "--scope", "everything"], "'everything' is not 'facts:write'"),
        (["create", "a"], "Missing option '--scope'"),
        (["revoke", "nobody"], "no token is called 'nobody'; see okrlink token list"),
    ],
)
def test_mistakes_are_told(words: list[str], told: str) -> None:
    result = run("token", *words)

    assert result.exit_code == 2
    assert told in result.stderr


def test_a_name_is_used_once() -> None:
    run("token", "create", "a", "--scope", "facts:write")

    result = run("token", "create", "a", "--scope", "facts:write")

    assert result.exit_code == 2
    assert "there is a token called a already: okrlink token revoke a" in result.stderr
