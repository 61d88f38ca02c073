"""The whole contract of a tracker, in two parts: `Tracker` describes one and reads its deliveries; a `TrackerClient` talks to it.

A new tracker is one folder with these functions and one line in `integration.trackers`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from integration.core.catalogue import Catalogue
from integration.core.delivery.subjects import Address
from integration.core.errors import Permanent, Retryable
from integration.core.examination import Ability, Introduction, Permission, Project, Sighting, TokenEnd, Words
from integration.core.facts import TrackerFact
from integration.core.fields import Place, Sample
from integration.core.hooks import Hook
from integration.core.queries import Query
from integration.core.scorecard import CardValue
from integration.core.write_back import Badge, Edit, FieldValue


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that shows itself to nobody; `reveal()` where it is used, and only there."""

    _value: str = dataclasses.field(repr=False)

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "***"


Purpose: TypeAlias = Literal["write", "look", "read", "catalogue", "history", "check", "sign-in", "other"]
"""What a request is made for: setting fields; seeing what stands there; items, vocabulary and past taken in; a test;
a token, of somebody else than the tracker."""


class Ledger(Protocol):
    """One connection's budget, as all share it who ask its tracker: what rests, whose turn it is, what was spent.

    May be called by several threads at once, and does not wait for turns itself. One that a database backs may raise
    `StoreUnusable`.
    """

    def rest(self, part: str, seconds: float) -> None:
        """Nobody asks that part of the connection for so long. A shorter wish never ends a longer one."""
        ...

    def rests(self, part: str) -> float:
        """The seconds for which that part still rests; 0.0 where it does not."""
        ...

    def take(self, *, patient: bool) -> float:
        """Takes a turn: 0.0 where it is there, else the seconds after which to ask again. The patient leave a reserve."""
        ...

    def count(self, purpose: Purpose) -> None: ...

    def count_refused(self, purpose: Purpose) -> None:
        """The same request, which the tracker refused as one too many."""
        ...


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """An application of Entra that signs in with a secret of its own, and gets a token for an hour or so."""

    tenant: str
    client: str
    secret: Secret
    authority: str = "https://login.microsoftonline.com"
    """Who gives tokens; sovereign clouds have authorities of their own."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a tracker, how it proves itself, and what is asked of it by whom. Secrets are resolved values, kept in
    memory only.
    """

    name: str
    tracker: str
    url: str
    projects: tuple[str, ...] = ()
    user: str | None = None
    token: Secret | None = None
    webhook_user: str | None = None
    webhook_secrets: tuple[Secret, ...] = ()
    ca_file: str | None = None
    rescan: timedelta = timedelta(minutes=15)
    """How often to ask for what webhooks missed."""
    requests_per_second: float | None = None
    """As the mapping limits us; None where only the tracker does. Kept to where there is a ledger."""
    gateway: str | None = None
    """The address of Atlassian's gateway, where alone scoped tokens and those of service accounts open the site."""
    principal: ServicePrincipal | None = None
    """Who signs in, instead of with a token."""
    ledger: Ledger | None = dataclasses.field(default=None, repr=False, compare=False)
    """Where requests are counted and take turns; without one, a client minds only what its own answers told."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What a delivery says. `items` names the items in the body as people do (key, else id), whatever the outcome."""

    event: str
    facts: tuple[TrackerFact, ...]
    items: tuple[str, ...] = ()
    ignored: str | None = None
    """Why a known event says nothing of use; None where it was translated."""


@dataclass(frozen=True, slots=True)
class Current:
    """An item as it is in the tracker now: the asked fields, our badge, and a revision where the tracker guards by one."""

    fields: Mapping[str, FieldValue]
    badge: Badge | None = None
    revision: int | None = None
    key: str = ""
    badge_refused: str | None = None
    """Why the badge could not be looked at, in the tracker's words, although the fields could."""


ItemOutcome: TypeAlias = Sequence[TrackerFact] | Retryable | Permanent
"""What became of one item that was read together with others."""


