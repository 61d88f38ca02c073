"""What comes from outside the file: `env/NAME` and `file/PATH`. A mapping keeps only the names; values are read here.

Secrets may stand nowhere else, and no message, repr or log ever holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Outside:
    """A value written in the file itself, or the name of an environment variable or a file that holds it."""

    kind: Literal["value", "env", "file"]
    text: str
    """The value, the variable's name, or the file's path."""

    def written(self) -> str | None:
        """The value, if it stands in the file itself."""
        return self.text if self.kind == "value" else None


class Missing(Exception):
    """Nothing is there where the mapping says that a value would be; the text says what is missing."""


def outside(text: str) -> Outside:
    """`env/NAME`, `file/PATH`, or a value as it stands."""
    text = text.strip()
    for kind in ("env", "file"):
        if text.startswith(f"{kind}/"):
            name = text.removeprefix(f"{kind}/")
            if not name:
                raise ValueError(f"{kind}/ of what? write {'env/NAME' if kind == 'env' else 'file/PATH'}")
            return Outside(kind, name)
    return Outside("value", text)


def secret(text: str) -> Outside:
    """Like `outside`, but a value as it stands is refused, unseen."""
    named = outside(text)
    if named.kind == "value":
        message = "a secret in plain text; put it into an environment variable and write env/NAME, or file/PATH"
        raise ValueError(message)
    return named


def value_of(named: Outside, environment: Mapping[str, str], beside: Path) -> str:
    """The value, read now. Raises `Missing`."""
    match named.kind:
        case "value":
            return named.text
        case "env":
            return _from_environment(named.text, environment)
        case "file":
            return _from_file(named.text, beside)


def _from_environment(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name)
    if value is None:
        raise Missing(f"the environment has no {name}")
    if not value.strip():
        raise Missing(f"{name} is empty in the environment")
    return value.strip()


def _from_file(path: str, beside: Path) -> str:
    try:
        value = (beside / path).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise Missing(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no text"
        raise Missing(f"the file {path} cannot be read: {reason}") from None
    if not value:
        raise Missing(f"the file {path} is empty")
    return value
