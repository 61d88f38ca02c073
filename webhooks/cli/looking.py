"""A look at the tracker for `okrlink init`: who we are there, which projects, and what there is to choose from in them.

Whatever stands in the way is said with its remedy and ends the look; the questions go on without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from integration.core.catalogue import Catalogue, TrackerField, folded
from integration.core.errors import Permanent, Refused, Retryable
from integration.core.fields import unfit
from integration.core.scorecard import CardValue
from integration.trackers import TRACKERS
from integration.trackers.contract import Connection, Examiner, Secret
from mappings.first import connection_name
from mappings.loaded import ALL_PROJECTS
from mappings.schema.connections import TrackerName
from webhooks.cli.asking import Asking
from webhooks.cli.delivery_questions import LOOKED_BACK
from webhooks.cli.offers import Kind, Offer, candidates, of_deployments, of_incidents
from webhooks.phrases import listed

ALL = (ALL_PROJECTS,)

_LIKE_A_TAG = re.compile(r"(?P<before>(?:o?kr|key-?results?)[:._/-]+)[^\s*]+", re.IGNORECASE)
"""`kr:built`, `okr-checkout`: a label that begins like this names a key result."""
_LIKE_KEY_RESULT = re.compile(r"(?:okr )?key[ -]?results?|o?krs?")
"""Folded names of fields in which people choose a key result."""
_HOLDS_NAMES = ("text", "option", "other")


@dataclass(frozen=True, slots=True)
class Seen:
    """What projects offer to choose from. Without a catalogue nobody looked."""

    catalogue: Catalogue | None = None
    labels: Sequence[str] = ()
    deployments: Sequence[Offer] = ()
    incidents: Sequence[Offer] = ()

    def estimates(self) -> Sequence[str]:
        """The names of the fields in which items are estimated."""
        found = self.catalogue.with_role("story points") if self.catalogue else ()
        return list(dict.fromkeys(one.name for one in found))

    def patterns(self) -> Mapping[str, Sequence[str]]:
        """Patterns of labels that look like key results -> such labels; what most of them begin with comes first."""
        found: dict[str, list[str]] = {}
        for label in sorted(self.labels):
            if like := _LIKE_A_TAG.fullmatch(label):
                found.setdefault(f"{like['before'].casefold()}*", []).append(label)
        return dict(sorted(found.items(), key=lambda each: -len(each[1])))

    def key_result_fields(self) -> Sequence[str]:
        """The names of fields that look made for choosing a key result."""
        fields = self.catalogue.fields if self.catalogue else ()
        named = (
            one.name for one in fields if one.type in _HOLDS_NAMES and _LIKE_KEY_RESULT.fullmatch(folded(one.name))
        )
        return list(dict.fromkeys(named))

    def named(self, name: str) -> TrackerField | None:
        """The field that people mean by this name, if there is one."""
        found = self.catalogue.named(name) if self.catalogue else ()
        return found[0] if found else None

    def unfit(self, name: str, value: CardValue) -> str | None:
        """Why the field of this name cannot show the value; None where it can, and where there is none."""
        found = self.catalogue.named(name) if self.catalogue else ()
        reasons = [unfit(one, value) for one in found]
        return None if None in reasons or not reasons else reasons[0]


class Look:
    """One look, begun when the address and the variables of the account are known."""

    def __init__(self, asking: Asking, environment: Mapping[str, str]) -> None:
        self._asking = asking
        self._environment = environment
        self._connection: Connection | None = None
        self.seen = Seen()

    def begin(self, url: str, tracker: TrackerName, user: str, token: str) -> Mapping[str, str]:
        """The projects that the account sees: as a mapping names them -> as on screen. None where there is no look."""
        known = TRACKERS.get(tracker)
        if known is None or known.examiner is None:
            self._asking.warn(f"This version cannot look at {tracker}; the questions are the same without it.")
            return {}
        missing = [name for name in (user, token) if name and not self._environment.get(name, "").strip()]
        if missing:
            exports = " ".join(f"{name}=…" for name in missing)
            self._asking.warn(
                f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not in the environment, so there is no look at "
                f"the tracker. For one: Ctrl-C, export {exports}, and okrlink init again. Or go on without."
            )
            return {}
        self._connection = Connection(
            name=connection_name(tracker),
            tracker=tracker,
            url=url,
            user=self._environment[user].strip() if user else None,
            token=Secret(self._environment[token].strip()),
        )
        self._asking.say(f"   Looking at {urlsplit(url).hostname} …")
        proof = f"Check that the token in {token} is right and not expired" + (
            f", and {user} its account." if user else "."
        )
        with self._trying(proof, "Check the address."):
            return self._projects(known.examiner(self._connection))
        return {}

    def into(self, projects: Sequence[str]) -> Seen:
        """What these projects offer; nothing where there is no look any more."""
        if self._connection is None:
            return self.seen
        named = () if tuple(projects) == ALL else tuple(projects)
        tracker = TRACKERS[self._connection.tracker]
        within = replace(self._connection, projects=named)
        with self._trying("Let the account browse these projects.", "Later it may do so."):
            self.seen = Seen(tracker.connect(within).catalogue(), self._labels(within))
        if self._connection is not None and tracker.examiner is not None:
            self._asking.say(f"   Looking for deployments and incidents of {LOOKED_BACK} days …")
            examiner, since = tracker.examiner(within), datetime.now(UTC) - timedelta(days=LOOKED_BACK)
            deployments, incidents = self._deployments(examiner, named, since), self._incidents(examiner, named, since)
            self.seen = replace(self.seen, deployments=deployments, incidents=incidents)
        return self.seen

    def _deployments(self, examiner: Examiner, projects: Sequence[str], since: datetime) -> Sequence[Offer]:
        """None where the tracker does not tell: the question is asked without."""
        try:
            return of_deployments(examiner.sightings(projects, since))
        except (Permanent, Retryable):
            return ()

    def _incidents(self, examiner: Examiner, projects: Sequence[str], since: datetime) -> Sequence[Offer]:
        """None where the tracker does not tell its types. What it refuses to count is not offered."""
        counts: dict[tuple[Kind, str], int] = {}
        try:
            for kind, name in candidates(examiner.words().types, self.seen.labels):
                with suppress(Permanent):
                    counts[kind, name] = examiner.count(kind, name, projects, since)
        except (Permanent, Retryable):
            return ()
        return of_incidents(counts)

    def _projects(self, examiner: Examiner) -> Mapping[str, str]:
        self._asking.say(f"   You are {examiner.introduce().account} there.")
        found = {one.key: one.name for one in examiner.projects()}
        if not found:
            self._connection = None
            self._asking.warn(
                "The account sees no project; let it browse those that matter, and begin again. Or go on without a look."
            )
        return found

    def _labels(self, within: Connection) -> Sequence[str]:
        """None where the tracker does not tell them: they only make the default of one question better."""
        examine = TRACKERS[within.tracker].examiner
        try:
            return examine(within).labels(within.projects) if examine else ()
        except (Permanent, Retryable):
            return ()

    @contextmanager
    def _trying(self, proof: str, otherwise: str) -> Iterator[None]:
        """Says what went wrong, with the remedy for a refusal or for anything else, and that the questions go on."""
        try:
            yield
        except Refused as error:
            self._give_up(f"The tracker refused: {_sentence(error.reason)} {proof}")
        except (Permanent, Retryable) as error:
            self._give_up(f"No look at the tracker: {_sentence(error.reason)} {otherwise}")

    def _give_up(self, line: str) -> None:
        self._connection = None
        self._asking.warn(f"{line} The questions go on without a look.")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "?", "!")) else f"{words}."
