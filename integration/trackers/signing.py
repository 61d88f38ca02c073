"""Proofs that a delivery comes from whom it claims, compared in constant time.

A proof that is missing, of an unknown kind, or asked for without a configured secret is as bad as a wrong one: every
function here returns None or raises `Unverified`. All secrets of a connection are tried, and always all of them, so
that a secret can be rotated and the time taken does not tell which one fitted.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence

from integration.core.errors import Unverified
from integration.trackers.contract import Secret

HMAC_METHODS = frozenset({"sha256"})
"""What a sender may choose in `<method>=<hex>`. Vendors reserve the right to change it; we never accept a weaker one."""


def require_hmac(header: str | None, body: bytes, secrets: Sequence[Secret]) -> None:
    """The header is `<method>=<hex>` over the raw body, keyed with one of the secrets."""
    _require_secrets(secrets)
    if not header:
        raise Unverified("the signature header is missing")
    method, equals, digest = header.strip().partition("=")
    if not equals or method not in HMAC_METHODS:
        raise Unverified("the signature is not made with an accepted method (sha256)")
    offered = digest.lower().encode("utf-8", "replace")
    expected = [hmac.digest(secret.reveal().encode(), body, method).hex().encode() for secret in secrets]
    if not _matches_any(offered, expected):
        raise Unverified("the signature does not fit the body")


def require_basic_auth(header: str | None, user: str, secrets: Sequence[Secret]) -> None:
    """The `Authorization` header names this user with one of the secrets as the password."""
    _require_secrets(secrets)
    scheme, _, encoded = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        raise Unverified("basic authentication is missing")
    try:
        offered = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Unverified("basic authentication cannot be decoded") from exc
    # User and password are compared as one text: neither's length nor correctness shows on its own.
    if not _matches_any(offered, [f"{user}:{secret.reveal()}".encode() for secret in secrets]):
        raise Unverified("user or password of the webhook is wrong")


def require_token(header: str | None, secrets: Sequence[Secret]) -> None:
    """A header of the sender's own holds one of the secrets as it is."""
    _require_secrets(secrets)
    if not header:
        raise Unverified("the token header is missing")
    if not _matches_any(header.strip().encode("utf-8", "replace"), [secret.reveal().encode() for secret in secrets]):
        raise Unverified("the token is wrong")


def _require_secrets(secrets: Sequence[Secret]) -> None:
    """An empty secret is none: anybody could sign with it."""
    if not secrets or not all(secret.reveal() for secret in secrets):
        raise Unverified("no webhook secret is configured for this connection")


def _matches_any(offered: bytes, expected: Sequence[bytes]) -> bool:
    # A list, not a generator: all are compared even after one fits.
    return any([hmac.compare_digest(offered, each) for each in expected])  # noqa: C419
