"""POST /api/v1/facts: what a CI or a script tells, each fact answered with what became of it.

A token comes first; the body is not read before it is known. Problems are JSON as RFC 9457 has it. No page of another
site may call this: there are no CORS headers, and a token in a browser would be a leaked one.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from integration.core.errors import ServiceError, StoreUnusable, Unverified
from integration.pushed.receiving import Answer, Outcome, receive, understand
from integration.store import tokens
from integration.store.db import Database
from integration.store.tokens import Token

LARGEST_BODY = 8 * 2**20
MOST_FACTS = 1000
AT_ONCE = 8
"""Calls that one process works on; half of its threads are left for webhooks, which trackers do not send for ever."""
RETRY_AFTER = {429: "1", 503: "10"}
OUTCOMES: Sequence[Outcome] = ("accepted", "updated", "unchanged", "deleted", "refused")

log = logging.getLogger(__name__)


class Problem(Exception):
    """What the caller is told instead of an answer; `more` are further members of the problem."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.more = status, title, detail, more


def api(database: Database, wake: Callable[[], None]) -> Blueprint:
    """`wake` is called once what is told is kept."""
    blueprint = Blueprint("api", __name__)
    places = threading.BoundedSemaphore(AT_ONCE)

    @blueprint.post("/api/v1/facts")
    def facts() -> Response:
        token = _holder(database, request.headers)
        if "facts:write" not in token.scopes:
            raise Problem(403, "not allowed", f"the token {token.name} lacks the scope facts:write")
        with _place(places):
            told = _facts(_body(), request.mimetype)
            answers = _keep(database, token, told)
        if any(one.outcome not in ("unchanged", "refused") for one in answers):
            wake()
        return _answer(answers)

    blueprint.register_error_handler(Problem, _problem)
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(Exception, _unexpected)
    return blueprint


def _holder(database: Database, headers: Headers) -> Token:
    scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
    if scheme.casefold() != "bearer" or not token:
        raise Problem(
            401, "who are you?", "send the header Authorization: Bearer TOKEN; okrlink token create makes one"
        )
    try:
        with database.read() as connection:
            return tokens.holder(connection, token.strip(), datetime.now(UTC))
    except Unverified as refusal:
        raise Problem(401, "who are you?", f"{refusal}; okrlink token create makes a new one") from refusal


@contextmanager
def _place(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise Problem(429, "too many calls at once", f"{AT_ONCE} are being worked on; try again in a second")
    try:
        yield
    finally:
        places.release()


def _body() -> bytes:
    # A body in chunks has no length to refuse it by, and is silently cut off at the limit: hence the byte more.
    request.max_content_length = LARGEST_BODY + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = None
    if body is None or len(body) > LARGEST_BODY:
        raise Problem(413, "too large", f"at most {LARGEST_BODY // 2**20} MiB and {MOST_FACTS:,} facts a call")
    if len(body) != (request.content_length or len(body)):
        raise Problem(400, "broken off", "the body broke off; nothing was kept")
    return body


def _facts(body: bytes, mimetype: str) -> Sequence[object]:
    """The JSON values of a body that are to be facts."""
    try:
        if mimetype in ("application/x-ndjson", "application/ndjson", "application/jsonl"):
            told = [_line(number, line) for number, line in enumerate(body.splitlines(), 1) if line.strip()]
        else:
            value = orjson.loads(body)
            told = value if isinstance(value, list) else [value]
    except orjson.JSONDecodeError as error:
        hint = "; for one fact a line send Content-Type: application/x-ndjson" if body.count(b"\n") else ""
        raise Problem(400, "no JSON", f"the body is no JSON: {error}{hint}") from error
    if not told:
        raise Problem(400, "nothing told", "the body holds no fact")
    if len(told) > MOST_FACTS:
        raise Problem(413, "too many facts", f"{len(told):,} facts in one call; send at most {MOST_FACTS:,}")
    return told


def _line(number: int, line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "no JSON", f"line {number} is no JSON: {error}; nothing was kept") from error


def _keep(database: Database, token: Token, told: Sequence[object]) -> Sequence[Answer]:
    understood = understand(told)
    with database.write() as connection:
        answers = receive(connection, understood, token.name)
        tokens.used(connection, token, datetime.now(UTC).date())
    return answers


def _answer(answers: Sequence[Answer]) -> Response:
    """200 where any fact stands, 400 where none does: a CI that tells one fact and looks at the status alone hears of it."""
    counts = Counter(one.outcome for one in answers)
    told: Mapping[str, Any] = {
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        "results": [_as_json(index, one) for index, one in enumerate(answers)],
    }
    if counts["refused"] == len(answers):
        reason = next(one.reason for one in answers)
        raise Problem(400, "refused", f"no fact was kept; facts[0]: {reason}", **told)
    return _json(told, 200, "application/json")


def _as_json(index: int, one: Answer) -> Mapping[str, Any]:
    told = {"index": index, "kind": one.kind, "id": one.id, "outcome": one.outcome}
    return {**told, "reason": one.reason} if one.reason else told


def _problem(problem: Problem) -> Response:
    told = {"title": problem.title, "status": problem.status, "detail": problem.detail, **problem.more}
    response = _json(told, problem.status, "application/problem+json")
    if problem.status in RETRY_AFTER:
        response.headers["Retry-After"] = RETRY_AFTER[problem.status]
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="okrlink"'
    return response


def _http(error: HTTPException) -> Response:
    return _problem(Problem(error.code or 500, error.name.lower(), error.description or error.name))


def _unexpected(error: Exception) -> Response:
    if isinstance(error, StoreUnusable):
        log.error("%s", error)
        return _problem(Problem(503, "not now", "the database cannot be used now; nothing was kept"))
    log.error("facts could not be kept: %s", error, exc_info=None if isinstance(error, ServiceError) else error)
    return _problem(Problem(503, "not now", "this cannot be done now; nothing was kept"))


def _json(told: Mapping[str, Any], status: int, content_type: str) -> Response:
    return Response(orjson.dumps(told), status, content_type=content_type)
