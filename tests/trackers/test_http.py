"""One table from a tracker's answer to what happens next, and one session that never waits for ever."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from integration.core.errors import Conflict, Gone, Permanent, Refused, Retryable
from integration.trackers.http import Session, calling, checked, decoded, failure

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Refused),
        (400, Permanent),
        (401, Refused),
        (403, Refused),
        (404, Gone),
        (408, Retryable),
        (409, Conflict),
        (410, Gone),
        (412, Conflict),
        (413, Permanent),
        (415, Permanent),
        (422, Permanent),
        (425, Retryable),
        (429, Retryable),
        (500, Retryable),
        (501, Retryable),
        (503, Retryable),
        (599, Retryable),
    ],
)
def test_what_a_status_means(status: int, kind: type) -> None:
    assert type(failure(status, "the tracker's words")) is kind


def test_a_wish_travels_with_the_error() -> None:
    error = failure(429, "slow down", {"Retry-After": "12"})

    assert isinstance(error, Retryable)
    assert error.after == 12
    assert error.reason == "HTTP 429: slow down"


@pytest.mark.parametrize(
    ("status", "headers", "scope"),
    [
        (429, {}, "connection"),
        (429, {"RateLimit-Reason": "jira-quota-tenant-based"}, "connection"),
        (429, {"RateLimit-Reason": "jira-burst-based"}, "item"),
        (429, {"RateLimit-Reason": "jira-per-issue-on-write"}, "item"),
        (503, {"Retry-After": "60"}, "connection"),
        (503, {}, "item"),
        (500, {}, "item"),
        (401, {}, "connection"),
        (302, {}, "connection"),
        (403, {}, "item"),
    ],
)
def test_how_much_a_refusal_is_about(status: int, headers: dict[str, str], scope: str) -> None:
    error = failure(status, "no", headers)

    assert isinstance(error, Retryable | Refused)
    assert error.scope == scope


@pytest.fixture
def serving() -> Iterator[Callable[[Answer], str]]:
    """Starts a server that answers every request as told, and gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def serve(answer: Answer) -> str:
        handler = type(
            "Handler",
            (BaseHTTPRequestHandler,),
            {"do_GET": answer, "protocol_version": "HTTP/1.1", "log_message": lambda *_: None},
        )
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def says(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_good_answer(serving: Callable[[Answer], str]) -> None:
    with Session() as session:
        response = session.get(serving(says(b'{"id": 1}')))

    assert decoded(checked(response, lambda _: "")) == {"id": 1}


def test_a_page_under_a_200_may_be_json_again_later(serving: Callable[[Answer], str]) -> None:
    with Session() as session, pytest.raises(Retryable, match="not JSON"):
        decoded(session.get(serving(says(b"<html>maintenance</html>"))))


def test_two_calls_share_one_connection(serving: Callable[[Answer], str]) -> None:
    ports: list[int] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ports.append(handler.client_address[1])
        says(b"{}")(handler)

    address = serving(answer)
    with Session() as session:
        session.get(address)
        session.get(address)

    assert len(ports) == 2
    assert len(set(ports)) == 1


def test_an_answer_that_breaks_off_is_no_answer(serving: Callable[[Answer], str]) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    address = serving(break_off)
    with Session() as session, pytest.raises(Retryable), calling(address):
        session.get(address)


def test_no_redirect_is_followed(serving: Callable[[Answer], str]) -> None:
    with Session() as session:
        response = session.get(serving(says(b"", 302, Location="/login?token=secret")))

    with pytest.raises(Refused, match="sign-in page") as refusal:
        checked(response, lambda _: "")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("header", "drop"),
    [(("Transfer-Encoding", "chunked"), b"1\r\nx\r\n"), (("Content-Length", "100000"), b"x")],
)
def test_a_tracker_that_drips_does_not_hold_a_worker(
    serving: Callable[[Answer], str], header: tuple[str, str], drop: bytes
) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header(*header)
        handler.end_headers()
        while not over.wait(0.05):
            try:
                handler.wfile.write(drop)
            except OSError:
                return

    address = serving(drip)
    with Session(total_timeout=0.3) as session, pytest.raises(Retryable, match="in time"), calling(address):
        session.get(address)
    over.set()


def test_a_tracker_that_is_not_there() -> None:
    address = "http://127.0.0.1:9/?token=secret"

    with (
        Session() as session,
        pytest.raises(Retryable, match=r"127\.0\.0\.1 cannot be reached") as error,
        calling(address),
    ):
        session.get(address)
    assert "secret" not in str(error.value)
    assert error.value.scope == "connection"


def test_an_address_that_is_none() -> None:
    with Session() as session, pytest.raises(Permanent, match="url"), calling("nowhere"):
        session.get("nowhere")


def test_anything_else_that_requests_raises_is_retryable() -> None:
    with pytest.raises(Retryable, match="ChunkedEncodingError"), calling("http://127.0.0.1/"):
        raise requests.exceptions.ChunkedEncodingError("broken off")
