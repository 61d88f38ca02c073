"""Questions in a tracker's own language (JQL, WIQL), which only the tracker can answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Query:
    """What to ask: the query itself, or the name of one that is saved in the tracker (a filter, a shared query)."""

    text: str
    saved: bool = False

    @property
    def id(self) -> str:
        """The same for the same question, and short, however long that is."""
        told = f"{'saved' if self.saved else 'query'} {self.text}"
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    def __str__(self) -> str:
        """As people know it, in one line."""
        return " ".join(self.text.split())
