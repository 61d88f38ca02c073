"""Scoped tokens and those of service accounts: they open a site through Atlassian's gateway only, by the site's cloud id.

At the site's own address they are as good as none (401). Source: Atlassian's page on 401 with service accounts.
"""

from __future__ import annotations

from typing import Any

import requests

from integration.core.errors import Gone, Permanent, Refused
from integration.trackers import http
from integration.trackers.budget import Budget
from integration.trackers.contract import Connection

TENANT_INFO = "_edge/tenant_info"
LONGEST_WAIT = 5.0
"""Seconds: a lease for two calls to the tracker has room for this one, too."""


def session(connection: Connection) -> http.Session:
    """The connection's session: to the site itself, or through the gateway where its token needs that."""
    return GatewaySession(connection, connection.gateway) if connection.gateway else http.session(connection)


class GatewaySession(http.Session):
    """Sends what is meant for the site to the gateway. The site is asked for its cloud id once, without credentials."""

    def __init__(self, connection: Connection, gateway: str) -> None:
        super().__init__(ca_file=connection.ca_file, budget=Budget(connection.ledger))
        self._unsigned = http.Session(ca_file=connection.ca_file, total_timeout=LONGEST_WAIT, budget=self.budget)
        self._site = connection.url
        self._gateway = gateway
        self._base: str | None = None

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]  # as that of the session
        if self._base is None:
            self._base = f"{self._gateway}/ex/jira/{self._cloud_id()}"
        with http.calling(self._gateway):
            return super().request(method, self._base + str(url).removeprefix(self._site), **options)

    def _cloud_id(self) -> str:
        url = f"{self._site}/{TENANT_INFO}"
        with http.calling(url):
            response = self._unsigned.request("GET", url)
        try:
            told = http.decoded(http.checked(response, lambda _: ""))
        except (Gone, Refused) as error:
            raise Permanent(f"{self._site} tells no cloud id; gateway is for sites of Jira Cloud") from error
        found = told.get("cloudId") if isinstance(told, dict) else None
        if not isinstance(found, str) or not found:
            raise Permanent(f"{self._site} tells no cloud id; gateway is for sites of Jira Cloud")
        return found
