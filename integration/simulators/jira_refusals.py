"""The ways in which the simulated Jira says no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Refused(Exception):
    """Jira's own refusal: a status, general messages, and messages by field."""

    status: int = 400
    messages: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([*self.messages, *(f"{name}: {text}" for name, text in self.errors.items())])

    def document(self) -> dict[str, Any]:
        """The body. [rec]"""
        return {"errorMessages": list(self.messages), "errors": dict(self.errors)}


@dataclass(eq=False)
class Unmodelled(Exception):
    """A real Jira might well do this; the simulator does not, and says so instead of guessing."""

    what: str


def cannot_be_set(field_id: str) -> str:
    """Jira's one text for an unknown field, a wrong context, a screen and a missing permission. [doc]"""
    return f"Field '{field_id}' cannot be set. It is not on the appropriate screen, or unknown."
