"""The azure-devops SDK, and the only file that knows it.

The SDK knows the addresses, versions and shapes of reads. It is given our own way of calling, because by itself it
waits and repeats as it likes, ignores the wish to slow down, and hides status and headers of what fails. Writes need
no address that must be looked up, and go past it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integration.core.errors import Permanent, Retryable
from integration.trackers import http
from integration.trackers.azure_devops.rest import Rest

# The SDK makes its cache's folder when it is imported: a temporary one that exists already, not one in somebody's home.
os.environ.setdefault("AZURE_DEVOPS_CACHE_DIR", tempfile.gettempdir())

from azure.devops import _file_cache
from azure.devops.v7_1.work_item_tracking import WorkItemTrackingClient
from azure.devops.v7_1.work_item_tracking.models import Wiql, WorkItemBatchGetRequest
from msrest.exceptions import ClientException
from msrest.pipeline import HTTPSender, Pipeline, Response
from msrest.universal_http.requests import RequestsClientResponse

# Routes are kept in memory only: a file would be shared by all processes, organisations and tests of this machine.
_file_cache.OPTIONS_CACHE.file_name = _file_cache.RESOURCE_CACHE.file_name = ""

__all__ = ["Wiql", "WorkItemBatchGetRequest", "reading", "work_item_tracking"]


def work_item_tracking(rest: Rest) -> Any:
    """The SDK's client for work items; its methods are called within `reading()`."""
    client = WorkItemTrackingClient(base_url=rest.url)
    client.config.pipeline = Pipeline(sender=_Sender(rest))
    client.config.keep_alive = True  # else msrest closes what it takes for its own session after each error
    return client


@contextmanager
def reading() -> Iterator[None]:
    """What the SDK itself stumbles over: answers of another shape than its models, routes that a server does not list."""
    try:
        yield
    except (ClientException, AttributeError, TypeError) as exc:
        raise Retryable(f"Azure DevOps answered something unusable ({type(exc).__name__})") from exc
    except ValueError as exc:
        raise Permanent(
            "Azure DevOps does not offer what was asked for; is the url that of an organisation or collection, "
            "and a server's version 2019 or later?"
        ) from exc


class _Sender(HTTPSender[Any, Any]):
    """The SDK's last step, taken by our own session: errors leave it as ours, before the SDK could make them its own."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def send(self, request: Any, **_config: Any) -> Any:
        asked = request.http_request
        # One session header for all organisations of a process is the SDK's idea, not ours.
        headers = {name: value for name, value in asked.headers.items() if name != "X-TFS-Session"}
        response = self._rest.send(asked.method, asked.url, headers=headers, data=asked.data)
        http.decoded(response)  # the SDK has many words for an answer that is no JSON
        return Response(request, RequestsClientResponse(asked, response))  # type: ignore[no-untyped-call]  # msrest's

    def __exit__(self, *_details: object) -> None:
        """The session outlives each call."""
