"""An item as KPIs read it, and its stays: its life in the words of the rules, and its fields as last known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from integration.core.catalogue import folded
from integration.core.delivery.choices import Found, found, united
from integration.core.delivery.facts import Stay, Times, WorkItem
from integration.core.delivery.life import REPORTERS, Life
from integration.core.delivery.rules import ItemRule
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.facts import Value
from integration.core.items import Item

PEOPLE = frozenset({*REPORTERS, "assignee", "creator", "System.AssignedTo", "System.ChangedBy"})
"""Not among the fields that KPIs read: nothing is counted by person."""


def as_ruled(life: Life, rules: Sequence[ItemRule], item: Item, vocabulary: Vocabulary) -> Life:
    """The life in which `planned`, `started`, `done` and `first response` are what the rules say they are."""
    said = {
        "planned": [rule.planned for rule in rules if rule.planned],
        "started": [rule.started for rule in rules if rule.started],
        "done": [rule.done for rule in rules if rule.done],
        "first response": [rule.responded for rule in rules if rule.responded],
    }
    meant = {
        name: united(found(choice, life, item, vocabulary) for choice in choices)
        for name, choices in said.items()
        if choices
    }
    return with_moments(life, meant)


def with_moments(life: Life, meant: Mapping[str, Found]) -> Life:
    """The life with these moments instead of its own. Whatever was done is not, once the item is dropped."""
    if not meant:
        return life
    moments, undone = dict(life.moments), dict(life.undone)
    for name, (times, ceased) in meant.items():
        dropped = [at for at in life.dropped if times and at > times[0]] if name == "done" else []
        for kept, told in ((moments, times), (undone, tuple(sorted({*ceased, *dropped})))):
            kept.pop(name, None)
            if told:
                kept[name] = told
    return replace(life, moments=moments, undone=undone)


def fields_of(item: Item, rules: Iterable[ItemRule], vocabulary: Vocabulary) -> dict[str, Value]:
    """Every field that holds something, by its id and by its name on screen; of several of one name the first.

    Status and state are those of now: the history, where there is one, knows them as of any time.
    """
    fields: dict[str, Value] = {}
    for name, value in item.fields.items():
        if value is None or value in ("", ()) or name in PEOPLE:
            continue
        for shown in vocabulary.shown(name):
            fields.setdefault(shown, value)
    own: dict[str, Value] = {
        "key": item.key,
        "title": item.title,
        "project": item.project,
        "project name": item.project_name or vocabulary.catalogue.projects.get(item.project),
        "type": item.type,
        "status": item.status,
        "state": item.state,
        "level": item.level,
        "priority": item.priority,
        "labels": item.labels,
        "components": item.components,
        "area": item.area,
    }
    fields.pop("service", None)  # what the rules say it belongs to, whatever a field of that name holds
    fields |= {name: value for name, value in own.items() if value not in (None, "", ())}
    escaped = [rule.escaped for rule in rules if rule.escaped is not None]
    return {**fields, "escaped": any(escaped)} if escaped else fields


def work_item(item: Item, life: Life, fields: Mapping[str, Value]) -> WorkItem:
    return WorkItem(
        id=str(item.ref),
        moments=life.moments,
        undone=life.undone,
        fields=fields,
        history=life.history,
        item=item.ref,
    )


def stays(item: Item, life: Life, fields: Mapping[str, Value]) -> tuple[Stay, ...]:
    """One for each time that it was in a status; the one it is in has not been left."""
    rest = {name: value for name, value in fields.items() if name != "state"}
    plain: dict[str, Times] = {name: times for name, times in life.moments.items() if not _is_of_status(name)}
    undone = {name: times for name, times in life.undone.items() if not _is_of_status(name)}
    return tuple(
        Stay(
            id=f"{item.ref}:{number}",
            moments={
                **plain,
                "entered": (stretch.entered,),
                **({"left": (stretch.left,)} if stretch.left is not None else {}),
            },
            undone=undone,
            fields={
                **rest,
                "item": item.key,
                "status": stretch.status,
                **({"state": stretch.state} if stretch.state is not None else {}),
            },
            item=item.ref,
        )
        for number, stretch in enumerate(life.stretches, 1)
    )


def _is_of_status(moment: str) -> bool:
    return moment.startswith(("entered ", "left "))


def names_of(item: Item) -> tuple[str, ...]:
    """By what deployments and incidents can name the item: itself, its key, and the versions that it is fixed in."""
    versions = item.fields.get("fix_versions")
    told = (str(item.ref), folded(item.key), *(map(folded, versions) if isinstance(versions, tuple) else ()))
    return tuple(dict.fromkeys(told))
