"""The KPI step: measure a KPI as of now, and the days whose windows hold what is another now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from integration.core.kpi.history import history
from integration.core.kpi.language import Kpi, PushedNumbers
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known, Measurement
from integration.core.kpi.needs import Need, needs
from integration.core.kpi.sides import sides, streams
from integration.core.kpi.summary import Summary, summary
from integration.core.kpi.windows import Calendar
from integration.core.measured import KpiFigure, figure_of
from integration.core.scorecard import KeyResult, Measured, Scorecard
from integration.refresh.knowing import Extent, extent_of
from integration.refresh.policy import Policy, Writing, step
from integration.store import applied, marks, measurements
from integration.store.db import Database
from integration.store.instants import from_micros
from integration.store.known import known
from integration.store.marks import Claimed, Mark

KEPT_DAYS = 760
"""Two years and a month: what is looked back on. Earlier days are not measured."""
DAYS_AT_ONCE = 62
"""Days of history in one transaction, so that a long past does not keep others waiting."""
_DAY = timedelta(days=1)


def measure_kpis(db: Database, policy: Policy, now: datetime, today: datetime) -> int:
    """Measures the KPIs whose marks have settled; returns how many. `today` is the moment that numbers are as of."""
    with db.read() as connection:
        wanted = marks.settled(connection, "kpi", now)
    return sum(
        step(db, policy, "kpi", [subject], lambda c, claimed: _measure(c, policy, claimed, now, today), now)
        for subject in wanted
    )


def _measure(connection: Connection, policy: Policy, claimed: Claimed, now: datetime, today: datetime) -> Writing:
    writings = [_measure_one(connection, policy, *one, now, today) for one in claimed.details.items()]

    def write(connection: Connection) -> None:
        for writing in writings:
            writing(connection)

    return write


def _measure_one(
    connection: Connection,
    policy: Policy,
    subject: marks.Subject,
    details: Sequence[str],
    now: datetime,
    today: datetime,
) -> Writing:
    kpi = policy.scorecard.watched.get(subject[1])
    if kpi is None:
        return lambda _: None  # it is not in the mapping any more; its history stays
    before = measurements.newest(connection, [kpi.name]).get(kpi.name)
    extent = extent_of(connection, policy)
    definition = _ground(kpi, extent)
    is_other = before is not None and before.definition != definition
    current = summary(measure(kpi, _known(connection, extent, needs(kpi, today)), today))
    days = _days(connection, extent, kpi, details, today, anew=before is None or is_other)
    now_told, later = days[:DAYS_AT_ONCE], days[DAYS_AT_ONCE:]
    told = _history(connection, extent, kpi, now_told)
    moved = is_other or before is None or _number(before.summary) != _number(current) or bool(told)
    waiting = _waiting(policy.scorecard, kpi.name) if moved else ()

    def write(connection: Connection) -> None:
        if is_other:
            measurements.forget_days(connection, kpi.name)
        measurements.save(connection, current, definition)
        measurements.save_days(connection, told)
        if later:
            from_then_on = Calendar(kpi.timezone, kpi.week_starts).midnight(later[0])
            marks.add(connection, [Mark("kpi", subject, now, marks.since(from_then_on))])
        marks.measure_again(connection, waiting, now)

    return write


def known_of(connection: Connection, policy: Policy, wanted: Sequence[Need]) -> Known:
    """What the database knows, as far as it is needed."""
    return _known(connection, extent_of(connection, policy), wanted)


def _known(connection: Connection, extent: Extent, wanted: Sequence[Need]) -> Known:
    return known(connection, wanted, extent.since, extent.unsaid, extent.unsaid_fields)


def figure(connection: Connection, policy: Policy, key_result: KeyResult, measured: Measured) -> KpiFigure:
    """What a KPI says of a key result: as measured last, and as of where the key result begins.

    It begins over the days that the mapping says, or where the KPI stood at the first midnight of the cycle.
    """
    kpi = measured.kpi
    extent = extent_of(connection, policy)
    now = measurements.newest(connection, [kpi.name]).get(kpi.name)
    told = as_defined(kpi, now)
    begun: Measurement | None = None
    found = policy.scorecard.find(key_result.id)
    days: Sequence[tuple[date, Summary]] = ()
    if told is not None and found is not None:
        days = measurements.days(connection, kpi.name, found[0].cycle.first, key_result.by or found[0].cycle.last)
    if key_result.start is None and key_result.keep is None and found is not None:
        calendar = Calendar(policy.scorecard.timezone, kpi.week_starts)
        as_of = calendar.midnight(measured.start.last + _DAY if measured.start else found[0].cycle.first)
        asked = needs(kpi, as_of, measured.start)
        begun = measure(kpi, _known(connection, extent, asked), as_of, measured.start)
    return figure_of(kpi, key_result, told, begun, days)


def _ground(kpi: Kpi, extent: Extent) -> str:
    """What all numbers of a KPI stand on: its definition, and since when what it reads is known. Other ground, other past."""
    read = {stream for side in sides(kpi) for stream in streams(side)}
    reach = [(stream, extent.since.get(stream), extent.unsaid.get(stream)) for stream in sorted(read)]
    return f"{digest(kpi)} {hashlib.sha256(repr(reach).encode()).hexdigest()[:16]}"


def as_defined(kpi: Kpi, measured: measurements.Measured | None) -> Summary | None:
    """What was measured last, unless the KPI was another one then. On other ground than today's it is still the last."""
    return measured.summary if measured is not None and measured.definition.startswith(digest(kpi)) else None


