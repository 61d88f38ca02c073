"""Our hyperlink on a work item: how it is told from others, what its comment says, and how it is changed.

A hyperlink has an address and a comment. The comment holds title and summary, and tells ours from other people's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from integration.core.write_back import Badge
from integration.trackers.azure_devops.relations import HYPERLINK

Operation: TypeAlias = dict[str, Any]

_OPEN, _RESOLVED = "okrlink: ", "okrlink, done: "
_BETWEEN = " | "
LONGEST_COMMENT = 255


@dataclass(frozen=True, slots=True)
class Hyperlink:
    """One of an item's hyperlinks, with its place among all of its relations."""

    index: int
    url: str
    comment: str

    def is_ours(self) -> bool:
        return self.comment.startswith((_OPEN, _RESOLVED))

    def badge(self) -> Badge:
        """What a comment of ours says."""
        resolved = self.comment.startswith(_RESOLVED)
        said = self.comment.removeprefix(_RESOLVED if resolved else _OPEN)
        title, _, summary = said.partition(_BETWEEN)
        return Badge(self.url, title, summary, resolved)


def comment_of(badge: Badge) -> str:
    """The comment that says what the badge says, cut to what a comment holds."""
    title = " ".join(badge.title.replace("|", "/").split())
    said = f"{_RESOLVED if badge.resolved else _OPEN}{title}{_BETWEEN}{' '.join(badge.summary.split())}"
    return said if len(said) <= LONGEST_COMMENT else said[: LONGEST_COMMENT - 1] + "…"


def hyperlinks(relations: Iterable[Any] | None) -> list[Hyperlink]:
    """The hyperlinks among an item's relations, as the SDK reads them."""
    return [
        Hyperlink(index, relation.url, str((relation.attributes or {}).get("comment") or ""))
        for index, relation in enumerate(relations or ())
        if relation.rel == HYPERLINK
    ]


def badge_changes(links: Sequence[Hyperlink], wanted: Badge | None) -> list[Operation]:
    """What turns the links into exactly the wanted one of ours, or none. What is so already is left alone.

    A link to the same address cannot be added while the old one stands, so its comment is replaced. Removals come
    last and from the end, so that no index moves before it is used.
    """
    ours = [link for link in links if link.is_ours() or (wanted and link.url == wanted.url)]
    kept = next((link for link in ours if wanted and link.url == wanted.url), None)
    changes: list[Operation] = []
    if wanted and kept is None:
        relation = {"rel": HYPERLINK, "url": wanted.url, "attributes": {"comment": comment_of(wanted)}}
        changes.append({"op": "add", "path": "/relations/-", "value": relation})
    elif wanted and kept and kept.comment != comment_of(wanted):
        path = f"/relations/{kept.index}/attributes/comment"
        changes.append({"op": "replace", "path": path, "value": comment_of(wanted)})
    surplus = sorted((link.index for link in ours if link is not kept), reverse=True)
    return changes + [{"op": "remove", "path": f"/relations/{index}"} for index in surplus]
