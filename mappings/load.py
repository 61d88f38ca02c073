"""Files -> `Loaded`, or every problem at once, in the order of the files."""

from __future__ import annotations

import hashlib
from collections import abc
from collections.abc import Iterator
from pathlib import Path as FilePath

from integration.core.errors import MappingInvalid, Problem
from mappings import build
from mappings.checks import problems_of
from mappings.files import Files, Folder, Texts
from mappings.loaded import Loaded
from mappings.schema import MainFile, TeamFile
from mappings.shape import Model, TooNew, shaped
from mappings.source import read
from mappings.tree import Document, Mapping, Place
from mappings.whole import File, Whole
from mappings.wording import found

UNREADABLE: abc.Mapping[type[OSError], str] = {
    FileNotFoundError: "no such file; okrlink init writes a first one",
    NotADirectoryError: "no such file; okrlink init writes a first one",
    IsADirectoryError: "is a folder; name the file in it, such as okr.yaml, which okrlink init writes",
}


def load(path: FilePath) -> Loaded:
    """The mapping in a file and the files it includes. Raises `MappingInvalid` with every problem."""
    return _load(Folder(path))


def load_texts(files: abc.Mapping[str, str], main: str) -> Loaded:
    """The mapping in texts that were kept: `Loaded.files` of an earlier load."""
    return _load(Texts(files, main))


def includes(path: FilePath) -> tuple[str, ...]:
    """The patterns under `include` in a main file, as far as they can be read, whatever else is wrong with it."""
    try:
        _, settings = _Reading(Folder(path)).main()
    except TooNew:
        return ()
    return settings.include or ()


def read_whole(path: FilePath) -> Whole:
    """The files as they are read, with the place of each word, whatever `load` says of them. Raises `MappingInvalid`
    for a version that this one does not read.
    """
    try:
        return _Reading(Folder(path)).whole()
    except TooNew as error:
        raise MappingInvalid([error.problem]) from None


def _load(files: Files) -> Loaded:
    reading = _Reading(files)
    try:
        whole = reading.whole()
    except TooNew as error:
        raise MappingInvalid([error.problem]) from None
    problems = reading.in_order([*reading.problems, *problems_of(whole, reading.misshapen)])
    if any(not problem.warning for problem in problems):
        raise MappingInvalid(problems)
    return Loaded(
        scorecard=build.scorecard(whole),
        connections=build.connections(whole),
        warnings=tuple(problems),
        files=reading.texts,
        digest=_digest(reading.texts),
        retention=build.retention(whole),
    )


class _Reading:
    """The files as they are read, and what was wrong with them."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.texts: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.misshapen: list[Problem] = []

    def main(self) -> tuple[File, MainFile]:
        return self._file(self._files.main, MainFile)

    def whole(self) -> Whole:
        main, settings = self.main()
        included = tuple(self._file(name, TeamFile)[0] for name in self._included(main, settings))
        return Whole(main, settings, included)

    def in_order(self, problems: list[Problem]) -> list[Problem]:
        """Files as they are read, in each the order of its lines; what is wrong is not warned of as well."""
        order = {self._files.shown(name): number for number, name in enumerate(self.texts)}
        wrong = {(each.file, each.path) for each in problems if not each.warning}
        told = {each for each in problems if not (each.warning and (each.file, each.path) in wrong)}
        return sorted(told, key=lambda each: (order.get(each.file, 0), each.line, each.column, each.message))

    def _file(self, name: str, model: type[Model]) -> tuple[File, Model]:
        document, slips = self._document(name)
        if slips and not document.keys(()):
            self.problems += slips
            return File(document, model()), model()
        shape = shaped(document, model)
        places = {(slip.line, slip.column) for slip in slips}
        self.misshapen += shape.misshapen
        self.problems += slips
        self.problems += [problem for problem in shape.problems if (problem.line, problem.column) not in places]
        return File(shape.document, shape.keys), shape.keys

    def _document(self, name: str) -> tuple[Document, list[Problem]]:
        shown = self._files.shown(name)
        try:
            data = self._files.read(name)
        except OSError as error:
            message = UNREADABLE.get(type(error)) or f"cannot be read: {error.strerror}"
            return Document(shown, Mapping(Place(1, 1), ())), [Problem(shown, 1, 1, "", message)]
        document, problems = read(shown, data)
        self.texts[name] = data if isinstance(data, str) else data.decode(errors="replace")
        return document, problems

    def _included(self, main: File, settings: MainFile) -> Iterator[str]:
        seen = {self._files.main}
        for at, pattern in enumerate(settings.include or ()):
            try:
                names = self._files.matching(pattern)
            except ValueError as error:
                self.problems.append(main.document.problem(("include", at), str(error)))
                continue
            if not names:
                message = f"no file matches {found(pattern)}, looked for beside {main.document.name}"
                self.problems.append(main.document.problem(("include", at), message))
            yield from (name for name in names if name not in seen)
            seen |= set(names)


def _digest(texts: abc.Mapping[str, str]) -> str:
    """The main file counts as such, the others in the order of their names."""
    (main, text), *others = texts.items()
    digest = hashlib.sha256()
    for part in (main, text, *(part for pair in sorted(others) for part in pair)):
        data = part.encode(errors="surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
