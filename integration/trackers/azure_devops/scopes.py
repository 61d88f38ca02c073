"""What a stream of history is read of, and how far a step has led."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integration.core.errors import Malformed, Retryable
from integration.core.facts import TrackerFact


@dataclass(frozen=True, slots=True)
class Scope:
    """One project, or with an empty id the whole organisation."""

    id: str
    name: str

    def path(self, rest: str) -> str:
        """An address below the organisation."""
        return f"{self.id}/{rest}" if self.id else rest


@dataclass(frozen=True, slots=True)
class Step:
    """What one answer told, and the position from which to go on in this scope: JSON that only its reader reads."""

    facts: Sequence[TrackerFact]
    position: Mapping[str, Any]
    items: int = 0


def stamp(at: datetime) -> str:
    """A time as Azure DevOps reads it, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def understanding() -> Iterator[None]:
    """Answers of a shape that no documentation knows may be the doing of a proxy, and be gone the next time."""
    try:
        yield
    except (Malformed, KeyError, TypeError, AttributeError) as exc:
        raise Retryable(f"Azure DevOps answered something unusable ({exc})") from exc
