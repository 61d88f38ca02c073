"""Skips that CI turns into failures."""

import os

import pytest


def need(present: bool, what: str) -> None:
    """Skips where `what` is missing; with OKRLINK_REQUIRE_ALL=1 the missing thing is a failure."""
    if present:
        return
    if os.environ.get("OKRLINK_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} is required here", pytrace=False)
    pytest.skip(f"no {what} on this machine")
