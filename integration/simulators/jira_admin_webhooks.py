"""The REST interface by which administrators look after webhooks. [doc] It has no description of the vendor's."""

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_gate import Gate, body_of
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_webhooks import Webhook, Webhooks

RESOURCE = "/rest/webhooks/1.0/webhook"
FILTER = "issue-related-events-section"
_KNOWN = (
    "name",
    "description",
    "url",
    "events",
    "filters",
    "excludeBody",
    "enabled",
    "secret",
    "active",
    "configuration",
)


def admin_webhooks(webhooks: Webhooks, shapes: Shapes, gate: Gate, resource: str = RESOURCE) -> Blueprint:
    """The routes of the resource, which has another name in Data Center 10. [3p]"""
    routes = Blueprint("admin_webhooks", __name__, url_prefix=resource)
    gate.guard(routes)

    @routes.before_request
    def demand_administrator() -> None:
        if not gate.allows("ADMINISTER"):  # [doc] the permission, [inf] the words
            raise Refused(403, ("You do not have permission to perform this operation. (ADMINISTER)",))

    @routes.get("")
    def listed() -> ResponseReturnValue:
        return jsonify([_shape(f"{shapes.url}{resource}", one) for one in webhooks.registered.values()])

    @routes.post("")
    def create() -> ResponseReturnValue:
        return _shape(f"{shapes.url}{resource}", webhooks.register(**_read())), 201

    @routes.get("/<int:number>")
    def one(number: int) -> ResponseReturnValue:
        return _shape(f"{shapes.url}{resource}", _found(webhooks, number))

    @routes.put("/<int:number>")
    def change(number: int) -> ResponseReturnValue:
        _found(webhooks, number)
        return _shape(f"{shapes.url}{resource}", webhooks.change(number, **_read()))

    @routes.delete("/<int:number>")
    def remove(number: int) -> ResponseReturnValue:
        _found(webhooks, number)
        webhooks.remove(number)
        return "", 204

    return routes


def _found(webhooks: Webhooks, number: int) -> Webhook:
    if number not in webhooks.registered:
        raise Refused(404, (f"Webhook with id {number} does not exist.",))  # [inf] the words
    return webhooks.registered[number]


def _read() -> dict[str, Any]:
    body = body_of(_KNOWN)
    for needed in ("name", "url"):
        if not body.get(needed) and request.method == "POST":
            raise Refused(messages=(f"The {needed} of a webhook is required.",))  # [doc] required, [inf] the words
    said: dict[str, Any] = {name: body[name] for name in ("name", "url", "enabled", "secret") if name in body}
    if "events" in body:
        said["events"] = tuple(body["events"])
    if "filters" in body:
        said["jql"] = body["filters"].get(FILTER, "")
    if "excludeBody" in body:
        said["exclude_body"] = body["excludeBody"]
    if "configuration" in body or "active" in body:  # [3p] Data Center 10: a secret elsewhere in the body does nothing
        kept = body.get("configuration", {})
        said |= {"secret": kept.get("SECRET"), "enabled": body.get("active", True)}
        said["exclude_body"] = kept.get("EXCLUDE_BODY") == "true"
    return said


def _shape(address: str, webhook: Webhook) -> dict[str, Any]:
    """[doc] A secret is never shown, only whether there is one."""
    return {
        "name": webhook.name,
        "url": webhook.url,
        "excludeBody": webhook.exclude_body,
        "filters": {FILTER: webhook.jql},
        "events": list(webhook.events),
        "enabled": webhook.enabled,
        "isSigned": webhook.secret is not None,
        "self": f"{address}/{webhook.id}",
        "lastUpdatedUser": g.account.user.account_id,
    }
