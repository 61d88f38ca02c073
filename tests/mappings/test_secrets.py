from pathlib import Path

import pytest

import mappings

BODY = """connections:
  jira:
    tracker: jira
    url: https://bookshop.jira.example
    user: dana@bookshop.example
    token: {token}
    webhook_secret: [env/OLD, file/run/new]
    projects: [SHOP]
"""
SECRET = "hunter2-is-the-password"

PLAIN_SECRETS = [
    SECRET,
    f'"{SECRET}',
    f"“{SECRET}”",
    f"[{SECRET}] x",
    f"{{{SECRET}: x}}",
    f'"{SECRET}" more',
    f"{SECRET}: x",
    f"*{SECRET}",
    f">{SECRET}",
    f"!{SECRET} x",
    f"@{SECRET}",
    f"{SECRET} #{SECRET}",
    f"[{SECRET}, [{SECRET}]]",
    f"&{SECRET}",
    f"\n\t{SECRET}: x",
    f"\n\t{SECRET}",
    f"\n      {SECRET}",
    f"{{x: {{{SECRET}: “y”}}}}",
]


def load(body: str) -> mappings.Loaded:
    return mappings.load_texts({"okr.yaml": body}, "okr.yaml")


@pytest.mark.parametrize("written", PLAIN_SECRETS)
def test_a_secret_in_plain_text_is_refused_and_not_shown(written: str) -> None:
    with pytest.raises(mappings.MappingInvalid) as invalid:
        load(BODY.format(token=written))

    assert SECRET not in str(invalid.value)
    assert SECRET not in repr(invalid.value)


def test_a_misspelt_key_hides_its_secret_too() -> None:
    with pytest.raises(mappings.MappingInvalid) as invalid:
        load(BODY.format(token="env/TOKEN").replace("    token: env/TOKEN", f"    tokn: {SECRET}"))

    assert str(invalid.value).splitlines() == [
        "okr.yaml:6:5: connections.jira.tokn: not a known key; did you mean token?",
        "okr.yaml:6:11: connections.jira.token: a secret in plain text; put it into an environment variable and write env/NAME, or file/PATH",
    ]


def test_an_address_with_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(mappings.MappingInvalid) as invalid:
        load(BODY.format(token="env/TOKEN").replace("https://", f"https://dana:{SECRET}@"))

    assert SECRET not in str(invalid.value)


def test_secrets_are_read_when_a_connection_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/new").write_text(f"{SECRET}\n")
    (source,) = load(BODY.format(token="env/TOKEN")).connections

    connection = mappings.resolve(source, {"TOKEN": "t", "OLD": "o"}, tmp_path)

    assert connection.user == "dana@bookshop.example"
    assert connection.token is not None
    assert connection.token.reveal() == "t"
    assert [secret.reveal() for secret in connection.webhook_secrets] == ["o", SECRET]
    assert SECRET not in repr(connection)
    assert SECRET not in repr(source)


def test_missing_secrets_are_all_told_with_their_places(tmp_path: Path) -> None:
    (source,) = load(BODY.format(token="env/JIRA_TOKEN")).connections

    with pytest.raises(mappings.MappingInvalid) as invalid:
        mappings.resolve(source, {"OLD": " "}, tmp_path)

    assert str(invalid.value).splitlines() == [
        "okr.yaml:6:12: connections.jira.token: the environment has no JIRA_TOKEN",
        "okr.yaml:7:22: connections.jira.webhook_secret[0]: OLD is empty in the environment",
        "okr.yaml:7:31: connections.jira.webhook_secret[1]: there is no file run/new",
    ]


def test_an_address_from_outside_is_judged_when_it_is_known(tmp_path: Path) -> None:
    (source,) = load(
        BODY.format(token="env/TOKEN").replace("https://bookshop.jira.example", "env/JIRA_URL")
    ).connections
    environment = {"TOKEN": "t", "OLD": "o", "JIRA_URL": f"https://dana:{SECRET}@bookshop.jira.example/browse/SHOP-1"}

    with pytest.raises(mappings.MappingInvalid) as invalid:
        mappings.resolve(source, environment, tmp_path)

    assert "okr.yaml:4:10: connections.jira.url: holds a user or password" in str(invalid.value)
    assert SECRET not in str(invalid.value)


def test_all_projects_are_told_to_trackers_by_naming_none(tmp_path: Path) -> None:
    (source,) = load(BODY.format(token="env/TOKEN").replace("[SHOP]", '"*"').replace(", file/run/new", "")).connections

    assert mappings.resolve(source, {"TOKEN": "t", "OLD": "o"}, tmp_path).projects == ()
