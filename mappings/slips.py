"""What people write that YAML reads as something else: seen where the parser stops, said in words, and mended.

A slip is mended in a copy of the text, so that one run shows every mistake of the file. `Columns` knows where the text
of the copy stands in the file, and a slip finds its path by the place at which its key or value begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import yaml

from mappings.columns import Columns
from mappings.wording import in_quotes, one_line
from mappings.yaml_loader import Texts

MOST_SLIPS = 50
MOST_IN_A_LINE = 3
"""A line that has still more is beyond mending, which might only make it longer."""
LEADING = {
    "*": "an alias",
    "&": "an anchor",
    "!": "a tag",
    ">": "a block of text",
    "|": "a block of text",
    "@": "a reserved sign",
    "`": "a reserved sign",
    "%": "a directive",
}
IN_WORDS = {">=": "at least", "<=": "at most"}
LINE = re.compile(r"(?P<lead> *(?:- +)*)(?:(?P<key>[^\s:#'\"\[\]{},][^:#'\"]*?) *:(?:[ \t]+|$))?(?P<value>.*)$")
"""A line of block style: perhaps dashes, perhaps a key, then a value."""
NO_SPACE = re.compile(r" *(?:- +)*[\w-]+:(?P<value>[^\s/].*)$")

Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake of writing, at a line and column from 1. `discreet` says the same without the text, for secrets."""

    line: int
    column: int
    message: str
    discreet: str = ""
    begins: Place | None = None
    """Where its key or value begins, if elsewhere; as it is recognised, in the mended text."""
    path: tuple[str, ...] | None = None
    """Its path, where no place would tell."""


class Stop(NamedTuple):
    """Where the parser stopped: the lines, line and column from 0, and what it said."""

    lines: list[str]
    line: int
    column: int
    said: str

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""


class Mended(NamedTuple):
    slips: list[Slip]
    lines: list[str]


class Parsed(NamedTuple):
    """The text with its slips mended, what YAML makes of it, the slips, and what stops the parser still."""

    text: str
    root: yaml.Node | None
    slips: list[Slip]
    columns: Columns
    stop: Slip | None = None


def parse(text: str) -> Parsed:
    """Parses the text as often as it takes to mend it."""
    slips: list[Slip] = []
    columns = Columns()
    lines = text.splitlines() or [""]
    for _ in range(MOST_SLIPS):
        mended_text = "\n".join(lines)
        try:
            return Parsed(mended_text, yaml.compose(mended_text, Loader=Texts), slips, columns)
        except (
            yaml.YAMLError,
            ValueError,
            OverflowError,
        ) as stopped:  # the last two: escapes and directives beyond reason
            error = stopped
        mended = _recognise(lines, error)
        if mended is None or sum(slip.line == mended.slips[0].line for slip in slips) == MOST_IN_A_LINE:
            return Parsed(mended_text, None, slips, columns, _in_file(_unrecognised(lines, error), columns))
        recognised = [_in_file(slip, columns) for slip in mended.slips]
        for number, (before, after) in enumerate(zip(lines, mended.lines, strict=False), 1):
            if before != after:
                columns.mended(number, before, after)
        slips += [replace(slip, begins=slip.begins and columns.in_file(*slip.begins)) for slip in recognised]
        lines = mended.lines
    return Parsed("", None, slips, columns)


def _in_file(slip: Slip, columns: Columns) -> Slip:
    return replace(slip, column=columns.in_file(slip.line, slip.column)[1])


def leading_sign(line: str, column: int) -> tuple[str, str]:
    """What to say of a value that begins with a sign of YAML's: with its text, and without."""
    value = line[column : _end(line, column)]
    sign = f"YAML reads a leading '{value[0]}' as {LEADING[value[0]]}; "
    words = IN_WORDS.get(value[:2])
    spoken = f", or {words} {one_line(value[2:])}" if words else ""
    return f"{sign}write {in_quotes(value)} in quotes{spoken}", f"{sign}write the text in quotes"