class TrackerClient(Protocol):
    """Reads and writes one connection. Every call may raise `Retryable`, `Permanent`, `Refused` or `Gone`, and nothing else."""

    most_items: int
    """How many items `items` takes at once."""

    def catalogue(self) -> Catalogue:
        """The tracker's vocabulary: fields, states, levels, projects, and the account we are."""
        ...

    def subtree(self, item: str) -> Iterator[Sequence[TrackerFact]]:
        """The item and all that descends from it, a page of facts at a time, as they are now."""
        ...

    def item(self, item: str) -> Sequence[TrackerFact]:
        """One item as it is now."""
        ...

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        """Each of at most `most_items` items as it is now, or why it could not be read: in one request, as a rule.

        What is raised is about all of them. An item that is missing from the outcome has to be asked for by itself.
        """
        ...

    def answers(self, query: Query) -> Iterator[Sequence[str]]:
        """The ids of the items in the connection's projects that answer the query now, a page at a time.

        Raises `Permanent`, in the tracker's words, where it does not understand the query or knows none of that name.
        """
        ...

    def current(self, item: str, fields: Sequence[str], *, badge: bool) -> Current: ...

    def last_edit(self, item: str, field: str) -> Edit | None:
        """Who set the field to its present value, or None where history does not tell."""
        ...

    def write(
        self,
        item: str,
        fields: Mapping[str, FieldValue],
        *,
        badge: Badge | None = None,
        remove_badge: bool = False,
        revision: int | None = None,
        quiet: bool = True,
    ) -> None:
        """Sets the fields, and the badge where one is given. Raises `Conflict` where `revision` is not the item's any more."""
        ...

    def why_not_quiet(self, project: str) -> str | None:
        """Why writes to items of this project could not be kept from sending mail, or None where they can."""
        ...

    def asked_to_wait(self) -> float:
        """For how many seconds from now the tracker wants nothing asked of it, as it said with answers that were good."""
        ...

    def same(self, field_type: str, ours: FieldValue, theirs: FieldValue) -> bool:
        """Whether two values are equal as this tracker compares a field of that type (rounding, trimming)."""
        ...

    def same_badge(self, ours: Badge, theirs: Badge) -> bool:
        """Whether this tracker would keep both in the same words."""
        ...


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """What one answer of a tracker told about the past, and from where to go on.

    The facts are the same that webhooks would have told, with the same sources; what a history tells less precisely is
    in the published table. `cursor` is a text that only the client reads: kept in the transaction that keeps the facts,
    and given back after a restart, nothing is missed and at most one page is fetched again.
    """

    facts: Sequence[TrackerFact]
    cursor: str
    items: int = 0
    """How many items, versions, runs or pull requests the page tells for the first time, for people who wait."""
    rest: timedelta = timedelta(0)
    """How long not to ask again: where a tracker can only tell all of it, every answer costs as much as the first."""


