"""POST /api/v1/facts: who may, what is kept, and what each fact is answered."""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.test import TestResponse

from integration.store import marks, pushed, tokens
from integration.store.db import Database
from integration.store.tables import tokens as table
from tests.pushed.telling import BUILD, DEPLOYMENT, EVERY, MEASUREMENT
from webhooks import api
from webhooks.app import create_app
from webhooks.bootstrap import Service, Settings

SECRET = "a-secret-that-nobody-may-read"


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    opened = Service.open(Settings(database_url, "http://127.0.0.1:8080"))
    yield opened
    opened.close()


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return create_app(service).test_client()


@pytest.fixture
def token(service: Service) -> str:
    return made(service.database, "ci")


def made(database: Database, name: str, *scopes: str, ends: timedelta = timedelta(days=1)) -> str:
    now = datetime.now(UTC)
    with database.write() as connection:
        token = tokens.create(connection, name, scopes or ["facts:write"], now, now + ends)
    assert token is not None
    return token


def post(client: FlaskClient, token: str, told: object, **more: Any) -> TestResponse:
    return client.post("/api/v1/facts", json=told, headers={"Authorization": f"Bearer {token}"}, **more)


def kept(service: Service) -> Mapping[tuple[str, str], dict[str, Any]]:
    with service.database.read() as connection:
        return {(one.kind, one.id): json.loads(one.data) for one in pushed.after(connection)}


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    return answer.status_code, answer.json["detail"]


def test_facts_are_kept_as_they_came(service: Service, client: FlaskClient, token: str) -> None:
    answer = post(client, token, list(EVERY))

    assert answer.status_code == 200
    assert (answer.json["accepted"], answer.json["refused"]) == (6, 0)
    assert kept(service)["deployment", "shop-481"] == DEPLOYMENT
    with service.database.read() as connection:
        marked = {name for _, name in marks.oldest(connection, "delivery", 10, datetime.now(UTC))}
    assert "deployment:shop-481" in marked
    assert len(marked) == 6


def test_each_is_answered_with_what_became_of_it(service: Service, client: FlaskClient, token: str) -> None:
    post(client, token, [DEPLOYMENT, BUILD])

    answer = post(
        client,
        token,
        [
            DEPLOYMENT,
            {**BUILD, "result": "success"},
            {**DEPLOYMENT, "id": "shop-482"},
            {**DEPLOYMENT, "id": "shop-483", "finished": "2026-11-02 10:00"},
            {"kind": "deployment", "id": "shop-482", "deleted": True},
        ],
    )

    assert answer.status_code == 200
    assert answer.json == {
        "accepted": 1,
        "updated": 1,
        "unchanged": 1,
        "deleted": 1,
        "refused": 1,
        "results": [
            {"index": 0, "kind": "deployment", "id": "shop-481", "outcome": "unchanged"},
            {"index": 1, "kind": "build", "id": "b-1", "outcome": "updated"},
            {"index": 2, "kind": "deployment", "id": "shop-482", "outcome": "accepted"},
            {
                "index": 3,
                "kind": "deployment",
                "id": "shop-483",
                "outcome": "refused",
                "reason": "finished: has no offset, so nobody knows when it was; add Z or one such as +01:00",
            },
            {"index": 4, "kind": "deployment", "id": "shop-482", "outcome": "deleted"},
        ],
    }
    assert set(kept(service)) == {("deployment", "shop-481"), ("build", "b-1")}


def test_a_sender_who_looks_at_the_status_alone_hears_of_a_refusal(
    service: Service, client: FlaskClient, token: str
) -> None:
    answer = post(client, token, {**DEPLOYMENT, "kind": "deploymnt"})

    status, detail = problem(answer)
    assert status == 400
    assert detail.startswith("no fact was kept; facts[0]: kind: 'deploymnt' is none of deployment, ")
    assert answer.json["results"][0]["outcome"] == "refused"
    assert kept(service) == {}


def test_one_fact_a_line(service: Service, client: FlaskClient, token: str) -> None:
    lines = "\n".join([json.dumps(BUILD), "", json.dumps(MEASUREMENT), ""])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}

    answer = client.post("/api/v1/facts", data=lines, headers=headers)

    assert (answer.status_code, answer.json["accepted"]) == (200, 2)
    assert len(kept(service)) == 2


