"""Admin webhooks: the registered addresses, the signature, the headers."""

import hashlib
import hmac
import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from integration.simulators.deliveries import Deliveries, Delivery
from integration.simulators.jira_shapes import milliseconds

Flow = Literal["Primary", "Secondary"]


Concerns = Callable[[str, Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that hears of events, of all where it names none; signed when it has a secret.

    Outside the Cloud the secret is a password where there is a `user`.
    """

    url: str
    secret: str | None = field(default=None, repr=False)
    id: int = 0
    name: str = ""
    events: tuple[str, ...] = ()
    jql: str = ""
    exclude_body: bool = False
    enabled: bool = True
    user: str | None = None

    def wants(self, event: str) -> bool:
        """Whether it is to hear of such events."""
        return self.enabled and (not self.events or event in self.events)


class Webhooks:
    """Whoever registered hears of what it registered for, each through a delivery of its own.

    `concerns` says whether a filter in JQL lets the issue in a body pass; bodies without an issue are not filtered [doc].
    """

    def __init__(self, deliveries: Deliveries, clock: Callable[[], datetime], concerns: Concerns) -> None:
        self.registered: dict[int, Webhook] = {}
        self._deliveries = deliveries
        self._clock = clock
        self._concerns = concerns
        self._ids = itertools.count(1)

    def register(self, url: str, secret: str | None = None, **more: Any) -> Webhook:
        """From now on events go there too. `more` is what else a `Webhook` says."""
        made = Webhook(url, secret, next(self._ids), **more)
        self.registered = {**self.registered, made.id: made}
        return made

    def change(self, webhook: int, **changes: Any) -> Webhook:
        """Another address, other events, …; or switched off (`enabled=False`), as on Jira's page."""
        changed = replace(self.registered[webhook], **changes)
        self.registered = {**self.registered, webhook: changed}
        return changed

    def forget(self, url: str) -> None:
        """No more deliveries there."""
        self.registered = {one.id: one for one in self.registered.values() if one.url != url}

    def remove(self, webhook: int) -> None:
        """No such webhook any more."""
        self.registered = {number: one for number, one in self.registered.items() if number != webhook}

    def tell(self, event: str, body: Callable[[], Mapping[str, Any]], *, flow: Flow = "Primary") -> None:
        """Sends the event to all who want it; the body is made only if somebody listens."""
        if not (listeners := [one for one in self.registered.values() if one.wants(event)]):
            return
        told = body()
        document = {"timestamp": milliseconds(self._clock()), "webhookEvent": event, **told}
        raw = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        for listener in listeners:
            if listener.jql and "issue" in told and not self._concerns(listener.jql, told["issue"]):
                continue
            sent = b"" if listener.exclude_body else raw
            headers = {"Content-Type": "application/json; charset=UTF-8", **self._headers(listener, sent, flow)}
            self._deliveries.send(Delivery(event, listener.url, headers, sent, self._retry_header))

    _retry_header: str | None = "X-Atlassian-Webhook-Retry"

    def _headers(self, listener: Webhook, sent: bytes, flow: Flow) -> dict[str, str]:
        headers = {
            "User-Agent": "Atlassian Webhook HTTP Client",
            "X-Atlassian-Webhook-Identifier": str(uuid.uuid4()),  # [inf] one for each listener
            "X-Atlassian-Webhook-Flow": flow,
        }
        if listener.secret is not None:
            headers["X-Hub-Signature"] = sign(listener.secret, sent)
        return headers


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature`. [doc]"""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
