"""Where the words of a mended text stand in the file that people see."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple


class Shift(NamedTuple):
    """In a line, what stands in a column or behind it stood so much further left in the file."""

    line: int
    column: int
    by: int


class Columns:
    """Places in the mended text -> places in the file. Mending moves what follows in its line, and no other line."""

    def __init__(self) -> None:
        self._shifts: list[Shift] = []

    def mended(self, line: int, before: str, after: str) -> None:
        """Takes in that the line, counted from 1, was mended."""
        ends = zip(reversed(before), reversed(after), strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
        self._shifts.append(Shift(line, len(after) - same + 1, len(after) - len(before)))

    def in_file(self, line: int, column: int) -> tuple[int, int]:
        """The place in the file, from 1 as the given one."""
        for shift in reversed(self._shifts):
            if shift.line == line and shift.column <= column:
                column -= shift.by
        return line, column
