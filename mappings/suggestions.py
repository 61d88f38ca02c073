"""The one word that somebody who wrote another word probably meant. Rather silent than wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

NEAR = 0.72
MEANT = {
    "ado": "azure-devops",
    "azure": "azure-devops",
    "tfs": "azure-devops-server",
    "vsts": "azure-devops",
    "jira-cloud": "jira",
    "jira-server": "jira-data-center",
    "progress": "percent",
    "on": "to",
    "krs": "key_results",
    "name": "title",
    "password": "token",
    "api_token": "token",
    "pat": "token",
    "secret": "webhook_secret",
    "due": "by",
    "deadline": "by",
    "baseline": "start",
    "goal": "target",
    "unit": "work",
    "average": "mean",
    "avg": "mean",
    "mttr": "dora/time-to-restore",
}
"""What people write for a word that looks nothing like it; offered only where that word fits."""


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that is near, if there is one and no other is as near."""
    candidates = list(dict.fromkeys(known))
    same = [name for name in candidates if _letters(name) == _letters(word)]
    if len(same) == 1:
        return same[0]
    if MEANT.get(word.casefold()) in candidates:
        return MEANT[word.casefold()]
    ends = [name for name in candidates if name.rpartition(".")[2] == word]
    if len(ends) == 1:
        return ends[0]
    return _closest(word, candidates)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean token?`, or nothing."""
    name = near(word, known)
    return f"; did you mean {name}?" if name else ""


def _letters(word: str) -> str:
    return re.sub(r"[\W_]", "", word.casefold())


def _closest(word: str, candidates: list[str]) -> str | None:
    folded = word.casefold()
    if len(folded) > 60:  # matching is quadratic, and nobody mistypes a whole sentence
        return None
    rated = sorted(
        ((difflib.SequenceMatcher(None, folded, name.casefold()).ratio(), name) for name in candidates), reverse=True
    )
    if not rated or rated[0][0] < NEAR or (len(rated) > 1 and rated[1][0] == rated[0][0]):
        return None
    return rated[0][1]
