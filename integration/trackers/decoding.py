"""Bytes from a tracker -> JSON that every database can keep."""

from __future__ import annotations

import re
from typing import Any

import orjson

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NUL = re.compile(rb"(\\\\)|\\u0000")
"""Backslashes that stand for one are stepped over in pairs, so that what follows them is not taken for an escape."""


def decode(raw: bytes) -> Any:
    """The JSON without NUL characters, which PostgreSQL keeps in no text, and without the mark that some editors and
    proxies put before it. Raises `orjson.JSONDecodeError`.
    """
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    return orjson.loads(_NUL.sub(rb"\1", raw) if rb"\u0000" in raw else raw)
