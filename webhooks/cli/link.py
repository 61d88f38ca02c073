"""`okrlink link` and `okrlink unlink`: an item feeds a key result because a person says so, beside what tags say."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from integration.core.errors import Gone, MappingInvalid, ServiceError
from integration.core.facts import ItemRef
from integration.core.links import BY_HAND, LINKED, Link, Pattern
from integration.core.scorecard import KeyResult, Work
from integration.ingest import keep_pages
from integration.store import items, marks
from integration.store.marks import Mark
from integration.trackers.budget import asking
from webhooks.cli import Mistake
from webhooks.cli.opened import Opened, open_applied

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@click.argument("item")
@click.argument("key_result")
@_AS_JSON
def link(item: str, key_result: str, *, as_json: bool) -> None:
    """Link ITEM (SHOP-12, 4711, or jira:SHOP-12) to KEY_RESULT by hand.

    What descends from the item counts with it. An item that okrlink never saw is asked for at once.
    """
    with open_applied() as opened:
        _, meant = opened.key_result(key_result)
        ref = _known(opened, item) or _asked(opened, item)
        now = datetime.now(UTC)
        with opened.service.database.write() as connection:
            new = meant.id not in items.by_hand(connection, [ref]).get(ref, ())
            items.link_by_hand(connection, ref, meant.id, now)
            marks.add(connection, [Mark("item", (ref.connection, ref.id), now)])
        opened.service.wakeup.send()
        named = _Named(opened, ref, item, meant)
    said = f"{named} is linked to {meant.id} ({meant.title})." if new else f"{named} was linked to {meant.id} already."
    more = (
        [] if isinstance(meant.measure, Work) else [f"{meant.id} is not measured by work: the item shows it, no more."]
    )
    _say(named, new, [said, *more, f"Undo: okrlink unlink {named} {meant.id}"], as_json=as_json)


@click.command()
@click.argument("item")
@click.argument("key_result")
@_AS_JSON
def unlink(item: str, key_result: str, *, as_json: bool) -> None:
    """Take back what `okrlink link` did. Links that tags make go with the tags."""
    with open_applied() as opened:
        _, meant = opened.key_result(key_result)
        ref = _known(opened, item)
        if ref is None:
            raise Mistake(f"{item} is not linked: okrlink never saw it")
        now = datetime.now(UTC)
        with opened.service.database.write() as connection:
            gone = items.unlink_by_hand(connection, ref, meant.id)
            left = items.direct_links(connection, [ref]).get(ref, frozenset())
            marks.add(connection, [Mark("item", (ref.connection, ref.id), now)] if gone else [])
        opened.service.wakeup.send()
        named = _Named(opened, ref, item, meant)
    others = _others(left, meant)
    if not gone:
        why = f"; it is linked by {others}: change that in the tracker or in the mapping" if others else ""
        raise Mistake(f"{named} is not linked to {meant.id} by hand{why}")
    still = f" It stays linked by {others}." if others else ""
    said = f"{named} is not linked to {meant.id} by hand any more.{still}"
    _say(named, True, [said, f"Undo: okrlink link {named} {meant.id}"], as_json=as_json)


class _Named:
    """An item as people name it: its key, with the connection where the key alone might mean another."""

    def __init__(self, opened: Opened, ref: ItemRef, typed: str, key_result: KeyResult) -> None:
        with opened.service.database.read() as connection:
            row = items.rows(connection, [ref]).get(ref)
            key = row.key if row else typed.strip().rpartition(":")[2]
            shared = len(_refs(items.ids_of_keys(connection, _everywhere(opened, key)))) > 1
        self.ref, self.key, self.key_result = ref, key, key_result
        self._text = f"{ref.connection}:{key}" if shared else key

    def __str__(self) -> str:
        return self._text


def _known(opened: Opened, text: str) -> ItemRef | None:
    """The item that people mean, among those seen so far. Raises `Mistake` where several have that key."""
    candidates = _candidates(opened, text)
    with opened.service.database.read() as connection:
        by_key = _refs(items.ids_of_keys(connection, candidates))
        by_id = set(items.rows(connection, candidates))
    found = sorted(by_key | by_id)
    if len(found) > 1:
        names = " or ".join(f"{ref.connection}:{text.rpartition(':')[2]}" for ref in found)
        raise Mistake(f"{text} means several items; say {names}")
    return found[0] if found else None


def _asked(opened: Opened, text: str) -> ItemRef:
    """Asks the tracker for an item that was never seen, and takes in what it tells."""
    ref = _somewhere(opened, text)
    tracker, settings = opened.service.connections().get(ref.connection, (None, None))
    if tracker is None or settings is None or isinstance(settings, MappingInvalid):
        raise ServiceError(
            f"{ref.id} was never seen here, and {ref.connection} cannot be asked: its secrets are not here"
        )
    try:
        with asking("read"):
            told = tracker.connect(opened.service.ledgers.share(settings)).item(ref.id)
    except Gone as error:
        raise Mistake(f"{ref.connection} knows no item {ref.id}, or its account may not see it") from error
    except ServiceError as error:
        raise ServiceError(f"{ref.id} was never seen here, and {ref.connection} could not be asked: {error}") from error
    with opened.service.database.write() as connection:
        seen = keep_pages(connection, ref.connection, told, datetime.now(UTC))
    if len(seen) != 1:
        raise Mistake(f"{ref.connection} answered with no item for {ref.id}")
    return next(iter(seen))


def _candidates(opened: Opened, text: str) -> Collection[ItemRef]:
    """Where to look: on the connection that was said, else on all. A key may hold a colon nowhere."""
    name, colon, key = text.strip().partition(":")
    if not colon:
        return _everywhere(opened, name)
    if name not in opened.scorecard.connections:
        known = ", ".join(opened.scorecard.connections)
        raise Mistake(f"no connection is called '{name}'; known here: {known}")
    return [ItemRef(name, key.strip())]


def _everywhere(opened: Opened, key: str) -> Collection[ItemRef]:
    return [ItemRef(name, key) for name in opened.scorecard.connections]


def _somewhere(opened: Opened, text: str) -> ItemRef:
    """The one connection that an unseen item can be of: by what was said, its project, or the look of its id."""
    candidates = [ref for ref in _candidates(opened, text) if _may_hold(opened, ref)]
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise Mistake(f"no connection has items like {text}; write SHOP-12 for Jira, 4711 for Azure DevOps")
    raise Mistake(f"{text} was never seen here; say where it is: {' or '.join(map(str, candidates))}")


def _may_hold(opened: Opened, ref: ItemRef) -> bool:
    rule = opened.scorecard.connections[ref.connection]
    if rule.tracker.startswith("azure"):
        return ref.id.isdecimal()
    project, dash, number = ref.id.rpartition("-")
    return bool(dash) and number.isdecimal() and any(Pattern(one).matches(project) for one in rule.projects)


def _refs(found: Mapping[ItemRef, str]) -> set[ItemRef]:
    return {ItemRef(ref.connection, item) for ref, item in found.items()}


def _others(links: Collection[Link], key_result: KeyResult) -> str:
    origins = sorted({one.origin for one in links if one.key_result == key_result.id} - {BY_HAND})
    return " and ".join("the mapping" if one == LINKED else one for one in origins)


def _say(named: _Named, changed: bool, lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {
            "connection": named.ref.connection,
            "id": named.ref.id,
            "key": named.key,
            "key_result": named.key_result.id,
            "changed": changed,
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for line in lines:
        click.echo(line)
