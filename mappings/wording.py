"""How found text is shown in messages: on one line, short, in quotes; lists as people say them."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 80


def printable(text: str) -> str:
    """The text on one line, with what cannot be printed replaced."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(text.split()))


def one_line(text: str) -> str:
    """The text on one line, cut where it gets long."""
    line = printable(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def found(text: str) -> str:
    """Found text, as every message shows it: `'ado'`."""
    return f"'{one_line(text)}'"


def in_quotes(text: str) -> str:
    """The text as it should be written in YAML: in double quotes, or in single ones where it holds double ones."""
    if '"' in text or "\\" in text:
        return "'" + one_line(text).replace("'", "''") + "'"
    return f'"{one_line(text)}"'


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def either(words: Iterable[str]) -> str:
    """`jira, jira-data-center or azure-devops`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
