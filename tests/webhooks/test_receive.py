"""POST /webhooks/<connection>: who is let in, what is kept, and what each sender is answered."""

import logging
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from integration.store.db import Database
from integration.store.tables import deliveries
from tests.webhooks.receiving import (
    MAPPING,
    PRINT_SECRET,
    SECRETS,
    SHOP_SECRET,
    azure_headers,
    issue_updated,
    jira_headers,
    put_in_force,
)
from webhooks.app import create_app
from webhooks.bootstrap import Service, Settings

AT_ONCE = 0.0


@pytest.fixture
def service(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    opened = Service.open(Settings(database_url, "http://127.0.0.1:8080"))
    opened.senders._every = AT_ONCE  # type: ignore[attr-defined]
    put_in_force(opened.database)
    yield opened
    opened.close()


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


def kept(database: Database) -> list[tuple[str, str, str, bytes]]:
    with database.read() as connection:
        rows = connection.execute(select(deliveries).order_by(deliveries.c.id))
        return [(row.connection, row.delivery, row.headers, bytes(row.body)) for row in rows]


def test_a_signed_webhook_is_kept_as_it_came(service: Service, client: FlaskClient) -> None:
    body = issue_updated()

    answer = client.post("/webhooks/shop", data=body, headers=jira_headers(body, "d-1"))

    assert (answer.status_code, answer.data) == (204, b"")
    assert [(name, delivery, data) for name, delivery, _, data in kept(service.database)] == [("shop", "d-1", body)]


def test_jiras_own_test_vector_is_let_in(client: FlaskClient) -> None:
    """[doc] secret "It's a Secret to Everybody", body "Hello World!": and 204 although the body is unreadable."""
    signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"

    answer = client.post("/webhooks/shop", data=b"Hello World!", headers={"X-Hub-Signature": signature})

    assert answer.status_code == 204


def test_azure_devops_proves_itself_with_a_password(service: Service, client: FlaskClient) -> None:
    body = b'{"subscriptionId": "s-1", "notificationId": 7, "eventType": "workitem.updated"}'

    answer = client.post("/webhooks/print", data=body, headers=azure_headers())

    assert answer.status_code == 204
    assert [(name, delivery) for name, delivery, *_ in kept(service.database)] == [("print", "s-1:7")]


def test_a_repeated_delivery_is_acknowledged_and_kept_once(service: Service, client: FlaskClient) -> None:
    body = issue_updated()
    for _ in range(3):
        assert client.post("/webhooks/shop", data=body, headers=jira_headers(body)).status_code == 204

    assert len(kept(service.database)) == 1


def test_a_delivery_without_an_id_is_told_by_its_body(service: Service, client: FlaskClient) -> None:
    for body in (b"one", b"two", b"one"):
        assert client.post("/webhooks/shop", data=body, headers=jira_headers(body, "")).status_code == 204

    assert [data for *_, data in kept(service.database)] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/webhooks/shop", {}),
        ("/webhooks/shop", {"X-Hub-Signature": ""}),
        ("/webhooks/shop", {"X-Hub-Signature": "sha256="}),
        ("/webhooks/shop", {"X-Hub-Signature": "sha1=0123"}),
        ("/webhooks/shop", jira_headers(b"another body")),
        ("/webhooks/shop", jira_headers(b"{}", secret="guessed")),
        ("/webhooks/shop", {"X-Hub-Signature-256": jira_headers(b"{}")["X-Hub-Signature"]}),
        ("/webhooks/shop", azure_headers()),
        ("/webhooks/print", {}),
        ("/webhooks/print", {"Authorization": "Basic !"}),
        ("/webhooks/print", azure_headers(secret="guessed")),
        ("/webhooks/print", azure_headers(user="somebody")),
        ("/webhooks/print", jira_headers(b"{}")),
    ],
)
def test_who_proves_nothing_is_refused_and_leaves_nothing(
    service: Service, client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, data=b"{}", headers=headers)

    assert (answer.status_code, answer.text) == (401, "the sender is not verified\n")
    assert kept(service.database) == []


