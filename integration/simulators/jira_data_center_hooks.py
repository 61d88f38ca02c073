"""Webhooks of Data Center: how they are told, and where administrators register them over REST."""

import base64
from collections.abc import Callable, Iterator
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from integration.simulators.deliveries import Deliveries
from integration.simulators.jira_admin_webhooks import RESOURCE, admin_webhooks
from integration.simulators.jira_gate import Gate
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_webhooks import Concerns, Flow, Webhook, Webhooks, sign

SINCE_10 = "/rest/jira-webhook/1.0/webhooks"  # [3p] where the resource moved to in version 10


class DataCenterWebhooks(Webhooks):
    """Nothing tells deliveries apart, and none is repeated. [doc] A secret signs, or is the password of basic auth."""

    _retry_header = None

    def __init__(self, deliveries: Deliveries, clock: Callable[[], datetime], concerns: Concerns, version: str) -> None:
        super().__init__(deliveries, clock, concerns)
        self._version = version

    def _headers(self, listener: Webhook, sent: bytes, flow: Flow) -> dict[str, str]:  # noqa: ARG002 - of the Cloud
        headers = {"User-Agent": f"Atlassian HttpClient 3.0.0 / JIRA-{self._version}"}  # [3p]
        if listener.user is not None:
            both = f"{listener.user}:{listener.secret}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(both).decode()}"
        elif listener.secret is not None:
            headers["X-Hub-Signature"] = sign(listener.secret, sent)
        return headers


def registration(webhooks: Webhooks, shapes: Shapes, gate: Gate, version: str) -> Iterator[Blueprint]:
    """The routes of registration where this version has them; at the other versions' address there is nothing.

    [inf] In both places it takes what the Cloud takes.
    """
    here, elsewhere = (SINCE_10, RESOURCE) if int(version.partition(".")[0]) >= 10 else (RESOURCE, SINCE_10)
    yield admin_webhooks(webhooks, shapes, gate, here)
    nothing = Blueprint("no_webhooks", __name__, url_prefix=elsewhere)
    gate.guard(nothing)

    @nothing.route("", methods=["GET", "POST"])
    def no_such_resource() -> ResponseReturnValue:
        raise Refused(404, ("null for uri",))  # [3p]

    yield nothing
