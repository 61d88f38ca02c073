"""Regular expressions whose matching takes as long as the text is, whoever wrote them.

Python's `re` tries one way after the other, and an unlucky expression such as `(a+)+$` has more ways than there is time:
one line of a mapping would stop every worker. Here all ways are followed at once (Thompson's construction), so that each
character is looked at once for each state. The language is that of `re`, without what needs to remember or to look
around: back-references, lookaheads, flags inside. Capitals do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

MOST_STATES = 1_000
DEEPEST = 30
TOO_LARGE = "it repeats or nests more than any name needs"

QUANTIFIER = re.compile(r"(?:[*+?]|\{(?=[\d,])(?P<least>\d*)(?P<comma>,)?(?P<most>\d*)\})(?P<greedy>[?+]?)")
GROUP = re.compile(r"\((?:\?:|\?P<\w+>)?(?!\?)")
CHARACTER = re.compile(
    r"""\[\^?\]?(?:\\.|[^\]\\])*\]     # a set; ] stands for itself where it is the first
    |\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[^0-9xuUN]
    |[^\\\[()*+?|]
    """,
    re.VERBOSE | re.DOTALL,
)


def _at_border(text: str, at: int) -> bool:
    before, after = text[max(at - 1, 0) : at], text[at : at + 1]
    return bool(re.match(r"\w", before)) != bool(re.match(r"\w", after))


PLACES: dict[str, Callable[[str, int], bool]] = {
    "^": lambda _, at: at == 0,
    r"\A": lambda _, at: at == 0,
    "$": lambda text, at: at == len(text) or (at == len(text) - 1 and text[at] == "\n"),
    r"\Z": lambda text, at: at == len(text),
    r"\b": _at_border,
    r"\B": lambda text, at: not _at_border(text, at),
}


class State(NamedTuple):
    """Leads on to `after`: past a character that passes the test, at a place that does, or freely without either."""

    after: Sequence[int]
    character: Callable[[str], object] | None = None
    place: Callable[[str, int], bool] | None = None


Part: TypeAlias = Callable[[list[State], int], int]
"""Adds its states, which lead on to the given one, and returns where they begin."""

FOUND = 0


class Expression:
    """One expression, read once. Raises ValueError, with what is wrong, for one that cannot be read."""

    def __init__(self, text: str) -> None:
        part = _Reading(text).whole()
        self._states = [State(())]
        self._begin = part(self._states, FOUND)

    def found_in(self, text: str) -> bool:
        """Whether some part of the text matches."""
        reached: set[int] = set()
        for at in range(len(text) + 1):
            waiting = self._settled({*reached, self._begin}, text, at)
            if FOUND in waiting:
                return True
            if at < len(text):
                states = (self._states[number] for number in waiting)
                reached = {state.after[0] for state in states if state.character and state.character(text[at])}
        return False

    def _settled(self, begin: set[int], text: str, at: int) -> set[int]:
        """All states that are reached from those without another character."""
        seen, open_states = set(begin), list(begin)
        while open_states:
            state = self._states[open_states.pop()]
            if state.character or (state.place and not state.place(text, at)):
                continue
            new = set(state.after) - seen
            seen |= new
            open_states += new
        return seen


class _Reading:
    """Reads an expression from left to right: alternatives of sequences of repeated parts."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> Part:
        part = self._alternatives()
        if self._at < len(self._text):
            raise ValueError("a ) that closes nothing")
        return part

    def _alternatives(self) -> Part:
        options = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else lambda states, after: _either(states, options, after)

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated())

        def one_after_the_other(states: list[State], after: int) -> int:
            for part in reversed(parts):
                after = part(states, after)
            return after

        return one_after_the_other

    def _repeated(self) -> Part:
        part = self._single()
        match = QUANTIFIER.match(self._text, self._at)
        if match is None:
            return part
        self._at = match.end()
        if match["greedy"] == "+" or QUANTIFIER.match(self._text, self._at):
            raise ValueError("a repetition is repeated")
        least, most = _times(match)
        return lambda states, after: _repeat(states, part, least, most, after)

    def _single(self) -> Part:
        if self._next() == "(":
            return self._group()
        match = CHARACTER.match(self._text, self._at)
        if match is None:
            sign = self._text[self._at : self._at + 2]
            raise ValueError(f"{sign} is not read here" if sign[0] == "\\" else f"a {sign[0]} that belongs to nothing")
        self._at = match.end()
        if place := PLACES.get(match[0]):
            return lambda states, after: _added(states, State((after,), place=place))
        try:
            character = re.compile(_plainly(match[0]), re.IGNORECASE).fullmatch
        except re.error as error:
            raise ValueError(error.msg) from None
        return lambda states, after: _added(states, State((after,), character=character))

    def _group(self) -> Part:
        match = GROUP.match(self._text, self._at)
        if match is None:
            raise ValueError(f"{self._text[self._at : self._at + 3]} is not read here")
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(TOO_LARGE)
        self._at = match.end()
        part = self._alternatives()
        if self._next() != ")":
            raise ValueError("a ( that is never closed")
        self._at += 1
        self._depth -= 1
        return part

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]


def _times(match: re.Match[str]) -> tuple[int, int | None]:
    """How often a part may stand there, at least and at most."""
    if match[0][0] != "{":
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[match[0][0]]
    least = int(match["least"] or 0)
    most = int(match["most"]) if match["most"] else None if match["comma"] else least
    if max(least, most or 0) > MOST_STATES:
        raise ValueError(TOO_LARGE)
    if most is not None and most < least:
        raise ValueError("a repetition ends before it begins")
    return least, most


def _repeat(states: list[State], part: Part, least: int, most: int | None, after: int) -> int:
    begin = after
    if most is None:
        begin = _added(states, State(()))
        states[begin] = State((part(states, begin), after))
    for _ in range((most or least) - least):
        begin = _added(states, State((part(states, begin), after)))
    for _ in range(least):
        end, begin = begin, part(states, begin)
        if begin == end:
            break  # an empty part is as good once
    return begin


def _either(states: list[State], options: Sequence[Part], after: int) -> int:
    return _added(states, State([option(states, after) for option in options]))


def _added(states: list[State], state: State) -> int:
    if len(states) >= MOST_STATES:
        raise ValueError(TOO_LARGE)
    states.append(state)
    return len(states) - 1


def _plainly(character: str) -> str:
    """A set without the signs that `re` may read as operations on sets one day."""
    return character[0] + re.sub(r"(?<!\\)[\[&~|]", r"\\\g<0>", character[1:]) if len(character) > 2 else character