def digest(kpi: Kpi) -> str:
    """Equal for KPIs that give the same numbers, whatever is said around them, and whatever they are called."""
    words = {"title": "", "description": "", "owner": "", "review": "", "source": "", "kind": "", "indicator": ""}
    bare = replace(kpi, **words, name="", preset="", was=(), business=None)  # type: ignore[arg-type] # all of them are texts
    hours = (kpi.business.spans, sorted(kpi.business.holidays)) if kpi.business else ()
    under = kpi.pushed_as if isinstance(kpi.measure, PushedNumbers) else ()
    return hashlib.sha256(f"{bare!r} {hours!r} {under!r}".encode()).hexdigest()[:16]


def _days(
    connection: Connection, extent: Extent, kpi: Kpi, details: Sequence[str], today: datetime, *, anew: bool
) -> Sequence[date]:
    """The days that are over and must be measured: those since what changed, and those that nobody has measured yet."""
    zone = kpi.timezone
    yesterday = today.astimezone(zone).date() - _DAY
    begun = [since.astimezone(zone).date() for since in extent.since.values()]
    earliest = max(min(begun, default=yesterday), yesterday - KEPT_DAYS * _DAY)
    newest = None if anew else measurements.newest_day(connection, kpi.name)
    first = earliest if newest is None else newest + _DAY
    for detail in details:
        first = min(first, from_micros(int(detail)).astimezone(zone).date())
    first = max(first, earliest)
    return [first + number * _DAY for number in range((yesterday - first).days + 1)]


def _history(connection: Connection, extent: Extent, kpi: Kpi, days: Sequence[date]) -> Mapping[date, Summary]:
    """What the KPI was at the end of each of these days, which follow each other."""
    if not days:
        return {}
    calendar = Calendar(kpi.timezone, kpi.week_starts)
    first, last = (needs(kpi, calendar.midnight(day + _DAY)) for day in (days[0], days[-1]))
    wanted = [
        replace(later, first=earlier.first, last=earlier.last if later.open else later.last)
        for earlier, later in zip(first, last, strict=True)
    ]
    told = history(kpi, _known(connection, extent, wanted), days)
    return {day: summary(one) for day, one in zip(days, told, strict=True)}


def _number(told: Summary) -> object:
    """What of a measurement others depend on."""
    return told.value, told.unit, told.reason, told.meets, told.holds


def _waiting(scorecard: Scorecard, name: str) -> Sequence[str]:
    """The key results that are measured by a KPI, and those of objectives that it guards."""
    return sorted(
        key_result.id
        for objective, key_result in scorecard.key_results()
        if name in objective.guardrails
        or (isinstance(key_result.measure, Measured) and key_result.measure.kpi.name == name)
    )


def mark_all(connection: Connection, policy: Policy, now: datetime, spread: timedelta) -> None:
    """Marks every KPI, spread over a time so that not all are measured at once: windows move without any event."""
    names = sorted(policy.scorecard.watched)
    pause = spread / max(len(names), 1)
    marks.add(connection, [Mark("kpi", ("", name), now + pause * place) for place, name in enumerate(names)])


WINDOWS = "windows"
LEASE = timedelta(minutes=1)
EVERY = timedelta(hours=1)


def mark_windows(db: Database, policy: Policy, now: datetime) -> bool:
    """Once an hour marks every KPI, because its window has moved."""
    with db.read() as connection:
        last = applied.last_done(connection, WINDOWS)
    if last is not None and now - last < EVERY:
        return False
    with db.write() as connection:
        if not applied.claim_job(connection, WINDOWS, now, LEASE):
            return False
        policy.check(connection)
        mark_all(connection, policy, now, EVERY / 2)
        applied.finish_job(connection, WINDOWS, now, due_at=now)
    return True
