"""Bytes from a tracker -> JSON that every database can keep."""

from __future__ import annotations

import re
from typing import Any

import orjson

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def decode(raw: bytes) -> Any:
    """The JSON without NUL characters, which PostgreSQL keeps in no text. Raises `orjson.JSONDecodeError`."""
    return orjson.loads(_NUL.sub(rb"\1", raw) if rb"\u0000" in raw else raw)
