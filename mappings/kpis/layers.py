"""What a KPI says on top of its preset, and that on top of the defaults of its file.

Maps (`where`, `measure`) merge key by key, all else is replaced; a measure of another kind replaces the measure, and with
it what was said of its values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integration.core.catalogue import folded
from mappings.schema.filters import FilterKeys
from mappings.schema.kpis import KpiKeys
from mappings.schema.measures import MeasureKeys, kinds_of

OF_THE_MEASURE = ("measure", "aggregate", "unit", "better", "bands", "description", "source")
"""Keys that mean nothing without the measure that they were said of."""


def merged(layers: Iterable[KpiKeys]) -> KpiKeys:
    """The keys of all layers, the lowest first."""
    said: dict[str, Any] = {}
    for layer in layers:
        own = _said(layer)
        below, above = said.get("measure"), own.get("measure")
        if below is not None and above is not None and _another_kind(below, above):
            said = {key: value for key, value in said.items() if key not in OF_THE_MEASURE}
        elif below is not None and above is not None and above.per not in (None, below.per):
            said.pop("unit", None)  # what was shown by the week is divided by something else now
        said |= {key: _on_top(said.get(key), value) for key, value in own.items()}
    return KpiKeys.model_construct(**said)


def _said(keys: Any) -> dict[str, Any]:
    """The keys that are said, by their names in the model."""
    return {name: value for name in type(keys).model_fields if (value := getattr(keys, name)) is not None}


def _another_kind(below: MeasureKeys, above: MeasureKeys) -> bool:
    kinds = kinds_of(above)
    return bool(kinds) and kinds != kinds_of(below)


def _on_top(below: Any, above: Any) -> Any:
    if isinstance(above, MeasureKeys) and isinstance(below, MeasureKeys):
        return MeasureKeys.model_construct(**{**_said(below), **_said(above)})
    if isinstance(above, FilterKeys) and isinstance(below, FilterKeys):
        fields = {**_folded(below), **_folded(above)}
        return FilterKeys.model_validate({}).model_copy(
            update={
                "either": above.either if above.either is not None else below.either,
                "excluded": above.excluded or below.excluded,
                **fields,
            }
        )
    return above


def _folded(keys: FilterKeys) -> dict[str, Any]:
    """Its fields by names that compare: capitals never matter, and a tag is a label."""
    return {field_name(name): conditions for name, conditions in keys.fields.items()}


def field_name(written: str) -> str:
    name = folded(written)
    return "label" if name == "tag" else name
