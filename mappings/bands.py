"""Bands that somebody published, by whose and which year they are (`bands: {from: DORA 2024}`), and the presets they are for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from integration.core.catalogue import folded
from mappings import source
from mappings.schema.kpis import BandsKeys

Published = Mapping[str, BandsKeys]
"""Preset -> its bands."""


@cache
def reports() -> Mapping[str, Published]:
    """Every publication by its name, with the bands that it has for presets."""
    known: dict[str, Published] = {}
    for file in sorted((resources.files("mappings") / "bands").iterdir(), key=lambda file: file.name):
        known |= {name: _published(name, told) for name, told in _plain(file.name, file.read_bytes()).items()}
    return known


def completed(said: BandsKeys | None, preset: str) -> BandsKeys | None:
    """Bands as they are said; of those that only say whose they are the published ones, or None where there are none."""
    if said is None or said.labels:
        return said
    return next((bands[preset] for name, bands in reports().items() if _is(name, said) and preset in bands), None)


def is_known(said: BandsKeys) -> bool:
    """Whether somebody published bands under this name, for whatever presets."""
    return any(_is(name, said) for name in reports())


def published_for(preset: str) -> tuple[str, ...]:
    """The publications that have bands for a preset."""
    return tuple(name for name, bands in reports().items() if preset in bands)


def _is(name: str, said: BandsKeys) -> bool:
    return folded(name) == folded(said.from_ or "")


def _published(name: str, told: object) -> Published:
    bands = told if isinstance(told, dict) else {}
    return {preset: BandsKeys.model_validate({"from": name, **labels}) for preset, labels in bands.items()}


def _plain(name: str, data: bytes) -> Mapping[str, object]:
    document, problems = source.read(name, data)
    plain = document.plain()
    if problems or not isinstance(plain, dict):
        raise AssertionError(f"{name} is a part of this program and no file of bands: {problems}")
    return plain
