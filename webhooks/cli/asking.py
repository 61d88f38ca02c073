"""Asking people at a terminal: one question after the other, each with a default. No secret is taken for an answer."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

T = TypeVar("T")

SECRET = re.compile(r"\b(?=[A-Za-z0-9]*[A-Za-z])(?=(?:[A-Za-z]*[0-9]){2})[A-Za-z0-9]{20,}")
"""Letters and digits without end: tokens of trackers look like this, and nothing that is asked for does."""
NARROWEST = 24
"""Columns below which lines are not made shorter."""
PASTED = (
    "this looks like a secret, and no answer is one; it was not kept. Put it into an environment variable, "
    "and say the variable's name where it is asked for"
)


class Asking:
    """Asks until an answer makes sense; takes the defaults when told to, or when nobody is there to answer."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent or sys.stdin is None  # None where a shell closed it

    def say(self, line: str) -> None:
        """What only matters to somebody who answers."""
        if not self._silent:
            click.echo(_fitting(line))

    def warn(self, line: str) -> None:
        """What matters also to somebody who takes the defaults."""
        click.echo(_fitting(f"   → {line}"), err=True)

    def ask(self, question: str, default: str, understand: Callable[[str], T]) -> T:
        """`understand` raises a ValueError that says what is wrong with an answer."""
        while not self._silent:
            answer = self._answer(f"   {question} [{default}]:")
            try:
                return understand(_no_secret(answer) or default)
            except ValueError as error:
                self.say(f"   → {error}")
        return understand(default)

    def choose(self, question: str, choices: Sequence[T]) -> T:
        """One of some words, of which the first is the default; its first letters will do."""

        def chosen(answer: str) -> T:
            near = [choice for choice in choices if str(choice).startswith(answer.casefold())]
            exact = [choice for choice in near if str(choice) == answer.casefold()]
            if len(exact or near) != 1:
                raise ValueError(f"one of: {', '.join(map(str, choices))}")
            return (exact or near)[0]

        return self.ask(question, str(choices[0]), chosen)

    def _answer(self, prompt: str) -> str:
        """What was typed; nothing where the default will do, and for good once a pipe has no more answers."""
        interactive = sys.stdin.isatty()
        try:
            *above, last = _fitting(prompt).split("\n")
            for line in above:
                click.echo(line)
            answer = input(f"{last} ").strip()
        except EOFError:
            if interactive:
                raise click.Abort from None
            click.echo("\n\nThere are no more answers; the rest are defaults.", nl=False)
            self._silent = True
            answer = ""
        if not interactive:
            click.echo()  # the answers of a pipe do not end their lines on the screen
        return answer


def _fitting(line: str) -> str:
    """The line as it fits the terminal, its further lines below the first word; as it is where there is no terminal."""
    if not sys.stdout.isatty():
        return line
    width = max(NARROWEST, shutil.get_terminal_size().columns - 1)  # some terminals wrap a line that fills them
    indent = " " * (len(line) - len(line.lstrip(" →")))
    parts = (textwrap.fill(part, width, subsequent_indent=indent, break_on_hyphens=False) for part in line.split("\n"))
    return "\n".join(parts)


def _no_secret(answer: str) -> str:
    if SECRET.search(answer):
        raise ValueError(PASTED)
    return answer
