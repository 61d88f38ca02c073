"""All that is decided about a Jira delivery before its JSON is trusted: who sent it, and whether it came before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from integration.trackers.contract import Connection
from integration.trackers.signing import require_basic_auth, require_hmac

IDENTIFIER = "x-atlassian-webhook-identifier"
"""The same for all repetitions of a delivery. Not sent by Data Center, and all zeros where a test was sent."""

KEPT_HEADERS = (
    IDENTIFIER,
    "x-atlassian-webhook-retry",
    "x-atlassian-webhook-flow",
    "x-atlassian-webhook-trace",
    "user-agent",
    "content-type",
)
_LONGEST_ID = 120
LARGEST_BODY = 25 * 1024 * 1024
"""Jira drops what is larger."""


def verify(connection: Connection, headers: Mapping[str, str], body: bytes) -> None:
    """`Unverified` unless the body is signed with one of the secrets, or, with a `webhook_user`, sent by that user.

    The header is `X-Hub-Signature`, not GitHub's `X-Hub-Signature-256`. Data Center can send a user and password instead.
    """
    if connection.webhook_user is not None:
        require_basic_auth(headers.get("authorization"), connection.webhook_user, connection.webhook_secrets)
    else:
        require_hmac(headers.get("x-hub-signature"), body, connection.webhook_secrets)


def delivery_id(headers: Mapping[str, str], body: bytes) -> str:
    """Jira's own identifier, else a hash of the body: the same event told twice in the same words is one delivery."""
    given = headers.get(IDENTIFIER, "").strip()
    if given.strip("0-") and len(given) <= _LONGEST_ID:
        return given
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
