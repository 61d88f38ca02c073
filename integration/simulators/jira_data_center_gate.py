"""What every REST request to the simulated Data Center passes: who asks, and how often."""

import hmac
import math
import time
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request

from integration.simulators.faults import Fault
from integration.simulators.jira_gate import Account, Gate, basic_credentials
from integration.simulators.jira_refusals import Refused


@dataclass(frozen=True, slots=True)
class Rate:
    """[doc] A bucket for each user: so many requests at once, and `fill` more every `interval` seconds."""

    limit: int
    fill: int
    interval: float


OFTEN = Rate(10_000, 10_000, 60)
"""A limit that nobody reaches, but that every answer tells of."""


@dataclass(slots=True)
class _Bucket:
    left: int
    since: float


class DataCenterGate(Gate):
    """Lets in tokens and passwords, and tells of its limit with every answer, good ones too."""

    def __init__(self, rate: Rate | None) -> None:
        super().__init__(limits=())  # [doc] none for a single issue
        self.rate = rate
        self._buckets: dict[str, _Bucket] = {}

    def account(self) -> Account | None:
        """[doc] A personal access token as Bearer, or basic authentication by name and password; never token and name."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        said = token.strip().encode() if scheme.lower() == "bearer" else basic_credentials()
        for account in self.accounts:
            basic = f"{account.user.login}:{account.password}"
            expected = account.token if scheme.lower() == "bearer" else basic
            if hmac.compare_digest(said, expected.encode()):
                return account
        return None

    def silences(self) -> bool:
        """[doc] Who may not send an edit silently may not send it at all; [3p] the words."""
        wished = request.args.get("notifyUsers") == "false"
        if wished and not (self.allows("ADMINISTER_PROJECTS") or self.allows("ADMINISTER")):
            words = "To discard the user notification either admin or project admin permissions are required."
            raise Refused(403, (words,))
        return wished

    def meter(self, account: Account) -> None:
        """Takes a request out of the account's bucket; refuses it where none is left."""
        if self.rate is None:
            return
        with self._lock:
            now = time.monotonic()
            bucket = self._buckets.setdefault(account.user.account_id, _Bucket(self.rate.limit, now))
            rounds = int((now - bucket.since) // self.rate.interval)
            bucket.left = min(self.rate.limit, bucket.left + rounds * self.rate.fill)
            bucket.since += rounds * self.rate.interval
            if not bucket.left:
                after = bucket.since + self.rate.interval - now
                raise Refused(429, ("Rate limit exceeded.",), headers={"retry-after": f"{math.ceil(after)}"})
            bucket.left -= 1

    def mark(self, answer: Response) -> None:
        """[doc] On every answer to somebody known, `retry-after` too: 0 where nothing was refused."""
        if self.rate is None or "account" not in g:
            return
        bucket = self._buckets[g.account.user.account_id]
        answer.headers["X-RateLimit-Limit"] = f"{self.rate.limit}"
        answer.headers["X-RateLimit-Remaining"] = f"{bucket.left}"
        answer.headers["X-RateLimit-Interval-Seconds"] = f"{self.rate.interval:g}"
        answer.headers["X-RateLimit-FillRate"] = f"{self.rate.fill}"
        answer.headers.setdefault("retry-after", "0")


def refusal(status: int, fault: Fault) -> tuple[dict[str, str], Any]:
    """What a fault's 429, 500 or 503 says. [doc] No reason stands beside a 429."""
    after = 1.0 if status == 429 and fault.retry_after is None else fault.retry_after
    headers = {} if after is None else {"retry-after": f"{math.ceil(after)}"}
    return headers, {"errorMessages": [f"simulated {status}"], "errors": {}}
