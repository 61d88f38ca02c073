"""Each KPI of a file with all that it starts from, and the place at which any part of it was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from integration.core.errors import Problem
from integration.core.kpi.language import AnyOf, BusinessHours, Filter, Kpi, PushedNumbers
from integration.core.links import Pattern
from mappings.bands import completed
from mappings.calendars import days_off
from mappings.kpis.layers import field_name, merged
from mappings.kpis.sentences import Setting, kpi, narrowed
from mappings.presets import presets
from mappings.schema import MainFile
from mappings.schema.kpis import KpiKeys
from mappings.whole import Said, Whole

YEARS = range(2000, 2051)
"""Of which days off are known: facts are older than any plan, and plans reach ahead."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A KPI with its preset and the defaults of its file. `keys` are all of them, merged."""

    said: Said[KpiKeys]
    defaults: KpiKeys | None
    keys: KpiKeys

    @property
    def name(self) -> str:
        return self.said.name

    def problem(self, message: str, *steps: str | int, warning: bool = False, at_key: bool = False) -> Problem:
        """Where the KPI says it, else where its file's defaults do, else at the preset that it comes from."""
        document = self.said.file.document
        own, usual = self.said.path, ("kpis", "defaults")
        if not steps or self.said.has(steps[0]):
            return document.problem((*own, *steps), message, at_key=at_key or not steps, warning=warning)
        if document.said((*usual, steps[0])):
            return document.problem((*usual, *steps), message, at_key=at_key, warning=warning)
        return self.said.at_key(message, "use", warning=warning)


def resolved(whole: Whole) -> Iterator[Resolved]:
    """Every KPI, also one whose preset nobody knows."""
    for said in whole.kpis():
        yield _resolved(said)


def _resolved(said: Said[KpiKeys]) -> Resolved:
    own, defaults = said.keys, said.file.keys.kpis.get("defaults")
    use = own.use or (defaults.use if defaults else None) or ""
    preset = presets().get(use)
    keys = merged(layer for layer in (defaults, preset, own) if layer is not None)
    meant_as_is = preset is not None and use.rpartition("/")[2] == said.name
    title = own.title or (preset.title if preset and meant_as_is else None)
    bands = completed(keys.bands, use)
    return Resolved(said, defaults, keys.model_copy(update={"title": title, "use": use or None, "bands": bands}))


def setting(settings: MainFile) -> Setting:
    hours = settings.business_hours
    off = days_off(settings.holidays, YEARS) if hours and settings.holidays else frozenset()
    return Setting(
        settings.timezone or "UTC",
        settings.week_starts or "monday",
        BusinessHours(hours.spans, off) if hours else None,
    )


def kpis(whole: Whole) -> Mapping[str, Kpi]:
    """The KPIs of all files. None of them has a mistake."""
    usual = setting(whole.settings)
    return {each.name: kpi(each.name, each.keys, usual) for each in resolved(whole)}


def of_preset(name: str, usual: Setting | None = None) -> Kpi:
    """A preset as it stands. Raises KeyError where none has that name."""
    keys = presets()[name]
    return kpi(name, keys.model_copy(update={"use": name}), usual or Setting())


def narrowed_to(one: Kpi, name: str, was: tuple[str, ...], where: Mapping[str, tuple[Pattern, ...]]) -> Kpi:
    """The KPI of only those facts, which is another, and has that name; the KPI itself where nothing narrows it.

    What the team wants of the whole is nothing that it wants of the part.
    """
    if not where:
        return one
    only = Filter(tests=tuple((field_name(field), AnyOf(patterns)) for field, patterns in where.items()))
    part = narrowed(one.measure, only)
    if isinstance(part, PushedNumbers):
        part = replace(part, under=one.pushed_as)
    return replace(one, name=name, measure=part, target=None, keep=None, was=was)
