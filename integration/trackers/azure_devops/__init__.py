"""Azure DevOps Services and Server: the folder's table of contents.

inbound.py     is it from Azure DevOps, and which delivery is it
translate.py   event kind -> handler in work_items.py, code.py, runs.py -> tracker facts
payload.py     the spellings of times, ids and identities; fields.py: work item fields by their shared names
revisions.py   one revision of a work item, from either shape; relations.py: parents and links
history.py     the past, and where webhooks differ; its feeds and lists are in history_*.py, deltas.py, queries.py
process.py     fields of an inherited process: making them, adding them to types, trying them
examiner.py    what the account sees and may do; sightings.py: what may have been deployments
hooks.py       subscriptions to service hooks: what is wanted, what is there
client.py      reads and writes; the only file that knows the SDK, imported when a connection is first used
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from integration.trackers.azure_devops.addresses import address
from integration.trackers.azure_devops.inbound import delivery_id, verify
from integration.trackers.azure_devops.translate import HANDLERS, IGNORED, event_in, items_in, recognises, translate
from integration.trackers.contract import (
    Connection,
    Examiner,
    FieldKeeper,
    HookKeeper,
    Tracker,
    TrackerClient,
)


def connect(connection: Connection) -> TrackerClient:
    """Imports the SDK late: it makes a folder for its cache when imported, and the receiver needs none of it."""
    from integration.trackers.azure_devops.client import AzureDevOpsClient

    return AzureDevOpsClient(connection)


def _hooks(connection: Connection) -> HookKeeper:
    """Imported late for the same reason."""
    from integration.trackers.azure_devops.hooks import AzureDevOpsHooks

    return AzureDevOpsHooks(connection)


def _fields(connection: Connection) -> FieldKeeper:
    """Imported late for the same reason."""
    from integration.trackers.azure_devops.process import AzureDevOpsFields

    return AzureDevOpsFields(connection)


def _examiner(connection: Connection) -> Examiner:
    """Imported late: the receiver needs none of it."""
    from integration.trackers.azure_devops.examiner import AzureDevOpsExaminer

    return AzureDevOpsExaminer(connection)


TRACKER = Tracker(
    name="azure-devops",
    title="Azure DevOps",
    recognises=recognises,
    verify=verify,
    delivery_id=delivery_id,
    translate=translate,
    connect=connect,
    largest_body=2 * 1024 * 1024,
    kept_headers=("user-agent", "x-vss-activityid", "x-vss-subscriptionid", "request-context"),
    least_between_writes=timedelta(minutes=15),  # 10,000 revisions are a work item's lifetime
    translated=tuple(HANDLERS),
    ignored=IGNORED,
    items_of=items_in,
    address=address,
    event_of=event_in,
    hooks=_hooks,
    fields=_fields,
    examiner=_examiner,
    in_cloud=True,
)

SERVER = dataclasses.replace(TRACKER, name="azure-devops-server", title="Azure DevOps Server", in_cloud=False)
"""The same interfaces on one's own machines."""
