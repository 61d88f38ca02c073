"""Where a mapping's texts are read: a folder, or texts kept since they were applied."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """Texts by name, relative to the main file; `shown` is how messages name one."""

    @property
    def main(self) -> str: ...

    def read(self, name: str) -> bytes | str:
        """Raises OSError."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """The names that the pattern stands for, sorted. Raises ValueError for a pattern that is none."""
        ...

    def shown(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Folder:
    """The files beside a main file."""

    path: Path

    @property
    def main(self) -> str:
        return self.path.name

    def read(self, name: str) -> bytes:
        return (self.path.parent / name).read_bytes()

    def matching(self, pattern: str) -> list[str]:
        found = [path for path in self.path.parent.glob(_relative(pattern)) if path.is_file()]
        return sorted(os.path.relpath(path, self.path.parent).replace(os.sep, "/") for path in found)

    def shown(self, name: str) -> str:
        return (self.path.parent / name).as_posix()


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts kept in memory, named as they were beside their main file."""

    texts: Mapping[str, str]
    main: str

    def read(self, name: str) -> str:
        return self.texts[name]

    def matching(self, pattern: str) -> list[str]:
        return sorted(name for name in self.texts if _like(pattern).fullmatch(name))

    def shown(self, name: str) -> str:
        return name


def _relative(pattern: str) -> str:
    """The pattern without `./`; one that is absolute, or that `Path.glob` cannot read, is refused."""
    short = re.sub(r"(?:^|(?<=/))\./", "", pattern)
    if not short.strip("./") or short.startswith("/") or re.search(r"[^/]\*\*|\*\*[^/]|\0|\[", short):
        raise ValueError("expected files relative to this one, such as teams/*.yaml")
    return short


def _like(pattern: str) -> re.Pattern[str]:
    """The pattern as `Path.glob` reads it: `*` and `?` stay in one folder, `**/` is any number of folders."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", _relative(pattern))
    return re.compile("".join(parts.get(piece, re.escape(piece)) for piece in pieces))
