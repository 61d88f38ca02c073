"""What every REST request passes: who asks, with which words, how often; and what is kept of it."""

import base64
import hmac
import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from integration.simulators.faults import Fault
from integration.simulators.jira_limits import Limits
from integration.simulators.jira_refusals import Refused, Unmodelled
from integration.simulators.jira_site import NotFound
from integration.simulators.jira_things import User

_View = TypeVar("_View", bound=Callable[..., Any])

BOOLEANS = ("notifyUsers", "returnIssue", "overrideScreenSecurity", "overrideEditableFlag", "fieldsByKeys", "failFast")
# Those that `mypermissions` knows here. Everybody has all of them until some are taken.
PERMISSIONS = ("BROWSE_PROJECTS", "EDIT_ISSUES", "LINK_ISSUES", "ADMINISTER_PROJECTS", "ADMINISTER")
# [doc] writes to one issue: so many in so many seconds
PER_ISSUE = ((20, 2.0), (100, 30.0))


@dataclass(frozen=True, slots=True)
class Request:
    """One REST request as it was answered."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int
    at: float = field(default=0.0, compare=False)
    """When it came, in seconds of a clock that only runs forward."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account that may use the REST interface, and what it may do there.

    It signs in by address and API token; outside the Cloud by name and password, or by a token alone.
    """

    user: User
    token: str = field(repr=False)
    permissions: set[str] = field(default_factory=lambda: set(PERMISSIONS))
    password: str = field(default="", repr=False)
    scoped: bool = False  # a scoped token, or a service account's


class Gate:
    """Authenticates, refuses what is not modelled, limits writes, and keeps the log."""

    def __init__(self, limits: Collection[tuple[int, float]] = PER_ISSUE, on_all: Limits | None = None) -> None:
        self.limits = limits
        self.on_all = on_all or Limits()
        self.accounts: list[Account] = []
        self.requests: list[Request] = []
        self.unmodelled: list[str] = []
        self._asks: dict[str, frozenset[str]] = {}
        self._reads: set[str] = set()
        self._lock = threading.Lock()
        self._writes: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=1000))

    @property
    def writes(self) -> list[Request]:
        """The requests that could have changed something, refused ones too."""
        return [one for one in self.requests if one.method != "GET" and one.path not in self._reads]

    def asks(self, *names: str, reads: str | None = None) -> Callable[[_View], _View]:
        """Names the query parameters a view understands; `reads` is the path of a POST that changes nothing."""

        def remember(view: _View) -> _View:
            self._asks[view.__name__] = frozenset(names)
            if reads:
                self._reads.add(reads)
            return view

        return remember

    def guard(self, routes: Blueprint) -> None:
        """Puts the gate before all of the routes, and the refusals and the log behind them."""
        routes.before_request(self._enter)
        routes.after_request(self._log)
        routes.register_error_handler(Refused, _refuse)
        routes.register_error_handler(NotFound, _absent)
        routes.register_error_handler(Unmodelled, self._cannot)

    def refuse_unknown(self, error: HTTPException) -> Response:
        """The answer to a path or method that no view has: for the application's 404 and 405."""
        if not request.path.startswith("/rest/"):
            return Response(str(error.description), error.code, content_type="text/plain")
        return self._log(self._cannot(Unmodelled(f"{request.method} {request.path}")))

    def allows(self, permission: str) -> bool:
        """Whether the one who asks has it."""
        account: Account = g.account
        return permission in account.permissions

    def silences(self) -> bool:
        """Whether the edit that is asked for sends no mail. [doc] Without the permission it is the wish that is ignored."""
        wished = request.args.get("notifyUsers") == "false"
        return wished and (self.allows("ADMINISTER_PROJECTS") or self.allows("ADMINISTER"))

    def limit(self, issue_id: str) -> None:
        """Counts one write to an issue, or refuses it with 429. [doc]"""
        now = time.monotonic()
        with self._lock:
            writes = self._writes[issue_id]
            for count, seconds in self.limits:
                recent = [at for at in writes if at > now - seconds]
                if len(recent) >= count:
                    after = seconds - (now - recent[-count])
                    headers = throttled(after, "jira-per-issue-on-write")
                    raise Refused(429, ("Rate limit exceeded.",), headers=headers)
            writes.append(now)

    def _enter(self) -> Response | None:
        g.came = time.monotonic()
        if (account := self.account()) is None:
            # [3p] plain text, unlike every other refusal
            return Response("Client must be authenticated to access this resource.", 401, content_type="text/plain")
        g.account = account
        self.meter(account)
        for name in BOOLEANS:
            if (said := request.args.get(name, "true")) not in ("true", "false"):
                raise Refused(
                    messages=(f"'{said}' is not a boolean for the parameter {name}.",)
                )  # [inf] as the spec has it
        view = (request.endpoint or "").rpartition(".")[2]
        if unknown := request.args.keys() - self._asks.get(view, frozenset()):
            raise Unmodelled(f"the parameter {', '.join(sorted(unknown))} of {request.method} {request.path}")
        return None

    def account(self) -> Account | None:
        """Who asks; None for strangers."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        for account in self.accounts:
            if account.scoped and not request.script_root:
                continue  # [doc] at the site's own address it opens nothing
            said, expected = basic_credentials(), f"{account.user.email}:{account.token}"
            if account.scoped and scheme.lower() == "bearer":  # [doc] of service accounts
                said, expected = token.encode(), account.token
            if hmac.compare_digest(said, expected.encode()):
                return account
        return None

    def meter(self, account: Account) -> None:  # noqa: ARG002 - [doc] these limits are the site's, whoever asks
        """Counts a request of the account, or refuses it."""
        limit = self.on_all.met(request.method, request.url_rule.rule if request.url_rule else request.path)
        if limit is not None:
            raise Refused(429, ("Rate limit exceeded.",), headers=throttled(limit.after, limit.reason))

    def mark(self, answer: Response) -> None:
        """Tells of limits in the headers of an answer, and counts what it cost."""
        if answer.status_code != 429:
            self.on_all.spend(_points(answer))
        answer.headers.update(self.on_all.headers())

    def _cannot(self, error: Unmodelled) -> Response:
        self.unmodelled.append(error.what)
        answer = jsonify({"errorMessages": [f"The simulated Jira does not model {error.what}."], "errors": {}})
        answer.status_code = 400 if error.what.startswith("the JQL") else 501
        return answer

    def _log(self, answer: Response) -> Response:
        self.mark(answer)
        body = request.get_json(silent=True) if request.method != "GET" else None
        came = g.get("came", 0.0)
        self.requests.append(
            Request(request.method, request.path, request.args.to_dict(), body, answer.status_code, came)
        )
        return answer


def _points(answer: Response) -> int:
    """[doc] One for a request, and one more for each thing that is read; [inf] things are what a list has, else the answer."""
    if request.method != "GET" and not request.path.endswith(("/search/jql", "/bulkfetch", "/approximate-count")):
        return 1
    told = answer.get_json(silent=True) if answer.status_code == 200 else None
    lists = [told] if isinstance(told, list) else [one for one in (told or {}).values() if isinstance(one, list)]
    return 1 + (max(map(len, lists)) if lists else int(told is not None))


def basic_credentials() -> bytes:
    """User and password of the request, joined by a colon; nothing where there are none."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""