def _recognise(lines: list[str], error: Exception) -> Mended | None:
    """The first reading of the error that makes sense, where the parser stopped or where it began what it could not end."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return None
    said = f"{error.context or ''}: {error.problem or ''}"
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
    for reading in READINGS:
        for mark in marks:
            if mended := reading(Stop(lines, mark.line, mark.column, said)):
                return mended
    return None


def _tab(stop: Stop) -> Mended | None:
    if "'\\t'" not in stop.said or stop.text[stop.column : stop.column + 1] != "\t":
        return None
    line, column = stop.line, stop.column
    if stop.text[:column].strip(" "):
        slip = Slip(line + 1, column + 1, "a tab; write a space", begins=(line + 1, column + 2))
        return Mended([slip], _replaced(stop, stop.text[:column] + " " + stop.text[column + 1 :]))
    above = _line_above(stop)
    indent = 0 if above is None else len(above["lead"]) + (0 if above["value"] else 2)
    slip = Slip(line + 1, column + 1, "a tab; YAML is indented with spaces", path=_outline(stop))
    return Mended([slip], _replaced(stop, " " * indent + stop.text.lstrip()))


def _leading_sign(stop: Stop) -> Mended | None:
    line, column = stop.text, stop.column
    if line[column : column + 1] not in LEADING or not line[column:].strip():
        return None
    if line[:column].rstrip() and line[column - 1] not in " \t,[{":
        return None  # inside a word, such as the second of *dry-run*
    if not ("cannot start any token" in stop.said or "undefined alias" in stop.said or "while scanning" in stop.said):
        return None
    message, discreet = leading_sign(line, column)
    end = _end(line, column)
    quoted = line[:column] + _quoted(line[column:end]) + line[end:]
    return Mended([Slip(stop.line + 1, column + 1, message, discreet)], _replaced(stop, quoted))


def _second_colon(stop: Stop) -> Mended | None:
    parts = _parts(stop.text)
    if "mapping values are not allowed" not in stop.said or parts is None or not parts["key"]:
        return None
    begin = parts.start("value")
    if stop.column < begin or stop.text[begin : begin + 1] in "'\"[{":
        return None
    value = stop.text[begin : _end(stop.text, begin)]
    message = "a second ': ' in this line; write the text in quotes"
    slip = Slip(stop.line + 1, begin + 1, f"{message}: {in_quotes(value)}", message)
    return Mended([slip], _replaced(stop, stop.text[:begin] + _quoted(value)))


def _no_space(stop: Stop) -> Mended | None:
    if "mapping values are not allowed" not in stop.said and "could not find expected ':'" not in stop.said:
        return None
    for line in (stop.line - 1, stop.line):
        here = stop._replace(line=line)
        match = NO_SPACE.match(here.text) if line >= 0 else None
        if match:
            begin = match.start("value")
            slip = Slip(line + 1, begin + 1, "put a space after the ':'", begins=(line + 1, begin + 2))
            return Mended([slip], _replaced(here, here.text[:begin] + " " + here.text[begin:]))
    return None


def _deeper(stop: Stop) -> Mended | None:
    parts, above = _parts(stop.text), _line_above(stop)
    if not ("mapping values are not allowed" in stop.said or "'<block mapping start>'" in stop.said):
        return None
    if parts is None or above is None or not (parts["key"] and above["key"] and above["value"]):
        return None
    column, wanted = len(parts["lead"]), len(above["lead"])
    if column <= wanted:
        return None
    message = f"indented deeper than {one_line(above['key'])} above it; the keys of one thing stand in one column"
    slip = Slip(stop.line + 1, column + 1, message, begins=(stop.line + 1, wanted + 1))
    return Mended([slip], _replaced(stop, " " * wanted + stop.text[column:]))


def _opened_text(stop: Stop) -> Mended | None:
    """A value that opens with a bracket or a quote, ends it, and goes on."""
    parts = _parts(stop.text)
    if parts is None or not ("expected <block end>" in stop.said or "mapping values are not allowed" in stop.said):
        return None
    begin = parts.start("value")
    opening = stop.text[begin : begin + 1]
    if not opening or opening not in "[{'\"" or stop.column <= begin:
        return None
    value = stop.text[begin : _end(stop.text, begin)]
    if opening in "[{":
        message = f"text that starts with '{opening}' needs quotes"
    else:
        message = "text that starts with a quote ends with it; put all of it into the other quotes"
    shown = "'" + value.replace("'", "''") + "'" if opening == '"' else in_quotes(value)
    slip = Slip(stop.line + 1, begin + 1, f"{message}: {shown}", message)
    return Mended([slip], _replaced(stop, stop.text[:begin] + _quoted(value)))


def _open_quote(stop: Stop) -> Mended | None:
    if "quoted scalar" not in stop.said or stop.text[stop.column : stop.column + 1] not in ("'", '"'):
        return None
    value = stop.text[stop.column + 1 : _end(stop.text, stop.column)]
    slip = Slip(stop.line + 1, stop.column + 1, "the quote that opens here is never closed")
    return Mended([slip], _replaced(stop, stop.text[: stop.column] + _quoted(value)))


def _second_document(stop: Stop) -> Mended | None:
    if "found another document" not in stop.said or stop.line == 0:
        return None
    slip = Slip(stop.line + 1, stop.column + 1, "a second document begins here; a mapping is one document", path=())
    return Mended([slip], stop.lines[: stop.line])


READINGS: tuple[Callable[[Stop], Mended | None], ...] = (
    _tab,
    _second_document,
    _leading_sign,
    _no_space,
    _deeper,
    _second_colon,
    _opened_text,
    _open_quote,
)

SAID = {
    "but found '<block mapping start>'": "indented unlike the lines above it; the keys of one thing stand in one column",
    "but found '<block end>'": "indented unlike the lines above it; the keys of one thing stand in one column",
    "but found '?'": "a key among the items of a list; indent it below an item, or put it in the list's own column",
    "but found '-'": "a list among keys; a list stands alone below its key",
    "could not find expected ':'": "no ': ' in this line; write `key: value`",
    "expected ',' or ']'": "a list in brackets needs a comma between its items and ends with ]",
    "expected ',' or '}'": "keys in braces need a comma between them and end with }",
    "mapping values are not allowed": "a ': ' where no key may stand; write the text in quotes",
}


def _unrecognised(lines: list[str], error: Exception) -> Slip:
    """What is left to say of an error that no reading explains: where it is, in words where there are some."""
    if isinstance(error, yaml.reader.ReaderError):
        before = "\n".join(lines)[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Slip(line, column, "a character that no text holds; remove it", path=())
    if not isinstance(error, yaml.MarkedYAMLError):
        return Slip(1, 1, "an escape or a directive that YAML does not know", path=())
    mark = error.problem_mark or error.context_mark
    words = next((words for part, words in SAID.items() if part in str(error.problem)), None)
    message = words or f"YAML cannot read this: {one_line(str(error.problem))}"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Slip(line, column, message, path=())


def _parts(line: str) -> re.Match[str] | None:
    return LINE.match(line)


def _significant_above(stop: Stop) -> Iterator[tuple[int, str]]:
    for number in range(min(stop.line, len(stop.lines)) - 1, -1, -1):
        line = stop.lines[number]
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _line_above(stop: Stop) -> re.Match[str] | None:
    return next((_parts(line) for _, line in _significant_above(stop)), None)


def _outline(stop: Stop) -> tuple[str, ...]:
    """The path as the indentation shows it, a tab being one column like any other character.

    What stands below connections may be a secret that slipped into the place of a key, and stays unsaid.
    """
    inside = re.match(r"\s*(?:- +)*([\w-]+) *:", stop.text)
    keys = [inside[1]] if inside else []
    indent = len(stop.text) - len(stop.text.lstrip())
    for _, line in _significant_above(stop):
        parts = _parts(line)
        if parts and parts["key"] and len(parts["lead"]) < indent:
            indent = len(parts["lead"])
            keys.append(parts["key"])
    path = tuple(reversed(keys))
    return path[:1] if path[:1] == ("connections",) else path


def _end(line: str, begin: int) -> int:
    """Where the value that begins there ends: before a comment; inside brackets or braces before what ends it."""
    parts = _parts(line)
    alone = parts is not None and parts.start("value") == begin
    ending = re.compile(r"\s+#|\s*$" if alone else r"\s+#|\s*[,\]}]|\s*$")
    match = ending.search(line, begin)
    return match.start() if match else len(line)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _replaced(stop: Stop, text: str) -> list[str]:
    return [*stop.lines[: stop.line], text, *stop.lines[stop.line + 1 :]]
