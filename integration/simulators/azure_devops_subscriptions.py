"""The REST interface of service hooks: what can be subscribed to, subscriptions, and tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from integration.simulators.azure_devops_entrance import Answer, Entrance, listing, refuse_unmodelled
from integration.simulators.azure_devops_hooks import (
    NOBODY,
    RESOURCE_VERSIONS,
    Event,
    Subscription,
    publisher_of,
    sent_headers,
)
from integration.simulators.azure_devops_items import Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_refusals import NotModelled, Refused
from integration.simulators.azure_devops_service import Service
from integration.simulators.azure_devops_shapes import stamp

# [doc] What is offered, and what of it by Services alone; the resource versions are those of real subscriptions [3p].
_VERSIONS: Mapping[str, tuple[str, ...]] = {"build.complete": ("1.0", "2.0")}
OFFERED = (
    *(f"workitem.{verb}" for verb in ("created", "updated", "deleted", "restored", "commented")),
    "git.push",
    *(f"git.pullrequest.{verb}" for verb in ("created", "updated", "merged")),
    "git.repo.created",
    "ms.vss-code.git-pullrequest-comment-event",
    "build.complete",
    "tfvc.checkin",
    *(f"ms.vss-pipelines.{thing}-state-changed-event" for thing in ("run", "stage", "job")),
    *(f"ms.vss-pipelinechecks-events.approval-{state}" for state in ("pending", "completed")),
    *(f"ms.vss-release.release-{verb}-event" for verb in ("created", "abandoned")),
    *(f"ms.vss-release.deployment-{verb}-event" for verb in ("started", "completed")),
)
_ONLY_AT_SERVICES = frozenset({"ms.vss-pipelines.job-state-changed-event"})
_MASK = "********"


def add_subscriptions(entrance: Entrance) -> None:
    """The routes."""
    _add_reads(entrance)
    _add_changes(entrance)


def _add_reads(entrance: Entrance) -> None:
    organisation, hooks = entrance.service.organisation, entrance.service.hooks

    @entrance.route("hooks/publishers", project=False)
    def publishers() -> Answer:
        return listing(_publisher_body(organisation, one) for one in RESOURCE_VERSIONS)

    @entrance.route("hooks/subscriptions", project=False)
    def subscriptions() -> Answer:
        _demand_permission(entrance.service)
        return listing(subscription_body(organisation, one) for one in hooks.subscriptions.values())

    @entrance.route("hooks/notificationsquery", "POST", project=False)
    def notifications() -> Answer:
        _demand_permission(entrance.service)
        asked = request.get_json()
        most, ids = int(asked["maxResultsPerSubscription"]), list(asked["subscriptionIds"])
        refuse_unmodelled(asked, "maxResults", "resultType", "publisherId", "minCreatedDate", "maxCreatedDate")
        found = [hooks.subscriptions[one] for one in ids if one in hooks.subscriptions]
        results = [_notification_body(one, number) for one in found for number in range(len(one.history))[::-1][:most]]
        return {**asked, "results": results, "summary": [], "associatedSubscriptions": []}

    @entrance.route("hooks/subscriptions/<subscription_id>", project=False)
    def subscription(subscription_id: str) -> Answer:
        return subscription_body(organisation, _found(entrance.service, subscription_id))


def _add_changes(entrance: Entrance) -> None:
    organisation, hooks = entrance.service.organisation, entrance.service.hooks

    @entrance.route("hooks/subscriptions", "POST", project=False)
    def subscribe() -> Answer:
        _demand_permission(entrance.service)
        return subscription_body(organisation, hooks.add(_read(organisation, request.get_json())))

    @entrance.route("hooks/subscriptions/<subscription_id>", "PUT", project=False)
    def replace_subscription(subscription_id: str) -> Answer:
        _found(entrance.service, subscription_id)
        changed = hooks.change(subscription_id, _read(organisation, request.get_json()))
        return subscription_body(organisation, changed)

    @entrance.route("hooks/subscriptions/<subscription_id>", "DELETE", project=False)
    def unsubscribe(subscription_id: str) -> Answer:
        hooks.remove(_found(entrance.service, subscription_id).id)
        return {}

    @entrance.route("hooks/testnotifications", "POST", project=False)
    def test_notification() -> Answer:
        _demand_permission(entrance.service)
        details = request.get_json()["details"]
        tested = _read(organisation, details)
        [kind] = tested.events
        project = organisation.project(tested.project or "") or Project(NOBODY, "")
        hooks.test(Event(kind, project, "A sample.", {"id": 1, "url": organisation.url}), tested)
        return {
            "id": 0,
            "subscriptionId": NOBODY,
            "eventId": organisation.guid("test"),
            "status": "queued",
            "result": "pending",
            "createdDate": stamp(organisation.now()),
        }


def _demand_permission(service: Service) -> None:
    if not service.settings.may_subscribe:  # [3p] the status, [inf] the words
        message = "TF400813: You do not have permission to view or edit subscriptions of service hooks."
        raise Refused(403, message, "UnauthorizedRequestException")


def _found(service: Service, subscription_id: str) -> Subscription:
    _demand_permission(service)
    if subscription_id not in service.hooks.subscriptions:
        message = f"Subscription {subscription_id} was not found."  # [inf]
        raise Refused(404, message, "SubscriptionNotFoundException")
    return service.hooks.subscriptions[subscription_id]


def _read(organisation: Organisation, body: Mapping[str, Any]) -> Subscription:
    """What a client asks for. Filters beyond the project are not modelled."""
    kind, sends = str(body.get("eventType")), dict(body.get("consumerInputs") or {})
    if kind not in _offered(organisation) or body.get("publisherId") != publisher_of(kind):
        message = f"Publisher {body.get('publisherId')} does not offer the event {kind}."  # [inf]
        raise Refused(400, message, "ArgumentException")
    if body.get("resourceVersion") not in (None, *_versions(kind)):
        message = f"The resource version {body.get('resourceVersion')} is not supported for {kind}."  # [inf]
        raise Refused(400, message, "ArgumentException")
    if (body.get("consumerId"), body.get("consumerActionId")) != ("webHooks", "httpRequest"):
        raise NotModelled(f"the consumer {body.get('consumerId')}")
    inputs = {name: value for name, value in (body.get("publisherInputs") or {}).items() if value}
    if filters := inputs.keys() - {"projectId"}:
        raise NotModelled(f"the filter {min(filters)} of a subscription")
    if "projectId" in inputs and organisation.project(inputs["projectId"]) is None:
        raise Refused(404, f"VS800075: The project {inputs['projectId']} does not exist.", "ProjectNotFoundException")
    if not str(sends.get("url", "")).startswith(("http://", "https://")):
        raise Refused(400, "The url of a web hook is not valid.", "ArgumentException")  # [inf]
    lines = (line.partition(":") for line in str(sends.get("httpHeaders") or "").splitlines())
    headers = {name.strip(): value.strip() for name, _, value in lines}
    user, password = str(sends.get("basicAuthUsername") or ""), str(sends.get("basicAuthPassword") or "")
    shown = {**sends, **({"basicAuthPassword": _MASK} if password else {})}
    return Subscription(
        id="",
        url=sends["url"],
        events=frozenset({kind}),
        headers=sent_headers(user, password, headers),
        project=inputs.get("projectId"),
        status=body.get("status", "enabled"),
        told={"resourceVersion": body.get("resourceVersion") or _versions(kind)[0], "consumerInputs": shown},
    )


def subscription_body(organisation: Organisation, subscription: Subscription) -> dict[str, Any]:
    """A subscription as REST answers it; the password comes back masked [doc], headers do not [doc]."""
    event = next(iter(sorted(subscription.events)), "")
    return {
        "id": subscription.id,
        "url": f"{organisation.url}/_apis/hooks/subscriptions/{subscription.id}",
        "status": subscription.status,
        "publisherId": publisher_of(event),
        "eventType": event,
        "resourceVersion": RESOURCE_VERSIONS[publisher_of(event)],
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "probationRetries": str(subscription.tries),
        "modifiedDate": stamp(subscription.modified or organisation.now()),
        "publisherInputs": {"projectId": subscription.project or "", "tfsSubscriptionId": subscription.id},
        "consumerInputs": {"url": subscription.url, "basicAuthPassword": _MASK},
        **subscription.told,
    }


def _notification_body(subscription: Subscription, number: int) -> dict[str, Any]:
    told = subscription.history[number]
    return {
        "id": number + 1,
        "subscriptionId": subscription.id,
        "status": "completed",
        "result": "failed" if told.error else "succeeded",
        "createdDate": stamp(told.at),
        "details": {"errorMessage": told.error or None},
    }


def _offered(organisation: Organisation) -> Sequence[str]:
    lacking = _ONLY_AT_SERVICES if organisation.edition.is_server else ()
    return [kind for kind in OFFERED if kind not in lacking]


def _versions(kind: str) -> tuple[str, ...]:
    return _VERSIONS.get(kind, (RESOURCE_VERSIONS[publisher_of(kind)],))


def _publisher_body(organisation: Organisation, publisher: str) -> dict[str, Any]:
    url = f"{organisation.url}/_apis/hooks/publishers/{publisher}"
    events = [
        {
            "publisherId": publisher,
            "id": kind,
            "url": f"{url}/eventTypes/{kind}",
            "name": kind,
            "description": kind,
            "supportedResourceVersions": list(_versions(kind)),
            "inputDescriptors": [],
        }
        for kind in _offered(organisation)
        if publisher_of(kind) == publisher
    ]
    return {
        "id": publisher,
        "url": url,
        "name": publisher,
        "description": publisher,
        "supportedEvents": events,
        "inputDescriptors": [],
    }