def page_of(things: list[Any], name: str, cap: int) -> dict[str, Any]:
    """The page that `startAt` and `maxResults` ask for, of at most `cap`."""
    start = int(request.args.get("startAt", 0))
    size = min(int(request.args.get("maxResults", cap)), cap)
    page = things[start : start + size]
    last = start + len(page) >= len(things)
    return {"startAt": start, "maxResults": size, "total": len(things), "isLast": last, name: page}


def body_of(known: Collection[str]) -> dict[str, Any]:
    """The request's JSON object, refused when it has keys that the interface does not know."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused(messages=("There was an error parsing JSON. Check that your request body is valid.",))
    if unknown := body.keys() - set(known):  # [doc] additionalProperties: false
        raise Refused(messages=(f'Unrecognized field "{min(unknown)}"',))
    return body


def throttled(after: float, reason: str | None) -> dict[str, str]:
    """The headers of a 429. [doc]"""
    reset = datetime.now(UTC) + timedelta(seconds=after)
    headers = {"Retry-After": f"{math.ceil(after)}", "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%M:%SZ}"}
    return {**headers, "RateLimit-Reason": reason} if reason else headers


def refusal(status: int, fault: Fault) -> tuple[dict[str, str], Any]:
    """What a fault's 429, 500 or 503 says."""
    document = {"errorMessages": [f"simulated {status}"], "errors": {}}
    if status == 429:
        return throttled(
            1.0 if fault.retry_after is None else fault.retry_after, fault.reason or "jira-quota-tenant-based"
        ), document
    return ({} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}), document


def _refuse(error: Refused) -> Response:
    answer = jsonify(error.document())
    answer.status_code = error.status
    answer.headers.update(error.headers)
    return answer


def _absent(_error: NotFound) -> Response:
    message = "Issue does not exist or you do not have permission to see it."
    return _refuse(Refused(404, (message,)))
