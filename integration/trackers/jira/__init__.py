"""Jira, on the Cloud and as a Data Center: the table of contents of what is known about it.

`client` and `data_center` alone know the vendor's library and are imported when a connection is made: receiving needs no
library and no credentials for writing.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from integration.trackers.contract import (
    Connection,
    Examiner,
    FieldKeeper,
    HookKeeper,
    Tracker,
    TrackerClient,
)
from integration.trackers.jira.addresses import address
from integration.trackers.jira.inbound import KEPT_HEADERS, LARGEST_BODY, delivery_id, verify
from integration.trackers.jira.translate import HANDLERS, IGNORED, event_of, items_of, recognises, translate


def _connect(connection: Connection) -> TrackerClient:
    from integration.trackers.jira.client import connect

    return connect(connection)


def _connect_data_center(connection: Connection) -> TrackerClient:
    from integration.trackers.jira.data_center import connect

    return connect(connection)


def _hooks_of_data_center(connection: Connection) -> HookKeeper:
    from integration.trackers.jira.data_center import library
    from integration.trackers.jira.hooks import JiraDataCenterHooks

    return JiraDataCenterHooks(library(connection), connection)


def _hooks(connection: Connection) -> HookKeeper:
    from integration.trackers.jira.client import libraries
    from integration.trackers.jira.hooks import JiraHooks

    platform, _ = libraries(connection)
    return JiraHooks(platform, connection)


def _fields(connection: Connection) -> FieldKeeper:
    from integration.trackers.jira.client import libraries
    from integration.trackers.jira.fields import JiraFields

    platform, _ = libraries(connection)
    return JiraFields(platform, connection)


def _fields_of_data_center(connection: Connection) -> FieldKeeper:
    from integration.trackers.jira.data_center import library
    from integration.trackers.jira.data_center_fields import JiraDataCenterFields

    return JiraDataCenterFields(library(connection), connection)


def _examiner(connection: Connection) -> Examiner:
    from integration.trackers.jira.client import libraries
    from integration.trackers.jira.examiner import JiraExaminer

    platform, _ = libraries(connection)
    return JiraExaminer(platform, connection)


def _data_center_examiner(connection: Connection) -> Examiner:
    from integration.trackers.jira.data_center import plain_library
    from integration.trackers.jira.examiner import JiraExaminer

    return JiraExaminer(plain_library(connection), connection, "2")


TRACKER = Tracker(
    name="jira",
    title="Jira",
    recognises=recognises,
    verify=verify,
    delivery_id=delivery_id,
    translate=translate,
    connect=_connect,
    largest_body=LARGEST_BODY,
    kept_headers=KEPT_HEADERS,
    least_between_writes=timedelta(minutes=1),
    translated=tuple(HANDLERS),
    ignored=IGNORED,
    items_of=items_of,
    address=address,
    event_of=event_of,
    hooks=_hooks,
    fields=_fields,
    examiner=_examiner,
    in_cloud=True,
)
DATA_CENTER = dataclasses.replace(
    TRACKER,
    name="jira-data-center",
    title="Jira Data Center",
    connect=_connect_data_center,
    hooks=_hooks_of_data_center,
    fields=_fields_of_data_center,
    examiner=_data_center_examiner,
    in_cloud=False,
)
"""The same but for how it is asked. Its deliveries carry no id, and may be opened by a user instead of being signed."""
