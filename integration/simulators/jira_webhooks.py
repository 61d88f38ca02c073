"""Admin webhooks: the registered addresses, the signature, the headers."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from integration.simulators.deliveries import Deliveries, Delivery
from integration.simulators.jira_shapes import milliseconds

Flow = Literal["Primary", "Secondary"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that hears of every event; signed when it has a secret."""

    url: str
    secret: str | None = field(default=None, repr=False)


class Webhooks:
    """Whoever registered hears of everything, each through a delivery of its own."""

    def __init__(self, deliveries: Deliveries, clock: Callable[[], datetime]) -> None:
        self._deliveries = deliveries
        self._clock = clock
        self._registered: list[Webhook] = []

    def register(self, url: str, secret: str | None = None) -> None:
        """From now on events go there too."""
        self._registered = [*self._registered, Webhook(url, secret)]

    def forget(self, url: str) -> None:
        """No more deliveries there."""
        self._registered = [webhook for webhook in self._registered if webhook.url != url]

    def tell(self, event: str, body: Callable[[], Mapping[str, Any]], *, flow: Flow = "Primary") -> None:
        """Sends the event to all; the body is made only if somebody listens."""
        if not (listeners := self._registered):
            return
        document = {"timestamp": milliseconds(self._clock()), "webhookEvent": event, **body()}
        raw = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        for listener in listeners:
            headers = {
                "Content-Type": "application/json; charset=UTF-8",
                "User-Agent": "Atlassian Webhook HTTP Client",
                "X-Atlassian-Webhook-Identifier": str(uuid.uuid4()),  # [inf] one for each listener
                "X-Atlassian-Webhook-Flow": flow,
            }
            if listener.secret is not None:
                headers["X-Hub-Signature"] = sign(listener.secret, raw)
            self._deliveries.send(Delivery(event, listener.url, headers, raw, "X-Atlassian-Webhook-Retry"))


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature`. [doc]"""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
