"""What to say of a key that is not known: where it belongs, or what was probably meant."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from mappings.schema import MainFile, TeamFile
from mappings.schema.delivery import ChangeRule, Delivery, DeploymentRule, IncidentRule, ItemRule
from mappings.schema.forms import Keys
from mappings.schema.okrs import KeyResultKeys
from mappings.schema.selectors import Narrowing, Selector
from mappings.suggestions import did_you_mean, near
from mappings.tree import Path

TRUTHS = {"on": "true", "yes": "true", "y": "true", "off": "false", "no": "false", "n": "false"}
RULES = {
    ItemRule: "an item rule",
    DeploymentRule: "a deployment rule",
    ChangeRule: "a change rule",
    IncidentRule: "an incident rule",
}


def unknown_key(root: type[Keys], path: Path) -> str:
    key = str(path[-1])
    owner = model_at(root, path[:-1]) or root
    known = keys_of(owner)
    if key.casefold() in TRUTHS:
        return (
            f"`{key}` is {TRUTHS[key.casefold()]} to many YAML tools and no key here{did_you_mean(key, sorted(known))}"
        )
    return _belongs_elsewhere(root, owner, key) or f"not a known key{_hint(owner, key, known)}"


def meant_key(root: type[Keys], path: Path) -> str | None:
    """The key that was meant, where it is clear."""
    owner = model_at(root, path[:-1]) or root
    return None if _belongs_elsewhere(root, owner, str(path[-1])) else near(str(path[-1]), sorted(keys_of(owner)))


def _belongs_elsewhere(root: type[Keys], owner: type[Keys], key: str) -> str | None:
    if owner is TeamFile and key in keys_of(MainFile):
        return "is read in the main file only; there it cannot be changed by whoever may change this one"
    if owner is root and key in keys_of(Delivery):
        return "belongs to delivery or a service, not to the top of the file"
    if owner is KeyResultKeys and key == "measure":
        return "not a known key; say kpi, work, count or check_in directly in the key result"
    if owner in RULES:
        homes = [words for rule, words in RULES.items() if key in keys_of(rule) - keys_of(Selector)]
        if homes:
            return f"belongs to {homes[0]}, not to {RULES[owner]}"
    if owner is not root and key in (
        "connections",
        "objectives",
        "links",
        "services",
        "kpis",
        "delivery",
        "write_back",
    ):
        return "belongs to the top of the file"
    return None


def _hint(owner: type[Keys], key: str, known: frozenset[str]) -> str:
    if near(key, known) is None and issubclass(owner, Narrowing):
        return "; a field of the tracker stands under fields"
    return did_you_mean(key, sorted(known))


def keys_of(model: type[Any]) -> frozenset[str]:
    """The keys of a thing, as they are written."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def model_at(model: type[Keys], path: Path) -> type[Keys] | None:
    """The model of what stands at the path; None where no keys of the language stand."""
    steps = iter(path)
    for step in steps:
        if isinstance(step, int):
            continue
        annotation = next((f.annotation for name, f in model.model_fields.items() if (f.alias or name) == step), None)
        inside = _model_in(annotation)
        if inside is None:
            return None
        model = inside
        if _is_named(annotation):
            next(steps, None)
    return model


def _model_in(annotation: Any) -> type[Keys] | None:
    if isinstance(annotation, type) and issubclass(annotation, Keys):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _is_named(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_is_named(part) for part in get_args(annotation))
