"""A whole without mistakes -> the scorecard and the connections. Every default of the language is applied here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from integration.core.errors import Problem
from integration.core.kpi.language import Dates, Kpi
from integration.core.links import LinkedWork, TagRule
from integration.core.quantities import Quantity
from integration.core.retention import Retention
from integration.core.scorecard import (
    ConnectionRule,
    Count,
    Cycle,
    KeyResult,
    Measure,
    Measured,
    Objective,
    People,
    Scorecard,
    Work,
    WriteBackRule,
)
from mappings.calendars import days_off
from mappings.cycles import by_name
from mappings.delivery import delivery
from mappings.kpis.resolved import kpis as kpis_of
from mappings.kpis.resolved import narrowed_to, of_preset, setting
from mappings.loaded import ConnectionSource
from mappings.schema.connections import ConnectionKeys, TrackerName
from mappings.schema.okrs import KeyResultKeys, ObjectiveKeys
from mappings.schema.selectors import LinkRule, WeighedSelector
from mappings.schema.write_back import WriteBackKeys
from mappings.selecting import selector
from mappings.sites import tracker_by_address
from mappings.starts import Measured as MeasuredStart
from mappings.whole import Said, Whole

DEFAULT_LABEL = "kr:*"
UNITS = ("items", "story points", "weight")


def scorecard(whole: Whole) -> Scorecard:
    settings = whole.settings
    kpis = kpis_of(whole)
    objectives = tuple(_objective(whole, kpis, objective) for objective in whole.objectives())
    hours = settings.business_hours
    rules = {each.name: _connection_rule(each) for each in whole.connections()}
    return Scorecard(
        timezone=ZoneInfo(settings.timezone or "UTC"),
        objectives=objectives,
        tags=tuple(_tags(whole)),
        write_back={rule.name: _write_back(whole, rule) for rule in whole.write_backs()},
        connections=rules,
        delivery=delivery(whole, rules),
        grading=settings.grading or "viva",
        working_days=hours.days if hours else frozenset(range(5)),
        holidays=days_off(settings.holidays, _years(objectives)) if settings.holidays else frozenset(),
        kpis=kpis,
    )


def connections(whole: Whole) -> tuple[ConnectionSource, ...]:
    return tuple(_connection(each) for each in whole.connections())


def retention(whole: Whole) -> Retention:
    said, usual = whole.settings.retention, Retention()
    if said is None:
        return usual
    return Retention(said.deliveries or usual.deliveries, said.dead or usual.dead)


def cycle_of(whole: Whole, objective: Said[ObjectiveKeys]) -> Cycle | None:
    """The objective's cycle: its own, else its file's, else the main file's."""
    name = objective.keys.cycle or objective.file.keys.cycle or whole.settings.cycle
    return find_cycle(whole, name) if name else None


def find_cycle(whole: Whole, name: str) -> Cycle | None:
    usual = by_name(name)
    said = next((cycle.keys for cycle in whole.cycles() if cycle.name == name), None)
    if said is None:
        return usual
    first, last = said.from_ or (usual and usual.first), said.to or (usual and usual.last)
    return Cycle(name, first, last) if first and last else None


def tracker_of(connection: Said[ConnectionKeys]) -> TrackerName | None:
    return connection.keys.tracker or tracker_by_address(connection.keys.url.written() or "")


def unit_of(work: str) -> str:
    """One of `UNITS`, or the name of a field: `field NAME` is a field, whatever its name."""
    word = " ".join(work.split())
    if word.casefold() in UNITS:
        return word.casefold()
    field = word.removeprefix("field ")
    return word if field.casefold() in UNITS else field


def _objective(whole: Whole, kpis: Mapping[str, Kpi], said: Said[ObjectiveKeys]) -> Objective:
    keys = said.keys
    cycle = cycle_of(whole, said)
    if cycle is None:
        raise AssertionError(f"{said.name} was checked to have a cycle")
    owner = keys.owner or said.file.keys.owner or whole.settings.owner or ""
    return Objective(
        id=said.name,
        title=keys.title,
        cycle=cycle,
        key_results=tuple(
            _key_result(said.name, owner, name, each, _measure(whole, kpis, said.name, name, each))
            for name, each in keys.key_results.items()
        ),
        description=keys.description or "",
        strategy=keys.strategy or "",
        owner=owner,
        team=keys.team or said.file.keys.team or whole.settings.team or "",
        supports=keys.supports or (),
        guardrails=keys.guardrails or (),
        was=keys.was or (),
    )


def _key_result(objective: str, owner: str, name: str, keys: KeyResultKeys, measure: Measure) -> KeyResult:
    target = keys.target
    if isinstance(measure, Work) and keys.keep is None:
        target = Quantity(Decimal(100), "%") if target is None else target
        target = Quantity(target.number, "%") if isinstance(target, Quantity) else target
    return KeyResult(
        id=f"{objective}.{name}",
        name=name,
        objective=objective,
        title=keys.title,
        measure=measure,
        description=keys.description or "",
        owner=keys.owner or owner,
        start=keys.start if isinstance(keys.start, Quantity) else None,
        target=target,
        keep=keys.keep,
        by=keys.by,
        weight=Decimal(1) if keys.weight is None else keys.weight,
        kind=keys.kind or "committed",
        ramp=keys.ramp or "linear",
        milestones=tuple(sorted((keys.milestones or {}).items())),
        linked=tuple(map(_linked, keys.linked)),
        was=_former(objective, keys),
    )


