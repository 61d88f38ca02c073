"""Who may deliver: the right proof, made with any of the configured secrets. Everything else is `Unverified`."""

import base64
import hmac

import pytest

from integration.core.errors import Unverified
from integration.trackers.contract import Secret
from integration.trackers.signing import require_basic_auth, require_hmac, require_token

OLD, NEW = Secret("last year's secret"), Secret("this year's secret")
BODY = b'{"webhookEvent": "jira:issue_updated"}'


def signed(secret: Secret, body: bytes = BODY) -> str:
    return "sha256=" + hmac.new(secret.reveal().encode(), body, "sha256").hexdigest()


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_atlassians_own_test_vector() -> None:
    header = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"

    require_hmac(header, b"Hello World!", [Secret("It's a Secret to Everybody")])


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_a_rotated_secret_stays_good_until_it_is_taken_out(secret: Secret) -> None:
    require_hmac(signed(secret), BODY, [OLD, NEW])


@pytest.mark.parametrize(
    ("header", "secrets", "why"),
    [
        (None, [NEW], "missing"),
        ("", [NEW], "missing"),
        (signed(NEW), [], "no webhook secret"),
        (signed(OLD), [NEW], "does not fit"),
        (signed(NEW, BODY + b" "), [NEW], "does not fit"),
        ("sha256=", [NEW], "does not fit"),
        ("sha256=é", [NEW], "does not fit"),
        (signed(NEW).removeprefix("sha256="), [NEW], "accepted method"),
        ("sha1=" + hmac.new(b"this year's secret", BODY, "sha1").hexdigest(), [NEW], "accepted method"),
        ("md5=00", [NEW], "accepted method"),
    ],
)
def test_a_signature_that_proves_nothing(header: str | None, secrets: list[Secret], why: str) -> None:
    with pytest.raises(Unverified, match=why):
        require_hmac(header, BODY, secrets)


@pytest.mark.parametrize("password", [OLD, NEW])
def test_basic_auth_with_either_password(password: Secret) -> None:
    require_basic_auth(basic(f"hook:{password.reveal()}"), "hook", [OLD, NEW])


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        (None, [NEW]),
        (basic(f"hook:{NEW.reveal()}"), []),
        (basic(f"hook:{OLD.reveal()}"), [NEW]),
        (basic(f"other:{NEW.reveal()}"), [NEW]),
        (basic("hook"), [NEW]),
        ("Basic ***", [NEW]),
        ("Bearer " + NEW.reveal(), [NEW]),
    ],
)
def test_basic_auth_that_proves_nothing(header: str | None, secrets: list[Secret]) -> None:
    with pytest.raises(Unverified):
        require_basic_auth(header, "hook", secrets)


def test_a_token_header() -> None:
    require_token(NEW.reveal(), [OLD, NEW])

    for header, secrets in [(None, [NEW]), ("", [NEW]), ("wrong", [NEW]), (NEW.reveal(), [])]:
        with pytest.raises(Unverified):
            require_token(header, secrets)


def test_no_refusal_tells_a_secret() -> None:
    with pytest.raises(Unverified) as refusal:
        require_basic_auth(basic("hook:guess"), "hook", [NEW])

    assert NEW.reveal() not in str(refusal.value)
    assert "guess" not in str(refusal.value)


@pytest.mark.parametrize("secrets", [[], [Secret("")], [NEW, Secret("")]])
def test_an_empty_secret_lets_nobody_in(secrets: list[Secret]) -> None:
    with pytest.raises(Unverified, match="no webhook secret"):
        require_hmac(signed(Secret("")), BODY, secrets)
    with pytest.raises(Unverified, match="no webhook secret"):
        require_basic_auth(basic("hook:"), "hook", secrets)
    with pytest.raises(Unverified, match="no webhook secret"):
        require_token(" ", secrets)
