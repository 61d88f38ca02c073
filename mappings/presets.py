"""The presets: KPIs in the language itself, a file for each school, from which a team's own start (`use: dora/lead-time`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from mappings import source
from mappings.kpis.layers import merged
from mappings.schema.kpis import KpiKeys


@cache
def presets() -> Mapping[str, KpiKeys]:
    """Every preset by its name, on top of the defaults of its file."""
    known: dict[str, KpiKeys] = {}
    for file in sorted((resources.files("mappings") / "presets").iterdir(), key=lambda file: file.name):
        school, _, kind = file.name.partition(".")
        if kind != "yaml":
            continue
        sections = _sections(file.name, file.read_bytes())
        defaults = sections.pop("defaults", KpiKeys())
        known |= {f"{school}/{name}": merged([defaults, keys]) for name, keys in sections.items()}
    return known


def _sections(name: str, data: bytes) -> dict[str, KpiKeys]:
    document, problems = source.read(name, data)
    plain = document.plain()
    if problems or not isinstance(plain, dict):
        raise AssertionError(f"{name} is a part of this program and no preset file: {problems}")
    return {section: KpiKeys.model_validate(keys) for section, keys in plain.items()}
