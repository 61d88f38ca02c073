"""Histories of small teams, played on the simulated trackers, as the webhook bodies that tell them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from flask import Flask, request

from integration.core.catalogue import Catalogue, TrackerField
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.server import Server

START = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def ticking() -> Iterator[datetime]:
    at = START
    while True:
        yield at
        at += timedelta(hours=7, seconds=13)


class Listener:
    """Takes webhooks and keeps their bodies, in the order in which they came."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        app = Flask(__name__)

        @app.post("/")
        def take() -> tuple[str, int]:
            self.bodies.append(request.get_data())
            return "", 204

        self._server = Server(app)
        self.url = self._server.url + "/"

    def close(self) -> None:
        self._server.close()


@cache
def jira_bodies() -> tuple[bytes, ...]:
    """An epic and its stories: tagged, estimated, done, reopened, moved to another epic, dropped, deleted."""
    listener, clock = Listener(), ticking()
    with JiraSimulator(webhook=listener.url, secret="s", clock=lambda: next(clock)) as jira:
        checkout = jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
        other = jira.create_issue("SHOP", "Epic", "Something else")
        pay = jira.create_issue("SHOP", "Story", "Pay by card", {"parent": checkout.key, "Story Points": 5})
        ship = jira.create_issue("SHOP", "Story", "Ship it", {"parent": checkout.key})
        jira.edit(checkout, {"labels": ["kr:built", "kr:pointed"]})
        jira.transition(pay, "In Progress")
        jira.comment(pay, "looks good")
        jira.transition(pay, "Done")
        jira.edit(ship, {"Story Points": 8})
        jira.edit(ship, {"parent": other.key})
        jira.edit(other, {"labels": ["kr:pointed"]})
        jira.transition(ship, "Done")
        jira.transition(ship, "In Progress")
        gone = jira.create_issue("SHOP", "Bug", "Never mind", {"parent": checkout.key})
        jira.delete(gone)
        assert jira.deliveries.drain()
    listener.close()
    return tuple(listener.bodies)


@cache
def azure_devops_bodies() -> tuple[bytes, ...]:
    """The same in Azure DevOps: an epic, a feature, stories that are done, removed, re-parented."""
    listener, clock = Listener(), ticking()
    with AzureDevOpsSimulator(clock=lambda: next(clock)) as ado:
        ado.subscribe(listener.url, user="okrlink", password="s")
        epic = ado.create_work_item("Epic", "Block a card", tags=["kr:built"])
        feature = ado.create_work_item("Feature", "In the app", parent=epic)
        story = ado.create_work_item("User Story", "Freeze button", parent=feature)
        late = ado.create_work_item("User Story", "Unfreeze button")
        ado.edit(story, {"Story Points": 3})
        ado.set_state(story, "Closed")
        ado.set_parent(late, feature)
        ado.add_tag(feature, "kr:pointed")
        ado.set_state(late, "Removed")
        ado.delete(late)
        ado.restore(late)
        assert ado.drain()
    listener.close()
    return tuple(listener.bodies)


CATALOGUES = {
    "jira": Catalogue(
        account="us",
        fields=(
            TrackerField("customfield_10016", "Story point estimate", "number", "story points"),
            TrackerField("customfield_10036", "Story Points", "number", "story points"),
            TrackerField("customfield_10051", "KR Progress", "number"),
            TrackerField("customfield_10052", "KR Status", "text"),
        ),
    ),
    "azure-devops": Catalogue(
        account="us",
        fields=(
            TrackerField("Microsoft.VSTS.Scheduling.StoryPoints", "Story Points", "number", "story points"),
            TrackerField("Custom.KRProgress", "KR Progress", "number"),
            TrackerField("Custom.KRStatus", "KR Status", "text"),
        ),
        states={
            "new": "to do",
            "active": "in progress",
            "resolved": "in progress",
            "closed": "done",
            "removed": "dropped",
        },
        levels={"epic": "portfolio", "feature": "portfolio", "task": "subtask"},
    ),
}
BODIES = {"jira": jira_bodies, "azure-devops": azure_devops_bodies}
