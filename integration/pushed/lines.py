"""Facts in a file, one JSON object a line; read line by line, however long the file is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

import orjson

from integration.core.errors import Malformed
from integration.pushed.reading import Refused

Row: TypeAlias = tuple[int | str, object]
"""Where it stands in its file (a line, or a name), and what is told there; or why it cannot be read."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def rows(file: BinaryIO) -> Iterator[Row]:
    """Raises `Malformed` where the file is no JSON Lines at all."""
    for number, line in enumerate(file, 1):
        told = line.removeprefix(BYTE_ORDER_MARK).strip() if number == 1 else line.strip()
        if number == 1 and told.startswith(b"["):
            raise Malformed("this is a JSON list; write one fact a line (jq -c '.[]')")
        if told:
            try:
                value = orjson.loads(told)
            except orjson.JSONDecodeError as error:
                value = Refused(None, None, f"no JSON: {error.msg} at column {error.colno}")
            yield number, value