def _linked(keys: WeighedSelector) -> LinkedWork:
    return LinkedWork(selector(keys), Decimal(1) if keys.weight is None else keys.weight)


def _former(objective: str, keys: KeyResultKeys) -> tuple[str, ...]:
    return tuple(name if "." in name else f"{objective}.{name}" for name in keys.was or ())


def _measure(whole: Whole, kpis: Mapping[str, Kpi], objective: str, name: str, keys: KeyResultKeys) -> Measure:
    if keys.kpi is not None:
        kpi = kpis[keys.kpi] if keys.kpi in kpis else of_preset(keys.kpi, setting(whole.settings))
        part = narrowed_to(kpi, f"{objective}.{name}", _former(objective, keys), keys.where or {})
        return Measured(part, _measured_days(whole, keys))
    if keys.count is not None:
        return Count(selector(keys.count))
    if keys.work is not None:
        return Work(unit_of(keys.work), keys.unestimated or "median")
    return People(keys.check_in or "weekly")


def _measured_days(whole: Whole, keys: KeyResultKeys) -> Dates | None:
    """The days over which its start is measured, where it names them."""
    start = keys.start
    if not isinstance(start, MeasuredStart):
        return None
    if start.days is not None:
        return Dates(*start.days)
    cycle = find_cycle(whole, start.cycle) if start.cycle else None
    return Dates(cycle.first, cycle.last) if cycle else None


def _tags(whole: Whole) -> Iterator[TagRule]:
    """The rules of all files; where no file says `links`, people tag with kr:NAME."""
    if not any(file.document.said(("links",)) for file in whole.files):
        yield TagRule(label=DEFAULT_LABEL)
    for file in whole.files:
        yield from map(_tag, file.keys.links)


def _tag(rule: LinkRule) -> TagRule:
    return TagRule(label=rule.label or rule.tag, field=rule.field, only=selector(rule))


def _write_back(whole: Whole, said: Said[WriteBackKeys]) -> WriteBackRule:
    keys = said.keys
    tracker = next((tracker_of(each) for each in whole.connections() if each.name == said.name), None)
    usual = timedelta(minutes=15 if tracker in ("azure-devops", "azure-devops-server") else 1)
    return WriteBackRule(
        connection=said.name,
        fields=keys.fields or {},
        to=keys.to or (),
        remote_link=bool(keys.remote_link),
        many=keys.many or "list",
        edits=keys.edits or "keep",
        quiet=keys.quiet is not False,
        every=keys.every or usual,
        stop_above=Decimal(25) if keys.stop_above is None else keys.stop_above,
    )


def _connection_rule(said: Said[ConnectionKeys]) -> ConnectionRule:
    source = _connection(said)
    return ConnectionRule(
        name=source.name,
        tracker=source.tracker,
        url=(source.url.written() or "").rstrip("/"),
        projects=source.projects,
        estimate=said.keys.estimate,
        sub_tasks=said.keys.sub_tasks,
    )


def _connection(said: Said[ConnectionKeys]) -> ConnectionSource:
    keys = said.keys
    tracker = tracker_of(said)
    if tracker is None:
        raise AssertionError(f"{said.name} was checked to have a tracker")
    secrets = keys.webhook_secret or ()
    return ConnectionSource(
        name=said.name,
        tracker=tracker,
        url=keys.url,
        projects=tuple(project.text for project in keys.projects),
        user=keys.user,
        token=keys.token,
        webhook_user=keys.webhook_user,
        webhook_secrets=secrets,
        ca_file=keys.ca_file,
        rescan=keys.rescan or timedelta(minutes=15 if secrets else 1),
        requests_per_second=keys.requests_per_second,
        gateway=bool(keys.gateway),
        tenant=keys.tenant,
        client=keys.client,
        client_secret=keys.client_secret,
        places=_places(said, len(secrets)),
    )


def _places(said: Said[ConnectionKeys], secrets: int) -> Mapping[str, Problem]:
    keys = ("url", "user", "token", "tenant", "client", "client_secret", "webhook_user", "ca_file")
    places = {key: said.at_value("", key) for key in keys if said.has(key)}
    return places | {f"webhook_secret[{at}]": said.at_value("", "webhook_secret", at) for at in range(secrets)}


def _years(objectives: tuple[Objective, ...]) -> range:
    """The years that any plan touches."""
    days: list[date] = []
    for objective in objectives:
        days += [objective.cycle.first, objective.cycle.last]
        days += [key_result.by for key_result in objective.key_results if key_result.by]
    return range(min(days).year, max(days).year + 1) if days else range(0)
