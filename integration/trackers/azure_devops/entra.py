"""Signing in as a service principal of Entra, by client credentials: a secret buys a token that is good for an hour or so.

The token is kept in memory and renewed before it ends. Source: Microsoft's pages on the client credentials flow and on
service principals in Azure DevOps.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
import requests
from requests.auth import AuthBase

from integration.core.errors import Refused, Retryable
from integration.trackers import http
from integration.trackers.budget import Budget, Unshared, asking
from integration.trackers.contract import Connection, Ledger, Purpose, ServicePrincipal

SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps, as Entra names it, and all that the principal was given there."""
LONGEST_WAIT = 5.0
"""Seconds: a lease for two calls to the tracker has room for this one, too."""
RENEWED_BEFORE = 300.0
"""Seconds before its end at which a token is renewed: longer than any call takes, and than most clocks differ."""


class PrincipalAuth(AuthBase):
    """Signs requests with a token of the service principal. May be used by several threads."""

    def __init__(self, connection: Connection, principal: ServicePrincipal) -> None:
        self._principal = principal
        # Not the connection's session: Entra has limits of its own.
        budget = Budget(_OfEntra(connection.ledger))
        self._session = http.Session(ca_file=connection.ca_file, total_timeout=LONGEST_WAIT, budget=budget)
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def __repr__(self) -> str:
        return "PrincipalAuth(***)"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """One that is good for a while. Raises `Refused` where Entra gives none, `Retryable` where it cannot be asked."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                asked = time.monotonic()
                self._token, seconds = self._bought()
                # A token that lives shorter than the margin is used for half of its life.
                self._good_until = asked + max(seconds - RENEWED_BEFORE, seconds / 2)
            return self._token

    def forget(self) -> None:
        """The token was refused: the next request asks for another one."""
        with self._lock:
            self._good_until = 0.0

    def _bought(self) -> tuple[str, float]:
        principal = self._principal
        url = f"{principal.authority}/{principal.tenant}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": principal.client,
            "client_secret": principal.secret.reveal(),
            "scope": SCOPE,
        }
        with asking("sign-in"), http.calling(url):
            response = self._session.request("POST", url, data=form)
        if 400 <= response.status_code < 500 and response.status_code not in (408, 429):
            raise Refused(f"Entra gives no token: {_words(response)}", scope="connection")
        told = http.decoded(http.checked(response, _words))
        token = told.get("access_token") if isinstance(told, dict) else None
        if not isinstance(token, str) or not token:
            raise Retryable("Entra answered something unusable")
        return token, _seconds(told.get("expires_in"))


class _OfEntra(Unshared):
    """Entra's own wishes, known to this session alone; what is asked of it is counted to the connection."""

    def __init__(self, ledger: Ledger | None) -> None:
        super().__init__()
        self._ledger = ledger or Unshared()

    def count(self, purpose: Purpose) -> None:
        self._ledger.count(purpose)

    def count_refused(self, purpose: Purpose) -> None:
        self._ledger.count_refused(purpose)


def _words(response: requests.Response) -> str:
    """The first line of what Entra said; the others are ids for its support."""
    try:
        told = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return f"HTTP {response.status_code}"
    said = told.get("error_description") or told.get("error") if isinstance(told, dict) else None
    return said.splitlines()[0] if isinstance(said, str) and said else f"HTTP {response.status_code}"


def _seconds(told: Any) -> float:
    return float(told) if isinstance(told, int | float) and told > 0 else 0.0
