"""How a simulator is made to answer badly: throttled, unavailable, garbage, late, or not at all.

    faults = Faults(only=r"^/rest/")
    faults.add(Fault("throttle", times=2, retry_after=1, method="PUT"))     # the next two PUTs
    faults.add(Fault("unavailable", times=None, share=0.1))                 # a tenth of all requests, until clear()
    faults.add(Fault("work then cut", path=r"/remotelink$"))                # done, but the client never learns
    Server(faults.around(app))

Requests are answered by the first fault that fits, in the order in which the faults were added.
"""

import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Kind = Literal[
    "throttle",  # 429
    "unavailable",  # 503
    "error",  # 500
    "html",  # 200 with a page where JSON was asked for, as proxies and sign-in walls do
    "broken json",  # 200 with half an object
    "hang",  # waits `seconds`, then closes without an answer and without having worked
    "cut",  # closes at once without having worked
    "work then cut",  # does what was asked, then closes without an answer
    "work then hang",  # does what was asked, then waits `seconds` and closes without an answer
]

_REASONS = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}
_STATUS: dict[Kind, int] = {"throttle": 429, "unavailable": 503, "error": 500}
_GARBAGE: dict[Kind, tuple[str, bytes]] = {
    "html": (
        "text/html; charset=utf-8",
        b"<!DOCTYPE html><title>Sign in</title><p>This is not the answer you want.</p>",
    ),
    "broken json": ("application/json", b'{"issues": [{"id": "100'),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to answer badly, for `times` requests (None: until cleared) that fit `method` and `path`.

    `path` is a regular expression searched in the path without its query. Of the requests that fit, `share` are hit.
    """

    kind: Kind
    times: int | None = 1
    method: str | None = None
    path: str | None = None
    share: float = 1.0
    retry_after: float | None = None
    reason: str | None = None  # for Jira's RateLimit-Reason
    seconds: float = 30.0  # how long one hangs

    def __post_init__(self) -> None:
        """Refuses a kind that does not exist, which only an HTTP caller can ask for."""
        if self.kind not in get_args(Kind):
            raise ValueError(f"{self.kind!r} is no kind of fault; one of {', '.join(get_args(Kind))}")

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is one of those meant."""
        return self.method in (None, method) and re.search(self.path or "", path) is not None


@dataclass(frozen=True, slots=True)
class Hit:
    """One request that was answered by a fault."""

    kind: Kind
    method: str
    path: str
    at: float = field(default_factory=time.monotonic, compare=False)
    """When it came, in seconds of a clock that only runs forward."""


# What a tracker says beside the status: headers and JSON body for a refusal.
Refusal = Callable[[int, Fault], tuple[Mapping[str, str], Any]]


def _plain_refusal(status: int, fault: Fault) -> tuple[Mapping[str, str], Any]:
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return headers, {"message": f"simulated {status}"}


class Faults:
    """The faults a simulator has been told to show; thread-safe.

    `only` limits them to paths of the API, so that pages and control stay healthy; `refusal` gives 429, 500 and
    503 the vendor's headers and body. The tracker is `never` at fault in these ways. Chance is seeded: the same
    requests in the same order meet the same faults.
    """

    def __init__(
        self,
        *,
        only: str = r"^/(?!_simulator/)",
        refusal: Refusal = _plain_refusal,
        never: frozenset[Kind] = frozenset(),
        seed: int = 0,
    ) -> None:
        self._only = re.compile(only)
        self._never = never
        self._refusal = refusal
        self._random = random.Random(seed)
        self._pending: list[Fault] = []
        self._hits: list[Hit] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(self, fault: Fault) -> None:
        """From now on, requests that fit are answered so. Raises `ValueError` for what this tracker never does."""
        if fault.kind in self._never:
            raise ValueError(f"this tracker does not answer with {fault.kind!r}")
        with self._lock:
            self._pending.append(fault)

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._pending.clear()

    @property
    def pending(self) -> list[Fault]:
        """What is still to be shown, with the times left."""
        with self._lock:
            return list(self._pending)

    @property
    def hits(self) -> list[Hit]:
        """What was shown so far."""
        with self._lock:
            return list(self._hits)

    def release(self) -> None:
        """Ends every hang under way, so that a closing server has no sleepers."""
        self._released.set()

    def state(self) -> dict[str, Any]:
        """The pending faults and the hits, for JSON."""
        return {
            "pending": [asdict(fault) for fault in self.pending],
            "hits": [{"kind": hit.kind, "method": hit.method, "path": hit.path} for hit in self.hits],
        }

    def around(self, app: "WSGIApplication") -> "WSGIApplication":
        """The application, answering badly where told to."""

        def faulty(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            fault = self._take(environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"))
            if fault is None:
                return app(environ, start_response)
            if fault.kind.startswith("work"):
                _finish(app, environ)
            else:
                _drain(environ)
            if fault.kind.endswith("hang"):
                self._released.wait(fault.seconds)
            if fault.kind.endswith(("hang", "cut")):
                _cut(environ)
            return self._answer(fault, start_response)

        return faulty

    def _take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            if not self._only.search(path):
                return None
            for index, fault in enumerate(self._pending):
                if not fault.fits(method, path) or self._random.random() >= fault.share:
                    continue
                if fault.times is not None and fault.times <= 1:
                    del self._pending[index]
                elif fault.times is not None:
                    self._pending[index] = replace(fault, times=fault.times - 1)
                self._hits.append(Hit(fault.kind, method, path))
                return fault
        return None

    def _answer(self, fault: Fault, start_response: "StartResponse") -> Iterable[bytes]:
        if fault.kind in _GARBAGE:
            content_type, body = _GARBAGE[fault.kind]
            start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
            return [body]
        status = _STATUS[fault.kind]
        extra, document = self._refusal(status, fault)
        body = json.dumps(document).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *extra.items()]
        start_response(f"{status} {_REASONS[status]}", headers)
        return [body]


def _finish(app: "WSGIApplication", environ: "WSGIEnvironment") -> None:
    answer = app(environ, lambda _status, _headers, _error=None: lambda _data: None)
    try:
        for _ in answer:
            pass
    finally:
        if close := getattr(answer, "close", None):
            close()


def _drain(environ: "WSGIEnvironment") -> None:
    # Unread bytes would turn the closing of the connection into a reset that may overtake the answer.
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _cut(environ: "WSGIEnvironment") -> None:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("simulated: the connection was cut")  # werkzeug takes this as a client gone, silently
