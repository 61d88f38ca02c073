"""POST /webhooks/<connection>: prove the sender, keep the raw bytes, answer. Nothing but an id is read from the body.

A verified body is answered 204 whether or not anybody can read it: Jira loses an event that is answered 4xx, and Azure
DevOps puts the subscription on probation, during which it loses all. What could not be kept is 503, which both repeat.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import Headers

from integration.core.errors import MappingInvalid, Unverified
from integration.store.inbox import Delivery, Inbox
from webhooks.connections import Resolved

LONGEST_ID = 200
BROKE_OFF = "the body broke off"
_NESTING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)

log = logging.getLogger(__name__)


def receiver(inbox: Inbox, senders: Callable[[], Resolved]) -> Blueprint:
    """The one view that trackers call. `senders` is asked for each delivery and must be quick."""
    blueprint = Blueprint("receiver", __name__)
    refusals = Refusals()

    @blueprint.post("/webhooks/<name>")
    def receive(name: str) -> Response:
        tracker, connection = senders().get(name) or abort(404, "there is no such connection")
        if isinstance(connection, MappingInvalid):
            raise connection  # 503: its secret may be readable again when the tracker repeats
        body = _body(tracker.largest_body)
        headers = LowerCase(request.headers)
        try:
            tracker.verify(connection, headers, body)
        except Unverified as refusal:
            refusals.count(name, str(refusal))
            raise
        if request.content_length is None and _broke_off(body):
            abort(408, BROKE_OFF)  # Azure DevOps signs no body
        kept = {header: value for header in tracker.kept_headers if (value := headers.get(header)) is not None}
        inbox.put(Delivery(name, _storable(tracker.delivery_id(headers, body)), datetime.now(UTC), kept, body))
        return Response(status=204)

    return blueprint


def _body(largest: int) -> bytes:
    # A body in chunks has no length to refuse it by, and is silently cut off at the limit: hence the byte more.
    request.max_content_length = largest + 1
    body = request.get_data(cache=False)
    if len(body) > largest:
        abort(413)
    if len(body) != (request.content_length or len(body)):
        # What broke off is sent again; kept, it would only ever be a delivery that nobody can read.
        abort(408, BROKE_OFF)
    return body


def _broke_off(body: bytes) -> bool:
    """Whether this is nothing, or JSON up to somewhere in its middle. Of a body in chunks the server does not tell us that
    its last chunk never came.
    """
    depth = 0
    for found in _NESTING.finditer(body):
        if found[0] == b'"':
            return True
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(found[0], 0)
    return depth > 0 or not body


class LowerCase(Mapping[str, str]):
    """A request's headers by their names in small letters. A copy of them would cost half as much as all of Flask."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        value = self._headers.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name.lower() for name, _ in self._headers)

    def __len__(self) -> int:
        return len(self._headers)


class Refusals:
    """Says in the log that senders were refused, without letting them fill it."""

    def __init__(self, every: float = 60) -> None:
        self._every = every
        self._mutex = threading.Lock()
        self._unsaid: dict[tuple[str, str], int] = {}
        self._said_at: dict[tuple[str, str], float] = {}

    def count(self, connection: str, reason: str) -> None:
        key = (connection, reason)
        now = time.monotonic()
        with self._mutex:
            count = self._unsaid[key] = self._unsaid.get(key, 0) + 1
            if key in self._said_at and now < self._said_at[key] + self._every:
                return
            self._said_at[key] = now
            self._unsaid[key] = 0
        log.warning("%s: %d unverified deliveries refused: %s", connection, count, reason)


def _storable(delivery_id: str) -> str:
    """The id itself, or its hash where a database might not take it: a sender must not spoil its neighbours' commit."""
    if len(delivery_id) <= LONGEST_ID and delivery_id.isprintable():
        return delivery_id
    return f"sha256:{hashlib.sha256(delivery_id.encode('utf-8', 'surrogatepass')).hexdigest()}"
