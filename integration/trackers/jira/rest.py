"""One call to Jira and its answer: good JSON, or an error that says what to do next in Jira's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import requests

from integration.core.errors import Gone, Malformed, Permanent, Retryable
from integration.trackers import http
from integration.trackers.jira.payload import Json, record, records

LONGEST_PLAIN_TEXT = 300


class Rest:
    """Calls functions that make one request each. `who_am_i` is the call that only somebody signed in gets an answer to."""

    def __init__(self, url: str, who_am_i: Callable[[], requests.Response]) -> None:
        self._url = url
        self._who_am_i = who_am_i

    def told(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> Json:
        """The JSON object that Jira answers with."""
        with understood():
            return record(http.decoded(self._known(call, *about, **asked)), "Jira's answer")

    def dated(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> tuple[Json, datetime]:
        """The JSON object that Jira answers with, and when it did so by its own clock; by ours where it does not tell."""
        response = self._known(call, *about, **asked)
        with understood():
            return record(http.decoded(response), "Jira's answer"), date_of(response)

    def listed(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> Sequence[Json]:
        """The JSON objects that Jira answers with."""
        with understood():
            return records(http.decoded(self._known(call, *about, **asked)), "Jira's answer")

    def paged(
        self, call: Callable[..., requests.Response], *about: Any, size: int, **asked: Any
    ) -> Iterator[Sequence[Any]]:
        """The pages of `values` that Jira answers with, `size` at a time."""
        start = 0
        while True:
            page = self.told(call, *about, start_at=start, max_results=size, **asked)
            found = page.get("values")
            if not isinstance(found, list):
                raise Retryable("Jira answered something unexpected: a page without values")
            yield found
            start += len(found)
            if page.get("isLast") is not False or not found:
                return

    def done(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> requests.Response:
        """A good answer. Nothing counts as gone before Jira has confirmed that it still knows us.

        With an expired token Jira lets us in as nobody, to whom no issue exists.
        """
        return _checked(self._known(call, *about, **asked))

    def asked(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> requests.Response:
        """A good answer, or the error that its status stands for; a 404 is taken at its word."""
        return _checked(self._good(call, *about, **asked))

    def _known(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> requests.Response:
        """As `done`, of an answer that is decoded by whoever asked: pages are large, and once is enough."""
        try:
            return self._good(call, *about, **asked)
        except Gone:
            self.asked(self._who_am_i)
            raise

    def _good(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> requests.Response:
        with http.calling(self._url):
            response = call(*about, **asked)
        if not 200 <= response.status_code < 300:
            raise _refusal(response)
        return response


def _checked(response: requests.Response) -> requests.Response:
    """A proxy's page under a 200 is no answer of Jira's, to writes neither."""
    if response.content:
        http.decoded(response)
    return response


@contextmanager
def understood() -> Iterator[None]:
    """Jira's REST answers have a known shape; one that has not is as good as none, and may be better later."""
    try:
        yield
    except Malformed as exc:
        raise Retryable(f"Jira answered something unexpected: {exc}") from exc


def total_of(page: Json) -> int:
    """How many there are on all pages, where pages are told by offset. Without it nobody knows whether there are more."""
    total = page.get("total")
    if not isinstance(total, int) or isinstance(total, bool):
        raise Malformed("total: expected a number")
    return total


def date_of(response: requests.Response) -> datetime:
    """When the answer was given, by the tracker's clock; by ours where it does not tell."""
    now = datetime.now(UTC)
    try:
        told = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return now
    return told if told.tzinfo else now


def _refusal(response: requests.Response) -> Exception:
    messages, errors = _words(response)
    said = "; ".join([*messages, *(f"{name}: {words}" for name, words in errors.items())])
    error = http.failure(response.status_code, said, response.headers)
    if isinstance(error, Permanent):
        error.fields = errors
    return error


def _words(response: requests.Response) -> tuple[list[str], dict[str, str]]:
    """`errorMessages` and `errors`, by field; where they are missing a short plain text, and never a page of HTML."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        is_plain = response.headers.get("Content-Type", "").startswith("text/plain")
        return [response.text[:LONGEST_PLAIN_TEXT]] if is_plain else [], {}
    if not isinstance(body, dict):
        return [], {}
    messages, errors = body.get("errorMessages"), body.get("errors")
    general = [words for words in messages if isinstance(words, str)] if isinstance(messages, list) else []
    if isinstance(body.get("message"), str):
        general.append(body["message"])
    by_field = (
        {name: words for name, words in errors.items() if isinstance(words, str)} if isinstance(errors, dict) else {}
    )
    return general, by_field
