"""Service hooks: who subscribed, what each is sent, and what an answer does to a subscription.

[doc] 2xx is fine; 408, 502, 503 and 504 are tried again soon; 410 disables at once; every other answer, and a transient
one that never ends, puts the subscription on probation: new events are lost, only the failed notification is tried
again, and seven failures disable it. The real pauses (seconds, then 20 minutes to 15 hours) are scaled down here.
"""

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from integration.simulators.azure_devops_items import Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.deliveries import AZURE_DEVOPS_RETRIES, Deliveries, Delivery, Sent

Status = Literal["enabled", "onProbation", "disabledByUser", "disabledBySystem"]
PROBATION_TRIES = 7  # [doc]
NOBODY = "00000000-0000-0000-0000-000000000000"

# [3p] What real subscriptions ask for.
RESOURCE_VERSIONS = {"tfs": "1.0", "pipelines": "5.1-preview.1", "rm": "3.0-preview.1"}


def publisher_of(event: str) -> str:
    """The publisher of an event type [doc]; samples that say `azure-devops` are not what is sent."""
    if event.startswith("ms.vss-pipeline"):
        return "pipelines"
    return "rm" if event.startswith("ms.vss-release.") else "tfs"


@dataclass(frozen=True, slots=True)
class Notified:
    """What became of one notification: why it failed, or nothing where it did not."""

    at: datetime
    error: str


