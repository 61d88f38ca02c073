"""A simulated Microsoft Entra: gives tokens for Azure DevOps to service principals that know their secret.

with AzureDevOpsSimulator() as ado, EntraSimulator(ado.tokens, ado.account) as entra:
...  # POST {entra.url}/{entra.tenant}/oauth2/v2.0/token
"""

import itertools
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Self

from flask import Flask, request

from integration.simulators.server import Server

AZURE_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798/.default"  # [doc]


class EntraSimulator:
    """One tenant with one application. Tokens that it gives are added to `tokens`, of the organisation that trusts it."""

    def __init__(
        self,
        tokens: MutableMapping[str, Any],
        account: Any,
        *,
        tenant: str = "bookshop-tenant",
        client: str = "okrlink-client",
        secret: str = "entra-secret",  # noqa: S107 - opens a simulator
        lifetime: int = 3599,
    ) -> None:
        self.tenant, self.client, self.secret, self.lifetime = tenant, client, secret, lifetime
        self.given: list[str] = []
        self._tokens = tokens
        self._account = account
        self._numbers = itertools.count(1)
        app = Flask(__name__)
        app.post("/<tenant>/oauth2/v2.0/token")(self._token)
        self._server = Server(app)
        self.url = self._server.url

    def expire(self) -> None:
        """No token that was given until now opens anything any more."""
        for token in self.given:
            self._tokens.pop(token, None)

    def close(self) -> None:
        """Stops answering."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _token(self, tenant: str) -> Any:
        form = request.form
        if tenant != self.tenant:
            return _refused(400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")  # [3p]
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if form.get("client_id") != self.client:
            words = (
                f"AADSTS700016: Application with identifier '{form.get('client_id')}' was not found in the directory."
            )
            return _refused(400, "unauthorized_client", words)  # [doc] the number
        if form.get("client_secret") != self.secret:
            return _refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")  # [doc] the number
        if form.get("scope") != AZURE_DEVOPS:
            return _refused(400, "invalid_scope", "AADSTS70011: The provided value for 'scope' is not valid.")
        token = f"entra-token-{next(self._numbers)}"
        self.given.append(token)
        self._tokens[token] = self._account
        return {"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token}  # [doc]


def _refused(status: int, error: str, words: str) -> tuple[dict[str, Any], int]:
    told = f"{words}\r\nTrace ID: 0000\r\nCorrelation ID: 0000\r\nTimestamp: 2026-11-02 09:00:00Z"  # [doc]
    return {"error": error, "error_description": told}, status
