"""YAML text -> a tree of raw texts that knows where each of them stands. The only place that parses YAML.

The tree decides no types: `no`, `1.10`, `007` and `2026` are the texts as written, because the place decides the type
and not the look. Anchors and aliases are read; merge keys, tags and keys said twice are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from integration.core.errors import Problem
from mappings.columns import Columns
from mappings.slips import Slip, leading_sign, parse
from mappings.tree import Document, Entry, Mapping, Node, Path, Place, Scalar, Sequence, places, spoken
from mappings.wording import found, in_quotes, one_line
from mappings.yaml_loader import Texts

MOST_NODES = 20_000
"""Far above any mapping, far below what aliases of aliases can unfold to."""
DEEPEST = 40
LONGEST = 1_000_000
OPENING, CLOSING = "“”„«‘’‚", "”“»’‘"  # noqa: RUF001 - these are the quotes that YAML does not know


def read(name: str, data: bytes | str) -> tuple[Document, list[Problem]]:
    """The file's tree as far as YAML can read it, and every mistake that shows on the way. Raises nothing."""
    empty = Document(name, Mapping(Place(1, 1), ()))
    try:
        text = (data.decode() if isinstance(data, bytes) else data).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = bytes(error.object[: error.start])
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        if b"\0" in error.object and not error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
            return empty, [
                Problem(name, 1, 1, "", "is no text; a mapping is a YAML file, and okrlink init writes a first one")
            ]
        return empty, [Problem(name, line, column, "", "not UTF-8; save the file as UTF-8")]
    if len(text) > LONGEST:
        return empty, [Problem(name, 1, 1, "", "is longer than any mapping")]
    try:
        return _read(empty, text)
    except RecursionError:
        return empty, [Problem(name, 1, 1, "", "nested too deep to be a mapping")]


def _read(empty: Document, text: str) -> tuple[Document, list[Problem]]:
    mended, root, slips, columns, stop = parse(text)
    if stop is not None:
        return empty, [_located(empty, slip) for slip in (*slips, stop)]
    if root is None:
        nothing = Problem(empty.name, 1, 1, "", "says nothing; okrlink init writes a first one")
        return empty, [_located(empty, slip) for slip in slips] or [nothing]
    tree = _Tree(empty.name, mended.split("\n"), columns)
    document = Document(empty.name, tree.node(root, ()))
    tokens = yaml.scan(mended, Loader=Texts) if "!" in mended else ()
    tags = [_tag(tree, token.start_mark) for token in tokens if isinstance(token, yaml.TagToken)]
    return document, [*(_located(document, slip) for slip in (*slips, *tags)), *tree.problems]


def _located(document: Document, slip: Slip) -> Problem:
    """The slip with the path of what begins at its place; texts of connections stay unsaid, as they may be secrets."""
    path: Path = slip.path if slip.path is not None else ()
    if slip.path is None:
        begins = Place(*(slip.begins or (slip.line, slip.column)))
        path = max((path for path, place in places(document.root, ()) if place == begins), key=len, default=())
    secret = not path or path[0] == "connections"
    message = slip.discreet if secret and slip.discreet else slip.message
    return Problem(document.name, slip.line, slip.column, spoken(path), message)


def _tag(tree: _Tree, mark: yaml.Mark) -> Slip:
    message, discreet = leading_sign(tree.lines[mark.line], mark.column)
    place = tree.place(mark.line, mark.column)
    return Slip(place.line, place.column, message, discreet)


class _Tree:
    """Turns what YAML composed into our nodes, noting what we refuse or doubt."""

    def __init__(self, name: str, lines: list[str], columns: Columns) -> None:
        self.name = name
        self.lines = lines
        self._columns = columns
        self.problems: list[Problem] = []
        self._count = 0
        self._cut = False

    def place(self, line: int, column: int) -> Place:
        """Where it stands in the file, from a line and column of the mended text that count from 0, as YAML's do."""
        return Place(*self._columns.in_file(line + 1, column + 1))

    def node(self, node: yaml.Node, path: Path) -> Node:
        place = self.place(node.start_mark.line, node.start_mark.column)
        self._count += 1
        if self._count > MOST_NODES or len(path) > DEEPEST:
            self._too_much(place, path)
            return Scalar(place, None)
        if isinstance(node, yaml.MappingNode):
            return Mapping(place, tuple(self._entries(node, path)))
        if isinstance(node, yaml.SequenceNode):
            return Sequence(place, tuple(self.node(item, (*path, index)) for index, item in enumerate(node.value)))
        return self._scalar(node, place, path) if isinstance(node, yaml.ScalarNode) else Scalar(place, None)

    def _too_much(self, place: Place, path: Path) -> None:
        self._count = MOST_NODES  # whatever follows is left out, too
        if not self._cut:
            self._cut = True
            self._note(place, path[:1], "unfolds to more than any mapping says; write it without aliases")

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[Entry]:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            place = self.place(key_node.start_mark.line, key_node.start_mark.column)
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(place, path, "a key is a word, not a list or keys of its own")
                continue
            key = key_node.value
            if key in seen:
                self._note(place, (*path, key), f"stands here twice; the first is in line {seen[key].line}")
            elif key == "<<":
                self._note(
                    place, (*path, key), "merge keys are not read; write the keys out, or use an alias for a value"
                )
            else:
                seen[key] = place
                yield Entry(key, place, self.node(value_node, (*path, key)))

    def _scalar(self, node: yaml.ScalarNode, place: Place, path: Path) -> Scalar:
        text: str = node.value
        secret = bool(path) and path[0] == "connections"
        if node.style is None:
            self._comment_in_text(node, path, secret=secret)
        if node.style in (">", "|"):
            self._block(node, place, path)
        if not text and node.style is None:
            line = self.lines[node.start_mark.line] if node.start_mark.line < len(self.lines) else ""
            if line[node.start_mark.column : node.start_mark.column + 1] == "&":
                self._note(place, path, leading_sign(line, node.start_mark.column)[secret])
            return Scalar(place, None)
        if len(text) > 1 and text[0] in OPENING and text[-1] in CLOSING:
            around = "typographic quotes" if secret else f"typographic quotes around {one_line(text)}"
            self._note(place, path, f"{around}; use \" or '")
            return Scalar(place, text[1:-1])
        return Scalar(place, text)

    def _comment_in_text(self, node: yaml.ScalarNode, path: Path, *, secret: bool) -> None:
        """A `#` directly before a word may have been meant as text."""
        end = node.end_mark
        rest = self.lines[end.line][end.column :] if end.line < len(self.lines) else ""
        match = re.match(r"\s+(#[^\s#!].*)", rest)
        if not match:
            return
        place = self.place(end.line, end.column + match.start(1))
        if secret:
            message = (
                "the text ends before a '#', which YAML takes for a comment; write it in quotes, or put a space after #"
            )
        else:
            text = f"{node.value} {match[1]}".strip()
            message = (
                f"the text ends before {found(match[1])}, which YAML takes for a comment; "
                f"write {in_quotes(text)} in quotes, or put a space after #"
            )
        self._note(place, path, message, warning=True)

    def _block(self, node: yaml.ScalarNode, place: Place, path: Path) -> None:
        """`>7` is a block of text that is indented by seven; nobody means that."""
        line = self.lines[node.start_mark.line]
        if line[node.start_mark.column + 1 : node.start_mark.column + 2].isdigit():
            self._note(place, path, leading_sign(line, node.start_mark.column)[0])

    def _note(self, place: Place, path: Path, message: str, *, warning: bool = False) -> None:
        self.problems.append(Problem(self.name, place.line, place.column, spoken(path), message, warning))
