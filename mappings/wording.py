"""How found text is shown in messages: on one line, short, in quotes; lists as people say them."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 80


def one_line(text: str) -> str:
    """The text with all white space folded, what cannot be printed replaced, and cut where it gets long."""
    printable = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(text.split()))
    return printable if len(printable) <= LONGEST else f"{printable[:LONGEST]}…"


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
