"""What is decided before a body is trusted: whether Azure DevOps sent it, and which delivery it is.

Azure DevOps signs nothing. A subscription proves itself by basic authentication or by a header of its own
(`X-Okrlink-Secret: …` under "HTTP headers"), both set where the subscription is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from integration.trackers import signing
from integration.trackers.contract import Connection
from integration.trackers.decoding import decode

DEFAULT_USER = "okrlink"
SECRET_HEADER = "x-okrlink-secret"  # noqa: S105  # a header's name
_LONGEST_ID = 120


def verify(connection: Connection, headers: Mapping[str, str], body: bytes) -> None:
    """The custom header decides alone where there is one: basic authentication may then belong to a proxy before us."""
    del body  # nothing in it proves anything
    if SECRET_HEADER in headers:
        signing.require_token(headers[SECRET_HEADER], connection.webhook_secrets)
    else:
        user = connection.webhook_user or DEFAULT_USER
        signing.require_basic_auth(headers.get("authorization"), user, connection.webhook_secrets)


def delivery_id(headers: Mapping[str, str], body: bytes) -> str:
    """A retry repeats subscription and notification; the event's id serves where they are absent, the body's hash last.

    The Test button sends zeros for a subscription, and for the event an id that its sample always has: neither tells one
    test from the next, the time in the body does.
    """
    del headers  # Azure DevOps sends no id in them
    try:
        delivery: Any = decode(body)
    except orjson.JSONDecodeError:
        delivery = None
    if isinstance(delivery, dict):
        parts = (_told(delivery.get("subscriptionId")), _told(delivery.get("notificationId")))
        told = ":".join(part for part in parts if part) if all(parts) else _told(delivery.get("id"))
        is_test = parts[0] is None and delivery.get("subscriptionId") is not None
        if not is_test and told and len(told) <= _LONGEST_ID:
            return told
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _told(value: object) -> str | None:
    """An id as text; None where it is absent or made of zeros."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if text.strip("0-") else None
