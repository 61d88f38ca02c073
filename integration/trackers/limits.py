"""What an answer says about limits: how long to ask nothing, of what; before a tracker refuses, and when it does.

Jira Cloud has three limits and names the one that was met in `RateLimit-Reason`: a quota of the hour is about all that
we ask, a burst about one endpoint and method, writes to an issue about that issue. Data Center tells `retry-after` with
every answer, 0 while nothing is wrong. Azure DevOps slows down before it refuses: an answer that succeeds may carry
`Retry-After`, and then the next call has to wait, and this one is not repeated. Sources: the vendors' pages on rate
limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from integration.core.errors import Scope

PER_ISSUE = "jira-per-issue-on-write"
BURST = "jira-burst-based"

BURST_PAUSE = 1.0
"""Seconds that an endpoint is left alone where its refusal told no time: its bucket is full again after one."""
NEARLY = 0.2
"""The share of a limit below which it is near. Jira's own NearLimit says the same."""
SPARED_FOR = 120.0
"""Seconds for which whoever can wait is held back at least where a quota is near: longer than one waits in place, because
at one request from time to time a page would never be read."""

HOUR = 3600.0
LONGEST = 24 * HOUR
"""No limit lasts longer: whoever tells so counts in another unit, or by another clock."""

_ONE_OF_MANY = re.compile(r"(?<=/)(?:\d+|[A-Z][A-Z0-9_]*(?:-\d+)?|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")
"""What stands in a path for one of many: numbers, keys of projects and issues, UUIDs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """For how many seconds nothing shall be asked: of the connection, of this endpoint, and by whoever can wait."""

    connection: float = 0.0
    endpoint: float = 0.0
    patient: float = 0.0


def wish(status: int, headers: Mapping[str, str], now: datetime) -> Wish:
    """What an answer wants of those that follow. `headers` are looked up without case, as `requests` keeps them."""
    after = seconds_to_wait(headers, now)
    if status == 429:
        reason = headers.get("RateLimit-Reason")
        if reason == PER_ISSUE:
            return Wish()
        if reason == BURST:
            return Wish(endpoint=BURST_PAUSE if after is None else after)
    if status in (429, 503):
        return Wish(connection=after or 0.0)  # without a time, whoever asked waits longer from time to time
    # A reset alone says when a limit is far again, not that anybody has to wait.
    told = seconds_to_wait({"Retry-After": headers.get("Retry-After", "")}, now)
    return Wish(connection=told or 0.0, patient=_spared(headers, now) if _is_near(headers) else 0.0)


def scope_of(status: int, headers: Mapping[str, str], after: float | None) -> Scope:
    """What a refusal is about. To a limit of one endpoint the session keeps by itself: nothing else has to stop."""
    if status == 429:
        return "item" if headers.get("RateLimit-Reason") in (PER_ISSUE, BURST) else "connection"
    return "connection" if status == 503 and after else "item"


def endpoint(method: str, url: str) -> str:
    """What a limit per endpoint and method is counted by: the path without what names one of many."""
    return f"{method.upper()} {_ONE_OF_MANY.sub('*', urlsplit(url).path)}"


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """The tracker's own wish: `Retry-After` (seconds or a date), else `X-RateLimit-Reset` (ISO 8601 on Jira, epoch elsewhere).

    None where the tracker wished nothing readable.
    """
    told = _seconds(headers.get("Retry-After"), now, epoch=False)
    return told if told is not None else _seconds(headers.get("X-RateLimit-Reset"), now, epoch=True)


def quota(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """How many requests may be made, and are left, where the answer tells."""
    limit, left = _number(headers.get("X-RateLimit-Limit")), _number(headers.get("X-RateLimit-Remaining"))
    return (None, None) if limit is None or left is None else (int(limit), int(left))


def _is_near(headers: Mapping[str, str]) -> bool:
    if headers.get("X-RateLimit-NearLimit", "").lower() == "true":
        return True
    limit, left = _number(headers.get("X-RateLimit-Limit")), _number(headers.get("X-RateLimit-Remaining"))
    return limit is not None and left is not None and left < NEARLY * limit


def _spared(headers: Mapping[str, str], now: datetime) -> float:
    """Until the limit starts anew; where it fills up by and by (Data Center), until the next filling.

    Jira's quota starts anew with the hour, UTC, and tells so only when it refuses.
    """
    reset = _seconds(headers.get("X-RateLimit-Reset"), now, epoch=True)
    filling = _number(headers.get("X-RateLimit-Interval-Seconds"))
    if reset is None and filling is None:
        return max(SPARED_FOR, HOUR - now.timestamp() % HOUR)
    return _bounded(filling or 0.0) if reset is None else reset


def _seconds(text: str | None, now: datetime, *, epoch: bool) -> float | None:
    if not text:
        return None
    number = _number(text)
    if number is not None:
        return _bounded(number - now.timestamp() if epoch else number)
    then = _moment(text)
    return None if then is None else _bounded((then - now).total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return None if number != number or number in (float("inf"), float("-inf")) else number  # noqa: PLR0124  # NaN is the one number that is not itself


def _moment(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text.strip())
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
