"""One organisation's REST interface: signing in, and its refusals in its own words.

A token that opens nothing gets a sign-in page with status 203 from Services, and 401 without words from Server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

# The session is `requests`' own, as the shared module made it.
from requests import Response

from integration.core.errors import Conflict, Permanent, Refused, Retryable
from integration.trackers import http
from integration.trackers.azure_devops.entra import PrincipalAuth
from integration.trackers.contract import Connection

_VERSION = {"azure-devops": "7.1"}
_OLDEST_VERSION = "5.0"
"""Server 2019 and all after it: each refuses what is newer than itself, and knows what is older."""
_OLD_HOSTS = ".visualstudio.com"
_UNKNOWN_FIELD = re.compile(r"TF51535: Cannot find field ([\w.]+[\w])")
_TEST_FAILED = "VS403351"
"""A patch's `test` that failed, under whatever status a server's version says so."""


class Rest:
    """Calls the organisation or collection at the connection's url."""

    def __init__(self, connection: Connection) -> None:
        self.url = connection.url.rstrip("/")
        self.releases_url = _releases_url(self.url)
        """Where classic releases are: on a host of their own at Services, in the same place everywhere else."""
        self.version = _VERSION.get(connection.tracker, _OLDEST_VERSION)
        self.answered = datetime.now(UTC)
        """When the last answer was given, by the tracker's own clock."""
        self._session = http.session(connection)
        self._principal = PrincipalAuth(connection, connection.principal) if connection.principal else None
        if self._principal is not None:
            self._session.auth = self._principal
        elif connection.token is not None:
            # A personal access token is the password of any user, or none.
            self._session.auth = (connection.user or "", connection.token.reveal())

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """The JSON object at a path below the organisation."""
        return _object(self.send("GET", f"{self.url}/{path}", query={"api-version": self.version, **query}))

    def post(self, path: str, body: Mapping[str, Any], **query: str) -> dict[str, Any]:
        """The JSON object that a question at a path below the organisation is answered with."""
        kind = {"Content-Type": "application/json"}
        asked = {"api-version": self.version, **query}
        return _object(self.send("POST", f"{self.url}/{path}", query=asked, headers=kind, data=orjson.dumps(body)))

    def send(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | str | None = None,
    ) -> Response:
        """The answer, if it is a good one. Raises `Retryable`, `Permanent` or one of their kinds."""
        if self._session.auth is None:
            raise Refused("this connection has no token", scope="connection")
        with http.calling(url):
            response = self._session.request(method, url, params=query, headers=headers, data=data)
        self.answered = _date(response) or datetime.now(UTC)
        if self._principal is not None and response.status_code in (203, 401):
            self._principal.forget()
        if response.status_code == 203:
            raise Refused(
                "HTTP 203: a sign-in page instead of an answer; is the token right, and not expired?",
                scope="connection",
            )
        if response.status_code == 401 and not _words(response):
            raise Refused("HTTP 401: nobody is let in; is the token right, and not expired?", scope="connection")
        if response.status_code == 400 and _TEST_FAILED in _words(response):
            raise Conflict(f"HTTP 400: {_words(response)}")
        try:
            return http.checked(response, _words)
        except Permanent as exc:
            refused = _fields_refused(response)
            if refused:
                raise Permanent(exc.reason, fields=refused) from exc
            raise

    def asked_to_wait(self) -> float:
        """Seconds that are left of the longest wait that was asked for."""
        return self._session.budget.asked_to_wait()


def _object(response: Response) -> dict[str, Any]:
    told = http.decoded(response)
    if not isinstance(told, dict):
        raise Retryable("Azure DevOps answered something unusable")
    return told


def _releases_url(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc
    if host.lower() == "dev.azure.com":
        host = "vsrm.dev.azure.com"
    elif host.lower().endswith(_OLD_HOSTS):
        host = f"{host[: -len(_OLD_HOSTS)]}.vsrm{_OLD_HOSTS}"
    return parts._replace(netloc=host).geturl()


def _date(response: Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None


def _fields_refused(response: Response) -> dict[str, str]:
    """The fields that a refused patch names, with the words about each."""
    unknown = _UNKNOWN_FIELD.search(_words(response))
    if unknown:
        return {unknown[1]: _words(response)}
    try:
        custom = orjson.loads(response.content)["customProperties"]
        errors = custom["RuleValidationErrors"]
        return {str(each["fieldReferenceName"]): str(each["errorMessage"]) for each in errors}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}


def _words(response: Response) -> str:
    """What the tracker said: `message`, in some older controllers one level down."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return ""
    inner = body.get("value", body) if isinstance(body, dict) else {}
    said = [each.get(key) for each in (body, inner) if isinstance(each, dict) for key in ("message", "Message")]
    return next((each for each in said if isinstance(each, str)), "")
