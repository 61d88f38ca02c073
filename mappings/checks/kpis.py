"""KPIs: their presets, their sentences, and what key results and objectives make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integration.core.errors import Problem
from integration.core.kpi.language import BusinessHours, Kpi
from integration.core.quantities import Quantity, Relative
from mappings.bands import completed, is_known, published_for, reports
from mappings.calendars import wrong_with_time_zone
from mappings.checks import measures, sentences
from mappings.kpis import kinds
from mappings.kpis.resolved import Resolved, of_preset, resolved
from mappings.kpis.sentences import Setting, kpi
from mappings.presets import presets
from mappings.schema.kpis import BandsKeys
from mappings.suggestions import did_you_mean
from mappings.whole import Whole
from mappings.wording import found, listed

JUDGED = Setting(business=BusinessHours(()))
"""Enough of a setting to judge a KPI by: days off are slow to tell, and the file's time zone is judged elsewhere."""


def unknown_presets(whole: Whole) -> Iterator[Problem]:
    for file in whole.files:
        for name, keys in file.keys.kpis.items():
            if keys.use is not None and keys.use not in presets():
                message = f"no preset is called {found(keys.use)}{did_you_mean(keys.use, presets())}"
                yield file.document.problem(("kpis", name, "use"), message)


def unknown_bands(whole: Whole) -> Iterator[Problem]:
    """Bands that only say whose they are must be published, and for this preset. Said in `defaults`, for whichever have any."""
    for file in whole.files:
        for name, keys in file.keys.kpis.items():
            if keys.bands is None or keys.bands.labels or not file.document.said(("kpis", name, "bands")):
                continue
            usual = file.keys.kpis.get("defaults")
            use = keys.use or (usual.use if usual else None) or ""
            is_found = name == "defaults" and is_known(keys.bands)
            if not is_found and completed(keys.bands, use) is None and (not use or use in presets()):
                steps = ("kpis", name, "bands", *(["from"] if keys.bands.from_ else []))
                yield file.document.problem(steps, _no_bands(keys.bands, use))


def _no_bands(said: BandsKeys, preset: str) -> str:
    write = 'write them as `good: ">= 5"`'
    if said.from_ is None:
        return f"says no bands; {write}, or `from: DORA 2024` alone for those of a report"
    known = published_for(preset) if preset else tuple(reports())
    if not known:
        return f"nobody published bands for {preset}; {write}"
    if not preset and is_known(said):
        return f"{found(said.from_)} has bands for presets, and this KPI has none; {write}"
    return f"{found(said.from_)} has no bands{f' for {preset}' if preset else ''}; known are {listed(known)}"


def words(whole: Whole) -> Iterator[Problem]:
    """What is wrong with each KPI; where nothing is, what might be better."""
    aims = {key_result.keys.kpi for _, key_result in whole.key_results()}
    for each in resolved(whole):
        wrong = [*_own_time_zone(each)]
        if not wrong and _readable(each):
            wrong = list(measures.faults(whole, each)) or list(sentences.faults(each, _judged(each)))
            advice = () if wrong else sentences.advice(each, _judged(each), watched=each.name in aims)
            yield from (each.problem(message, *steps, warning=True) for steps, message in advice)
        yield from (each.problem(message, *steps) for steps, message in wrong)


def _readable(each: Resolved) -> bool:
    """Whether all that it says of its sentence could be read, and its preset is known."""
    use = each.keys.use
    said_but_unread = (key for key in each.said.names() if getattr(each.said.keys, key, None) is None)
    return (use is None or use in presets()) and not any(said_but_unread) and measures.complete(each)


def _sound(whole: Whole, each: Resolved) -> bool:
    """Whether it is a sentence, whatever its words are worth."""
    return not any(_own_time_zone(each)) and _readable(each) and not any(measures.faults(whole, each))


def _own_time_zone(each: Resolved) -> Iterator[measures.Fault]:
    name = each.said.keys.timezone or (each.defaults.timezone if each.defaults else None)
    if name and (wrong := wrong_with_time_zone(name)):
        yield ("timezone",), wrong


def _judged(each: Resolved) -> Kpi:
    return kpi(each.name, each.keys, JUDGED)


def key_results(whole: Whole) -> Iterator[Problem]:
    """What a key result says of its KPI must be words of that KPI's facts, and numbers of its kind."""
    known = {each.name: each for each in resolved(whole) if _sound(whole, each)}
    for _, said in whole.key_results():
        name = said.keys.kpi or ""
        if name not in known and name not in presets():
            continue
        one = _judged(known[name]) if name in known else of_preset(name)
        for field in said.keys.where or {}:
            if wrong := sentences.no_field_of(one, field):
                yield said.at_key(wrong, "where", field)
        kind = kinds.of_value(one.measure, one.aggregate)
        if kind == "share" and (share := _share_meant(said.keys.target)):
            yield said.at_value(share, "target", warning=True)
        for key in ("start", "target"):
            number = getattr(said.keys, key)
            if isinstance(number, Quantity) and (wrong := kinds.wrong_with_quantity(number, kind, one.unit)):
                yield said.at_value(wrong, key)
        if said.keys.keep and (wrong := kinds.wrong_with_quantity(said.keys.keep.quantity, kind, one.unit)):
            yield said.at_value(wrong, "keep")


def _share_meant(target: Quantity | Relative | None) -> str | None:
    """0.5 where percent are meant."""
    if not isinstance(target, Quantity) or target.unit or not 0 < abs(target.number) < 1:
        return None
    return f"{target.number} is {target.number} %; did you mean {(target.number * 100).normalize():f} %?"


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (unknown_presets, unknown_bands, words, key_results)
