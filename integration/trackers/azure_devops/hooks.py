"""Subscriptions to service hooks: one for each kind of event that we read, in each project of the connection.

Azure DevOps signs nothing. A subscription proves itself by basic authentication: its password is kept from whoever looks
at the subscription, a custom header is not. Whether the kept password is the mapping's, only deliveries tell: what the
last one of each subscription was answered with is in its history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from integration.core.errors import Gone, Permanent, Refused
from integration.core.hooks import Hook, HookState
from integration.trackers.azure_devops.catalogue import read_projects
from integration.trackers.azure_devops.inbound import DEFAULT_USER, SECRET_HEADER
from integration.trackers.azure_devops.payload import instant, optional_record, records
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import understanding
from integration.trackers.azure_devops.translate import HANDLERS, IGNORED
from integration.trackers.contract import Connection

SUBSCRIPTIONS = "_apis/hooks/subscriptions"
_NOTIFICATIONS = "_apis/hooks/notificationsquery"
_LONGEST_LINE = 200
_RESOURCE_VERSIONS: Mapping[str, str] = {"tfs": "1.0", "pipelines": "5.1-preview.1", "rm": "3.0-preview.1"}
_NEWER: Mapping[str, str] = {"build.complete": "2.0"}
"""Without its result a build says nothing; 1.0 does not tell it."""
_STATES: Mapping[str, HookState] = {"enabled": "enabled", "onProbation": "on probation"}
_OF_THE_SERVICE = frozenset({"projectId", "hostId", "tfsSubscriptionId", "tfsSubscriptionSubscriberId"})
"""Inputs that narrow nothing beyond the project, or that the service adds by itself."""
_ALL = "all projects"


class AzureDevOpsHooks:
    """Looks after the subscriptions of one organisation or collection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = Rest(connection)
        self._version = f"{self._rest.version}-preview"
        self.occasion = f"change any work item{f' of {connection.projects[0]}' if connection.projects else ''}"

    def wanted(self, url: str) -> Sequence[Hook]:
        """Of the kinds that this organisation or server offers: older ones lack some."""
        return [
            self._wanted(kind, project, url)
            for project in (self._projects.values() if self._connection.projects else (_ALL,))
            for kind in HANDLERS
            if kind in self._offered
        ]

    def there(self) -> Sequence[Hook]:
        found = [each for each in self._get(SUBSCRIPTIONS) if each.get("consumerId") == "webHooks"]
        failed = self._failed([str(each.get("id")) for each in found])
        return [self._hook(each, failed.get(str(each.get("id")))) for each in found]

    def create(self, wanted: Hook) -> None:
        self._send("POST", SUBSCRIPTIONS, self._body(wanted))

    def mend(self, there: Hook, wanted: Hook) -> None:
        body = {**self._body(wanted), "id": there.id, "status": "enabled"}
        self._send("PUT", f"{SUBSCRIPTIONS}/{there.id}", body)

    def remove(self, there: Hook) -> None:
        try:
            self._rest.send(
                "DELETE", f"{self._rest.url}/{SUBSCRIPTIONS}/{there.id}", query={"api-version": self._version}
            )
        except Gone:
            return  # as wished, whoever removed it

    def provoke(self, url: str) -> bool:
        """The vendor's own test, of a kind that we ignore: samples of others tell of work items that may exist here."""
        kind = next((kind for kind in IGNORED if kind in self._offered), None)
        if kind is None:
            return False
        project = next(iter(self._projects.values()), _ALL) if self._connection.projects else _ALL
        body = self._body(self._wanted(kind, project, url))
        details = {name: value for name, value in body.items() if name != "resourceVersion"}  # a test knows none
        self._send("POST", "_apis/hooks/testnotifications", {"details": details})
        return True

    def by_hand(self, url: str, secret: str) -> Sequence[str]:
        secret = f"(the value of {secret})"
        projects = " and of ".join(self._connection.projects) or "each project"
        return [
            f"As an administrator of {projects}: Project settings, Service hooks, Create subscription, Web Hooks; once",
            "for each of these events, with all filters left at [Any]:",
            *(f"  {kind}, resource version {_resource_version(kind)}" for kind in HANDLERS),
            "and each time with",
            f"  URL                            {url}",
            f"  Basic authentication username  {self._user}",
            f"  Basic authentication password  {secret}",
            "  Resource details to send       All",
            f"Or send for each: POST {self._rest.url}/{SUBSCRIPTIONS}?api-version={self._version}",
            f"  {orjson.dumps(_subscription('workitem.updated', '(id of the project)', url, self._user, secret)).decode()}",
            "Or let the account do it: project administrators may, and whoever may edit subscriptions of service hooks.",
        ]

    @cached_property
    def _projects(self) -> Mapping[str, str]:
        return read_projects(self._connection, self._rest)

    @cached_property
    def _offered(self) -> frozenset[str]:
        publishers = self._get("_apis/hooks/publishers")
        kinds = (kind for each in publishers for kind in each.get("supportedEvents") or ())
        return frozenset(str(kind.get("id")) for kind in kinds)

    @property
    def _user(self) -> str:
        return self._connection.webhook_user or DEFAULT_USER

    def _wanted(self, kind: str, project: str, url: str) -> Hook:
        settings = {"Resource version": _resource_version(kind), "Resource details to send": "all", "Filters": ""}
        return Hook(f"{kind} of {project}", url, frozenset({kind}), settings)

    def _body(self, wanted: Hook) -> Mapping[str, Any]:
        if not self._connection.webhook_secrets:
            raise Permanent("the connection has no webhook_secret for subscriptions to prove themselves with")
        [kind] = wanted.events
        project = next((known for known, name in self._projects.items() if wanted.topic == f"{kind} of {name}"), "")
        return _subscription(kind, project, wanted.url, self._user, self._connection.webhook_secrets[0].reveal())

    def _failed(self, ids: Sequence[str]) -> Mapping[str, tuple[datetime, str]]:
        """By subscription, when its last notification was and why it failed; those whose last one arrived have no entry."""
        if not ids:
            return {}
        asked = {"subscriptionIds": ids, "maxResultsPerSubscription": 1, "includeDetails": True, "status": "completed"}
        try:
            told = self._rest.post(_NOTIFICATIONS, asked, **{"api-version": self._version})
        except Refused:
            raise
        except Permanent:
            return {}  # a server that keeps no history
        found = {}
        with understanding():
            for each in records(told.get("results"), "results"):
                at = instant(each.get("createdDate"))
                if at is not None and each.get("result") == "failed":
                    details = optional_record(each.get("details"), "details")
                    found[str(each.get("subscriptionId"))] = at, _line(details.get("errorMessage"))
        return found

    def _is_proven(self, sends: Mapping[str, Any]) -> bool:
        """Whether deliveries carry what `inbound.verify` takes, as far as it is shown: a header's value and the user are."""
        lines = (line.partition(":") for line in str(sends.get("httpHeaders") or "").splitlines())
        headers = {name.strip().casefold(): value.strip() for name, _, value in lines}
        if SECRET_HEADER in headers:
            told = headers[SECRET_HEADER]
            return not told.strip("*") or any(told == one.reveal() for one in self._connection.webhook_secrets)
        return bool(sends.get("basicAuthPassword")) and sends.get("basicAuthUsername") == self._user

    def _hook(self, told: Mapping[str, Any], failed: tuple[datetime, str] | None) -> Hook:
        kind, inputs, sends = (
            str(told.get("eventType")),
            told.get("publisherInputs") or {},
            told.get("consumerInputs") or {},
        )
        project = str(inputs.get("projectId") or "")
        filters = {name: value for name, value in inputs.items() if value and name not in _OF_THE_SERVICE}
        changed = instant(told.get("modifiedDate"))
        return Hook(
            topic=f"{kind} of {self._projects.get(project, project) or _ALL}",
            url=str(sends.get("url") or ""),
            events=frozenset({kind}),
            settings={
                "Resource version": str(told.get("resourceVersion") or ""),
                "Resource details to send": str(sends.get("resourceDetailsToSend") or "all").casefold(),
                "Filters": ", ".join(f"{name}: {value}" for name, value in sorted(filters.items())),
            },
            state=_STATES.get(str(told.get("status") or "enabled"), "disabled"),
            is_proven=self._is_proven(sends),
            id=str(told.get("id") or ""),
            failed=failed[1] if failed and (changed is None or failed[0] > changed) else "",
        )

    def _get(self, path: str) -> Sequence[Mapping[str, Any]]:
        found = self._rest.get(path, **{"api-version": self._version}).get("value")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        self._rest.send(
            method,
            f"{self._rest.url}/{path}",
            query={"api-version": self._version},
            headers={"Content-Type": "application/json"},
            data=orjson.dumps(body),
        )


def _line(words: object) -> str:
    told = " ".join(words.split()) if isinstance(words, str) else ""
    return told[:_LONGEST_LINE] or "it does not say why"


def _subscription(kind: str, project: str, url: str, user: str, secret: str) -> Mapping[str, Any]:
    return {
        "publisherId": _publisher(kind),
        "eventType": kind,
        "resourceVersion": _resource_version(kind),
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {"projectId": project},
        "consumerInputs": {
            "url": url,
            "basicAuthUsername": user,
            "basicAuthPassword": secret,
            "resourceDetailsToSend": "all",
            "messagesToSend": "none",
            "detailedMessagesToSend": "none",
        },
    }


def _publisher(kind: str) -> str:
    if kind.startswith("ms.vss-pipeline"):
        return "pipelines"
    return "rm" if kind.startswith("ms.vss-release.") else "tfs"


def _resource_version(kind: str) -> str:
    return _NEWER.get(kind, _RESOURCE_VERSIONS[_publisher(kind)])
