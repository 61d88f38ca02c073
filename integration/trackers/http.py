"""How okrlink calls a tracker: one session with a total timeout that keeps to a budget, and one table from HTTP status
to what to do next.

Whatever goes wrong on the way comes out as `Retryable`, `Conflict`, `Refused`, `Gone` or `Permanent`. Messages carry the
tracker's own words and its host, never a header, a query or a credential.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from integration.core.errors import Conflict, Gone, Permanent, Refused, Retryable, ServiceError
from integration.trackers.budget import Budget
from integration.trackers.contract import Connection
from integration.trackers.decoding import decode
from integration.trackers.limits import scope_of, seconds_to_wait

TOTAL_TIMEOUT = 30.0
CONNECT_TIMEOUT = 5.0
LONGEST_CALL = CONNECT_TIMEOUT + 2 * TOTAL_TIMEOUT
"""Seconds that a call can take at worst: the last read may begin just before the deadline. A lease must be longer."""
LARGEST_ANSWER = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_WORDS = 500

try:
    USER_AGENT = f"okrlink/{version('okrlink')}"
except PackageNotFoundError:  # run from a source tree that nobody installed
    USER_AGENT = "okrlink"


class Session(requests.Session):
    """A `requests.Session` that waits for its turn, keeps to `TOTAL_TIMEOUT`, follows no redirect, and says who is calling.

    `requests` itself only limits each single read, so that a tracker which drips bytes could hold a worker beyond its
    lease. A redirect of an API call is a sign-in page or a wrong address; following it would turn PUT into GET.
    """

    def __init__(
        self, *, ca_file: str | None = None, total_timeout: float = TOTAL_TIMEOUT, budget: Budget | None = None
    ) -> None:
        super().__init__()
        self.headers["User-Agent"] = USER_AGENT
        self.budget = budget or Budget()
        self.total_timeout = total_timeout
        if ca_file:
            self.verify = ca_file

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]  # the options are passed on, three of them replaced
        """Raises `Retryable` before anything is asked where the turn is further away than a caller can wait."""
        self.budget.wait_for_turn(str(method), str(url))
        deadline = time.monotonic() + self.total_timeout
        wait = (min(CONNECT_TIMEOUT, self.total_timeout), self.total_timeout)
        options |= {"timeout": wait, "allow_redirects": False, "stream": True, "verify": self.verify}
        response = super().request(method, url, **options)
        self.budget.hear(str(method), str(url), response.status_code, response.headers)
        # `requests` offers no other way to hand over a body that was read with a deadline.
        response._content = self._read(response, deadline)  # noqa: SLF001
        response.raw.release_conn()  # back to the pool: the next call needs no handshake
        return response

    @staticmethod
    def _read(response: requests.Response, deadline: float) -> bytes:
        read = bytearray()
        try:
            # `read1` returns with what has come; `iter_content` would wait for a whole chunk, however slowly it comes.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                read += chunk
                if time.monotonic() > deadline:
                    response.close()
                    raise requests.ReadTimeout("the answer took too long", request=response.request)
                if len(read) > LARGEST_ANSWER:
                    response.close()
                    raise requests.RequestException("the answer is too large", request=response.request)
        except urllib3.exceptions.ReadTimeoutError as exc:
            raise requests.ReadTimeout("the answer stopped coming", request=response.request) from exc
        except urllib3.exceptions.HTTPError as exc:
            raise requests.exceptions.ChunkedEncodingError("the answer broke off", request=response.request) from exc
        return bytes(read)


def session(connection: Connection) -> Session:
    """A session for this connection, without credentials: each tracker adds its own way to sign in."""
    return Session(ca_file=connection.ca_file, budget=Budget(connection.ledger))


@contextmanager
def calling(url: str) -> Iterator[None]:
    """Turns everything that `requests` can raise on the way to `url` into `Retryable` or `Permanent`."""
    host = urlsplit(url).hostname or "the tracker"
    try:
        yield
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    ) as exc:
        raise Permanent("the connection's url is not an address that can be called") from exc
    except requests.Timeout as exc:
        taken = not isinstance(exc, requests.ConnectTimeout)
        raise Retryable(f"{host} did not answer in time", scope="item" if taken else "connection") from exc
    except requests.exceptions.SSLError as exc:
        why = f"{host} has no certificate that we trust; ca_file names a private authority"
        raise Retryable(why, scope="connection") from exc
    except requests.ConnectionError as exc:
        raise Retryable(f"{host} cannot be reached", scope="connection" if _nobody_there(exc) else "item") from exc
    except requests.RequestException as exc:
        raise Retryable(f"{host} answered something unusable ({type(exc).__name__})") from exc


def _nobody_there(error: requests.ConnectionError) -> bool:
    """Whether nobody took the call, whatever it was about; as opposed to somebody who hung up in the middle of it."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


_BY_STATUS: Mapping[int, type[Retryable | Permanent]] = {
    401: Refused,
    403: Refused,
    404: Gone,
    408: Retryable,
    409: Conflict,
    410: Gone,
    412: Conflict,
    423: Retryable,
    425: Retryable,
    429: Retryable,
}


def failure(status: int, words: str = "", headers: Mapping[str, str] | None = None) -> ServiceError:
    """What a status other than 2xx means for the caller. `words` is what the tracker said, in its own words."""
    said = " ".join(words.split())[:_LONGEST_WORDS]
    reason = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    if 300 <= status < 400:
        return Refused(
            f"HTTP {status}: redirected{_whither(headers or {})}, mostly a sign-in page; "
            "is the connection's url right, and its token?",
            scope="connection",
        )
    kind = _BY_STATUS.get(status, Retryable if status >= 500 else Permanent)
    if issubclass(kind, Retryable):
        told = headers or {}
        after = seconds_to_wait(told, datetime.now(UTC))
        return kind(reason, after=after, scope=scope_of(status, told, after))
    return Refused(reason, scope="connection") if status == 401 else kind(reason)


def _whither(headers: Mapping[str, str]) -> str:
    """Scheme and host; the rest of such an address may hold what opens something."""
    there = urlsplit(headers.get("Location", ""))
    return f" to {there.scheme}://{there.hostname}" if there.hostname else ""


def checked(response: requests.Response, words: Callable[[requests.Response], str]) -> requests.Response:
    """The response, or the error that its status stands for. `words` reads the tracker's own words from its body."""
    if not 200 <= response.status_code < 300:
        raise failure(response.status_code, words(response), response.headers)
    return response


def decoded(response: requests.Response) -> Any:
    """The JSON of a good answer. A page of HTML under a 200 (a proxy, maintenance) may be JSON again later: `Retryable`."""
    try:
        return decode(response.content)
    except orjson.JSONDecodeError as exc:
        host = urlsplit(response.url).hostname or "the tracker"
        raise Retryable(f"{host} answered {response.status_code} with something that is not JSON") from exc
