"""How the lines of a first mapping are written: YAML that is read back as it was meant, and remarks in one column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mappings.source import read


class Line(NamedTuple):
    """A line of the file, and the remark behind it."""

    text: str
    remark: str = ""


def aligned(lines: Sequence[Line]) -> Iterator[str]:
    """The remarks of one part stand in one column."""
    column = max((len(line.text) for line in lines if line.remark), default=0)
    for line in lines:
        yield f"{line.text:{column}}  # {line.remark}" if line.remark else line.text


def as_text(value: str) -> str:
    """The value as YAML text, in quotes where it would not be read back as it is."""
    document, problems = read("", f"key: {value}\n")
    return value if not problems and document.text(("key",)) == value else in_quotes(value)


def as_list(values: tuple[str, ...]) -> str:
    document, problems = read("", f"key: [{', '.join(values)}]\n")
    plain = not problems and document.plain() == {"key": list(values)}
    return f"[{', '.join(value if plain else in_quotes(value) for value in values)}]"


def in_quotes(value: str) -> str:
    """As YAML text in quotes, which is read back as it is, whatever stands in it."""
    if re.search(r'["\\]', value):
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'