@pytest.mark.parametrize(
    ("body", "content_type", "status", "detail"),
    [
        (b"{", "application/json", 400, "the body is no JSON: "),
        (b"", "application/json", 400, "the body is no JSON: "),
        (b"[]", "application/json", 400, "the body holds no fact"),
        (b'{"a":1}\n{"a":2}', "application/json", 400, "for one fact a line send Content-Type: application/x-ndjson"),
        (b'{"a":1}\n{', "application/x-ndjson", 400, "line 2 is no JSON: "),
        (b'{"id":"\\ud800"}', "application/json", 400, "the body is no JSON: "),
        (b"[" + b"1," * 1000 + b"1]", "application/json", 413, "1,001 facts in one call; send at most 1,000"),
        (b" " * (api.LARGEST_BODY + 1), "application/json", 413, "at most 8 MiB and 1,000 facts a call"),
    ],
    ids=["no JSON", "empty", "no fact", "lines as JSON", "a broken line", "half a character", "many", "large"],
)
def test_a_body_that_is_no_list_of_facts_is_refused(
    service: Service, client: FlaskClient, token: str, body: bytes, content_type: str, status: int, detail: str
) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}

    refused = problem(client.post("/api/v1/facts", data=body, headers=headers))

    assert refused[0] == status
    assert detail in refused[1]
    assert kept(service) == {}


def test_a_body_in_chunks_is_measured_too(client: FlaskClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"}
    body = BytesIO(b" " * (api.LARGEST_BODY + 2))

    answer = client.post(
        "/api/v1/facts", input_stream=body, headers=headers, environ_overrides={"wsgi.input_terminated": True}
    )

    assert problem(answer)[0] == 413


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic b2tyOnRva2Vu", f"Bearer okrl_0_{SECRET}"]
)
def test_nobody_without_a_token(service: Service, client: FlaskClient, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    answer = client.post("/api/v1/facts", json=[DEPLOYMENT], headers=headers)

    assert problem(answer)[0] == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="okrlink"'
    assert kept(service) == {}


def test_nobody_with_a_token_that_is_over(service: Service, client: FlaskClient) -> None:
    answer = post(client, made(service.database, "old", ends=timedelta(days=-1)), [DEPLOYMENT])

    assert "the token old expired on " in problem(answer)[1]
    assert kept(service) == {}


def test_nobody_with_a_revoked_token(service: Service, client: FlaskClient, token: str) -> None:
    with service.database.write() as connection:
        tokens.revoke(connection, "ci")

    assert problem(post(client, token, [DEPLOYMENT])) == (
        401,
        "the token is unknown, or was revoked; okrlink token create makes a new one",
    )


def test_a_token_does_only_what_it_was_made_for(service: Service, client: FlaskClient) -> None:
    answer = post(client, made(service.database, "reader", "numbers:read"), [DEPLOYMENT])

    assert problem(answer) == (403, "the token reader lacks the scope facts:write")


def test_its_use_is_noted_by_the_day(service: Service, client: FlaskClient, token: str) -> None:
    post(client, token, [DEPLOYMENT])

    with service.database.read() as connection:
        assert tokens.every(connection)[0].last_used_on == datetime.now(UTC).date()


def test_more_calls_than_there_are_places_come_again(
    client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    monkeypatch.setattr(api, "AT_ONCE", 0)

    answer = post(create_app(service).test_client(), token, [DEPLOYMENT])

    assert problem(answer)[0] == 429
    assert answer.headers["Retry-After"] == "1"
    assert post(client, token, [DEPLOYMENT]).status_code == 200


def test_pages_of_other_sites_are_not_let_in(client: FlaskClient, token: str) -> None:
    asked = client.options("/api/v1/facts", headers={"Origin": "https://evil.example"})
    told = client.post(
        "/api/v1/facts",
        json=[DEPLOYMENT],
        headers={"Origin": "https://evil.example", "Authorization": f"Bearer {token}"},
    )

    for answer in (asked, told):
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_nothing_is_kept_by_half(
    service: Service, client: FlaskClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The database gives up in the middle: the sender hears it, and may tell all of it again."""
    with service.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE marks RENAME TO marks_elsewhere")
    try:
        answer = post(client, token, list(EVERY))
    finally:
        with service.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE marks_elsewhere RENAME TO marks")

    assert problem(answer) == (503, "this cannot be done now; nothing was kept")
    assert answer.headers["Retry-After"] == "10"
    assert kept(service) == {}


def test_no_secret_reaches_logs_or_answers(
    service: Service, client: FlaskClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = token.split("_", 2)[2]

    answers = [post(client, token, [DEPLOYMENT, 3]), post(client, f"{token}x", [DEPLOYMENT])]
    with service.database.write() as connection:
        connection.execute(delete(table))
    answers.append(post(client, token, [DEPLOYMENT]))

    assert [one.status_code for one in answers] == [200, 401, 401]
    assert not any(secret in text for text in (caplog.text, *(one.text for one in answers)))


def test_from_its_first_telling_on_a_service_is_known(service: Service, client: FlaskClient, token: str) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)

    post(client, token, [DEPLOYMENT, MEASUREMENT, 3])
    whose = [("deployment", "shop"), ("measurement", "team-happiness"), ("build", "shop")]
    with service.database.read() as connection:
        first = pushed.since(connection, whose)
    post(client, token, [{**DEPLOYMENT, "id": "shop-482"}])

    assert set(first) == set(whose[:2])
    assert all(at > before for at in first.values())
    with service.database.read() as connection:
        assert pushed.since(connection, whose) == first