class Historian(Protocol):
    """Reads the past of one connection. Every call may raise what a `TrackerClient`'s calls may raise, and nothing else."""

    streams: Sequence[str]
    """What the history consists of, by names that people read (`issues`, `versions`; `work items`, `builds`, …), in the
    order in which it is best read."""

    def history(self, stream: str, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        """Whatever changed since then, oldest change first, all of its past included; from `cursor` where there is one.

        Ends when the tracker has no more to tell at present. The last page's cursor then stands for all that was told:
        given back later it tells what changed since, with the overlap that the tracker's search needs.
        """
        ...

    def total(self, stream: str, since: datetime) -> int | None:
        """About how many there are, or None where the tracker does not count them."""
        ...

    def present(self) -> Iterator[Sequence[str]]:
        """The ids of all items that the connection's projects hold now, a page at a time."""
        ...


@runtime_checkable
class Reader(TrackerClient, Historian, Protocol):
    """A client that reads the past, too."""


class HookKeeper(Protocol):
    """Looks after the webhooks of one connection. Every call may raise what a `TrackerClient`'s calls may raise.

    `Refused` means that the account may not look after them; `by_hand` then tells a person what to do.
    """

    occasion: str
    """What a person can do in the tracker to make it send something, where it offers no test."""

    def wanted(self, url: str) -> Sequence[Hook]:
        """What must send to `url`, so that all that this tracker's `translate` reads arrives."""
        ...

    def there(self) -> Sequence[Hook]:
        """All that the tracker has, whoever's they are, told as `wanted` tells them."""
        ...

    def create(self, wanted: Hook) -> None:
        """Raises `Permanent` where the connection has no secret: nobody would take such deliveries."""
        ...

    def mend(self, there: Hook, wanted: Hook) -> None:
        """Makes one that is there into one that is wanted, switched on, with the connection's first secret."""
        ...

    def remove(self, there: Hook) -> None:
        """One that is gone already is as good as removed."""
        ...

    def provoke(self, url: str) -> bool:
        """Makes the tracker send something there that says nothing of use. False where it offers no such test."""
        ...

    def by_hand(self, url: str, secret: str) -> Sequence[str]:
        """What an administrator must click or send instead. `secret` names the secret's place, and is not the secret."""
        ...


class FieldKeeper(Protocol):
    """Looks after the fields of one connection that show card values. Calls raise what a `TrackerClient`'s may raise.

    `Refused` means that the account may not look after them; `by_hand` then tells a person what to do.
    """

    def places(self, types: Sequence[str], known: Sequence[str]) -> Sequence[Place]:
        """Where a field must be for items of these types (of all, where none is named). `known` are ids of fields that
        exist: of these, at least, each place tells whether it has them.
        """
        ...

    def create(self, name: str, value: CardValue) -> str:
        """Makes a field of that name that can hold the value, and tells its id."""
        ...

    def place(self, field: str, place: Place) -> None:
        """Puts a field there. Raises `Permanent` where the tracker does not take it."""
        ...

    def samples(self, types: Sequence[str], fields: Mapping[str, CardValue]) -> Sequence[Sample]:
        """Items of these types, one of each in each project, and which of the fields (by id) cannot be written on them.

        Nothing is written for it.
        """
        ...

    def by_hand(self, fields: Mapping[str, CardValue]) -> Sequence[str]:
        """What an administrator must do instead, for fields by the names that they shall have."""
        ...


class Examiner(Protocol):
    """Looks at what one connection's account sees and may do; nothing is written. Calls raise what a `TrackerClient`'s may."""

    def introduce(self) -> Introduction:
        """Signs in, and hears who we are."""
        ...

    def token_ends(self) -> Sequence[TokenEnd] | None:
        """When the account's tokens end, ours among them; None where the tracker does not tell."""
        ...

    def projects(self) -> Sequence[Project]:
        """All that the account sees, whatever the mapping names."""
        ...

    def permissions(self, project: Project, abilities: Sequence[Ability]) -> Sequence[Permission]:
        """Which of these the account has in the project, with the tracker's own remedy for what it lacks."""
        ...

    def words(self) -> Words:
        """The types and statuses that the account's projects know, as on screen."""
        ...

    def labels(self, projects: Sequence[str]) -> Sequence[str]:
        """Labels or tags in use in these projects (none named: in all), or in the whole tracker where it tells no more.

        None where this version of the tracker does not list them.
        """
        ...

    def sightings(self, projects: Sequence[str], since: datetime) -> Sequence[Sighting]:
        """What ended since then in these projects (none named: in all) and may have been deployments, most often first.

        Of very many projects, pipelines and runs only some are looked at.
        """
        ...

    def count(self, kind: Literal["type", "label"], name: str, projects: Sequence[str], since: datetime) -> int:
        """About how many items of that type, or with that label or tag, were created in these projects since that day."""
        ...


def client_of(clients: Mapping[str, TrackerClient], name: str) -> TrackerClient:
    """The connection's client. Raises `Permanent` where the mapping in force has no such connection."""
    try:
        return clients[name]
    except KeyError:
        raise Permanent("its connection is not in the applied mapping") from None


@dataclass(frozen=True, slots=True)
class Tracker:
    """One tracker's table of contents."""

    name: str
    """As the mapping's `tracker` key says it: `jira`, `jira-data-center`, `azure-devops`, `azure-devops-server`."""
    title: str
    recognises: Callable[[object], bool]
    """Whether a decoded body looks like one of this tracker's."""
    verify: Callable[[Connection, Mapping[str, str], bytes], None]
    """Raises `Unverified` unless headers (lower-case names) prove that the tracker sent the body."""
    delivery_id: Callable[[Mapping[str, str], bytes], str]
    """The same for every repetition of one delivery; a hash of the body where the tracker gives no id."""
    translate: Callable[[Any, datetime], Translation]
    """Decoded body, time of receipt -> facts. Raises `Malformed` or `Unsupported`."""
    connect: Callable[[Connection], TrackerClient]
    largest_body: int
    """The vendor's own cap in bytes."""
    kept_headers: tuple[str, ...]
    """Lower-case names of headers worth keeping with a delivery; never credentials."""
    least_between_writes: timedelta
    translated: tuple[str, ...] = ()
    ignored: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Event kinds that say nothing of use, and why; unknown kinds are `Unsupported` instead."""
    items_of: Callable[[object], tuple[str, ...]] = lambda _body: ()
    """The items a decoded body names, as people do, also where `translate` refuses it. Never raises."""
    event_of: Callable[[object], str | None] = lambda _body: None
    """The kind of event a decoded body claims to be, also where `translate` refuses it. Never raises."""
    address: Address = lambda _subject, _told: ""
    """Where people can look at what facts are about."""
    hooks: Callable[[Connection], HookKeeper] | None = None
    """Who looks after its webhooks; None where this version cannot."""
    fields: Callable[[Connection], FieldKeeper] | None = None
    """Who looks after its fields; None where this version cannot."""

    examiner: Callable[[Connection], Examiner] | None = None
    """Who looks at what the account may do; None where this version cannot."""
    in_cloud: bool = False
    """Whether it runs at its vendor's, and sends to public https addresses only."""