@dataclass(slots=True)
class Subscription:
    """One subscriber. `events` empty: every event; `project` None: every project."""

    id: str
    url: str
    events: frozenset[str]
    headers: Mapping[str, str] = field(repr=False)  # may hold credentials
    project: str | None = None
    status: Status = "enabled"
    notifications: int = 0
    lost: int = 0
    failed: Delivery | None = field(default=None, repr=False)
    tries: int = 0
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)  # what a client said over REST, secrets masked
    modified: datetime | None = None
    history: list["Notified"] = field(default_factory=list, repr=False)

    def wants(self, event: str, project: Project) -> bool:
        """Whether it subscribed to such an event of that project."""
        return (not self.events or event in self.events) and self.project in (None, project.id)


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell subscribers. Some resources look different in another resource version."""

    type: str
    project: Project
    text: str
    resource: Mapping[str, Any]
    resource_version: str | None = None


class Hooks:
    """The subscriptions of one organisation and the sender behind them."""

    def __init__(self, organisation: Organisation, *, back_off: float = 0.05, probation_back_off: float = 1.0) -> None:
        self.subscriptions: dict[str, Subscription] = {}
        self.deliveries = Deliveries(
            retry_on=AZURE_DEVOPS_RETRIES,
            retries=8,  # [doc]
            back_off=back_off,
            on_outcome=self._on_outcome,
        )
        self._organisation = organisation
        self._probation_back_off = probation_back_off
        self._events = self._made = 0
        self._lock = threading.RLock()
        self._timers: dict[str, threading.Timer] = {}

    def subscribe(
        self,
        url: str,
        *events: str,
        user: str = "",
        password: str = "",
        headers: Mapping[str, str] | None = None,
        project: str | None = None,
    ) -> Subscription:
        """A new subscription. A user or password travels as Basic auth; nothing signs the body [doc]."""
        found = self._organisation.project(project) if project else None
        sent = sent_headers(user, password, headers or {})
        return self.add(Subscription("", url, frozenset(events), sent, found.id if found else None))

    def add(self, subscription: Subscription) -> Subscription:
        """The subscription, from now on, under an id of its own."""
        with self._lock:
            self._made += 1
            subscription.id = self._organisation.guid("subscription", self._made)
            subscription.modified = self._organisation.now()
            self.subscriptions[subscription.id] = subscription
        return subscription

    def change(self, subscription_id: str, like: Subscription) -> Subscription:
        """The subscription with everything but its id and its counts from another one, and off probation."""
        with self._lock:
            subscription = self.subscriptions[subscription_id]
            subscription.url, subscription.events, subscription.headers = like.url, like.events, like.headers
            subscription.project, subscription.told = like.project, like.told
            subscription.modified = self._organisation.now()
            self._leave_probation(subscription, like.status)
        return subscription

    def remove(self, subscription_id: str) -> None:
        """No such subscription any more."""
        with self._lock:
            self._leave_probation(self.subscriptions.pop(subscription_id), "disabledByUser")

    def test(self, event: Event, subscription: Subscription) -> None:
        """Sends once what nobody subscribed to: what the Test button does. No subscription is named [rec], and the event's
        id is the same in every test of its kind [rec].
        """
        sample = self._organisation.guid("sample", event.type)
        body = {**self._body(subscription, event), "subscriptionId": NOBODY, "notificationId": 1, "id": sample}
        raw = json.dumps(body).encode()
        self.deliveries.send(Delivery(event.type, subscription.url, subscription.headers, raw))

    def switch(self, subscription_id: str, status: Status) -> Subscription:
        """What a person does on the Service hooks page."""
        with self._lock:
            subscription = self.subscriptions[subscription_id]
            self._leave_probation(subscription, status)
        return subscription

    def publish(self, event: Event) -> None:
        """Queues the event for every subscription that is enabled; for those on probation it is lost."""
        with self._lock:
            self._events += 1
            for subscription in self.subscriptions.values():
                if not subscription.wants(event.type, event.project):
                    continue
                if subscription.status != "enabled":
                    subscription.lost += 1
                    continue
                subscription.notifications += 1
                body = json.dumps(self._body(subscription, event)).encode()
                self.deliveries.send(Delivery(event.type, subscription.url, subscription.headers, body))

    def close(self) -> None:
        """Ends the sender and every waiting retry."""
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
        self.deliveries.close()

    def _body(self, subscription: Subscription, event: Event) -> dict[str, Any]:
        base = self._organisation.url + "/"
        text = {"text": event.text, "html": event.text, "markdown": event.text}
        publisher = publisher_of(event.type)
        return {
            "subscriptionId": subscription.id,
            "notificationId": subscription.notifications,  # [inf] counts per subscription
            "id": self._organisation.guid("event", self._events),
            "eventType": event.type,
            "publisherId": publisher,
            "message": text,
            "detailedMessage": text,
            "resource": event.resource,
            "resourceVersion": event.resource_version or RESOURCE_VERSIONS[publisher],
            "resourceContainers": {
                "collection": {"id": self._organisation.guid("collection"), "baseUrl": base},
                **self._home(base),
                "project": {"id": event.project.id, "baseUrl": base},
            },
            "createdDate": _ticks(self._organisation.now()),
        }

    def _home(self, base: str) -> dict[str, Any]:
        """What the collection belongs to."""
        if self._organisation.edition.is_server:
            above = self._organisation.url.rpartition("/")[0] + "/"
            return {"server": {"id": self._organisation.guid("server"), "baseUrl": above}}
        return {"account": {"id": self._organisation.id, "baseUrl": base}}

    def _on_outcome(self, delivery: Delivery, sent: Sent) -> None:
        with self._lock:
            subscription = self.subscriptions.get(json.loads(delivery.body)["subscriptionId"])
            if subscription is None:  # a test, or one that was removed meanwhile
                return
            if sent.outcome in ("delivered", "refused", "given up"):
                error = "" if sent.outcome == "delivered" else f"{_reason(sent.status)} ({sent.status or 0})"  # [rec]
                subscription.history.append(Notified(self._organisation.now(), error))
            if sent.outcome == "delivered":
                if subscription.failed and subscription.failed.body == delivery.body:
                    self._leave_probation(subscription, "enabled")
            elif sent.status == 410:
                self._leave_probation(subscription, "disabledBySystem")
            elif sent.outcome in ("refused", "given up") and subscription.status == "enabled":
                subscription.status = "onProbation"
                subscription.failed, subscription.tries = replace(delivery, attempt=0), 0
                self._wait(subscription)

    def _leave_probation(self, subscription: Subscription, status: Status) -> None:
        subscription.status, subscription.failed, subscription.tries = status, None, 0
        if timer := self._timers.pop(subscription.id, None):
            timer.cancel()

    def _wait(self, subscription: Subscription) -> None:
        pause = self._probation_back_off * 2**subscription.tries
        timer = threading.Timer(pause, self._try_again, (subscription,))
        timer.daemon = True
        self._timers[subscription.id] = timer
        timer.start()

    def _try_again(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription.status != "onProbation" or subscription.failed is None:
                return
            if subscription.tries == PROBATION_TRIES:
                self._leave_probation(subscription, "disabledBySystem")
                return
            subscription.tries += 1
            self.deliveries.send(subscription.failed)
            self._wait(subscription)


def sent_headers(user: str, password: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    """What a subscription's deliveries carry. A user or password travels as Basic auth; nothing signs the body [doc]."""
    sent = {"Content-Type": "application/json; charset=utf-8", **headers}
    if user or password:
        sent["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return sent


def _reason(status: int | None) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Connection failed"


def _ticks(at: datetime) -> str:
    # [rec] createdDate comes in ticks of 100 ns, seven digits
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}0Z"
