"""The trackers that okrlink knows. A new one is a folder beside these and a line in `TRACKERS`."""

from __future__ import annotations

from collections.abc import Mapping

from integration.trackers import azure_devops, jira
from integration.trackers.contract import Tracker

TRACKERS: Mapping[str, Tracker] = {
    "jira": jira.TRACKER,
    "jira-data-center": jira.DATA_CENTER,
    "azure-devops": azure_devops.TRACKER,
    "azure-devops-server": azure_devops.SERVER,
}
"""By the name that the mapping's `tracker` key gives them."""


def recognise(body: object) -> Tracker | None:
    """The tracker that a decoded body comes from, by its shape. Of a tracker's editions the first is named."""
    return next((tracker for tracker in TRACKERS.values() if tracker.recognises(body)), None)