def test_no_secret_is_kept_or_logged(service: Service, client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = issue_updated()
    client.post("/webhooks/shop", data=body, headers=jira_headers(body))
    client.post("/webhooks/shop", data=body, headers=jira_headers(body, secret="guessed"))
    client.post("/webhooks/print", data=body, headers=azure_headers())
    client.post("/webhooks/print", data=body, headers=azure_headers(secret="guessed"))

    proofs = [jira_headers(body)["X-Hub-Signature"], azure_headers()["Authorization"], SHOP_SECRET, PRINT_SECRET]
    seen = caplog.text + repr(kept(service.database)) + repr(service)
    assert [proof for proof in proofs if proof in seen] == []
    assert "shop: 1 unverified deliveries refused: the signature does not fit the body" in caplog.text


def test_refusals_do_not_fill_the_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(100):
        client.post("/webhooks/shop", data=b"{}")

    assert len([record for record in caplog.records if "refused" in record.message]) == 1


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/webhooks/", "/webhooks/shop/more", "/"])
def test_what_is_not_there_is_404_in_plain_words(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data=b"{}", headers=jira_headers(b"{}"))

    assert (answer.status_code, answer.mimetype) == (404, "text/plain")


def test_another_method_is_405_in_plain_words(client: FlaskClient) -> None:
    answer = client.get("/webhooks/shop")

    assert (answer.status_code, answer.mimetype) == (405, "text/plain")
    assert "POST" in answer.headers["Allow"]


def test_the_vendors_own_cap_holds(client: FlaskClient) -> None:
    within, over = b" " * (2 * 1024 * 1024), b" " * (2 * 1024 * 1024 + 1)

    assert client.post("/webhooks/print", data=within, headers=azure_headers()).status_code == 204
    assert client.post("/webhooks/print", data=over, headers=azure_headers()).status_code == 413
    assert (
        client.post("/webhooks/shop", data=over, headers=jira_headers(over)).status_code == 204
    )  # Jira sends up to 25


def test_the_cap_holds_for_a_body_of_unknown_length(service: Service, client: FlaskClient) -> None:
    for length, status in ((2 * 1024 * 1024, 204), (2 * 1024 * 1024 + 1, 413)):
        body, chunked = BytesIO(b" " * length), {"wsgi.input_terminated": True}
        answer = client.post("/webhooks/print", input_stream=body, headers=azure_headers(), environ_overrides=chunked)
        assert answer.status_code == status

    assert [len(body) for *_, body in kept(service.database)] == [2 * 1024 * 1024]


@pytest.mark.parametrize("end", [*range(32)], ids=str)
def test_of_a_body_in_chunks_every_beginning_is_recognised(client: FlaskClient, end: int) -> None:
    whole = b'{"a": ["\\\\", "b\\"}", {"c": 1}]}'
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = client.post(
        "/webhooks/print", input_stream=BytesIO(whole[:end]), headers=azure_headers(), environ_overrides=chunked
    )

    assert answer.status_code == (408 if end < len(whole) else 204)


def test_an_id_that_no_database_takes_is_replaced_by_its_hash(service: Service, client: FlaskClient) -> None:
    for event in ('"\\u0007 in the middle"', '"' + "long" * 29 + '"'):
        body = b'{"id": %s}' % event.encode()
        assert client.post("/webhooks/print", data=body, headers=azure_headers()).status_code == 204

    first, second = (delivery for _, delivery, *_ in kept(service.database))
    assert first.startswith("sha256:")
    assert second == "long" * 29


def test_what_cannot_be_stored_shall_be_sent_again(service: Service, client: FlaskClient) -> None:
    rename(service.database, "deliveries", "hidden")
    try:
        answer = client.post("/webhooks/shop", data=b"{}", headers=jira_headers(b"{}"))
    finally:
        rename(service.database, "hidden", "deliveries")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "deliveries" not in answer.text


def rename(database: Database, before: str, after: str) -> None:
    with database.write() as connection:
        connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


def test_a_newly_applied_connection_is_known_without_a_restart(service: Service, client: FlaskClient) -> None:
    body = issue_updated()
    assert client.post("/webhooks/store", data=body, headers=jira_headers(body)).status_code == 404

    put_in_force(service.database, MAPPING.replace("shop:", "store:"))

    assert client.post("/webhooks/store", data=body, headers=jira_headers(body)).status_code == 204
    assert client.post("/webhooks/shop", data=body, headers=jira_headers(body)).status_code == 404


def test_a_secret_in_a_file_is_read_anew(service: Service, client: FlaskClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    put_in_force(service.database, MAPPING.replace("env/SHOP_SECRET", "file/secret"), tmp_path)
    headers = jira_headers(b"{}", secret="turned over")

    secret.write_text(SHOP_SECRET)
    assert client.post("/webhooks/shop", data=b"{}", headers=headers).status_code == 401
    secret.write_text("turned over\n")
    assert client.post("/webhooks/shop", data=b"{}", headers=headers).status_code == 204


def test_a_secret_that_is_missing_stops_its_connection_only(
    service: Service, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, not 401 or 404: the tracker shall send it again, when somebody has mended it."""
    monkeypatch.delenv("SHOP_SECRET")

    assert client.post("/webhooks/shop", data=b"{}", headers=jira_headers(b"{}")).status_code == 503
    assert client.post("/webhooks/print", data=b"{}", headers=azure_headers()).status_code == 204


def test_a_stored_mapping_that_cannot_be_read_leaves_the_last_one_in_force(
    service: Service, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.post("/webhooks/print", data=b"1", headers=azure_headers()).status_code == 204

    put_in_force(service.database, "version: 99\n")

    assert client.post("/webhooks/print", data=b"2", headers=azure_headers()).status_code == 204
    assert "what was in force stays so" in caplog.text


def test_before_anything_is_applied_nobody_is_known(sqlite_url: str) -> None:
    service = Service.open(Settings(sqlite_url, ""))

    assert create_app(service).test_client().post("/webhooks/shop", data=b"{}").status_code == 404
    service.close()


def test_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "alive\n")
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ready: 2 connections\n")


def test_without_its_tables_it_is_alive_but_not_ready(tmp_path: Path) -> None:
    service = Service.open(Settings(f"sqlite:///{tmp_path / 'empty.db'}", ""))
    client = create_app(service).test_client()

    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    service.close()
