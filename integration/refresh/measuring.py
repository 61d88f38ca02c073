"""From what was gathered of a key result to where it stands: the same for what is stored and for what a mapping would make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from integration.core.catalogue import Catalogue
from integration.core.estimates import estimate_fields, estimate_of
from integration.core.facts import ItemRef
from integration.core.guardrails import Guardrail, is_pursued
from integration.core.items import Item
from integration.core.links import Link
from integration.core.measured import KpiFigure
from integration.core.okr import stand
from integration.core.outlook import foresee
from integration.core.rollup import Tally, Uncountable, tally
from integration.core.scorecard import KeyResult, Objective, Scorecard, Work
from integration.core.standing import CheckIn, Standing
from integration.refresh.policy import NO_CATALOGUE


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that one key result's measurement depends on, read after its lock."""

    direct: Mapping[ItemRef, Link]
    items: Mapping[ItemRef, Item]
    elsewhere: Mapping[ItemRef, frozenset[str]]
    """Other key results that count an item, too."""
    waiting: str = ""
    """Why the work is not completely known yet, and that it will be."""
    failed: str = ""
    """Why it is not, and will not be without somebody's help."""
    counted: int | None = None
    """How many items it counts, where it does."""
    measured: KpiFigure | None = None
    """What its KPI says, where it is measured by one."""
    guardrails: Sequence[Guardrail] = ()
    """What must hold while its objective is pursued."""
    look_again: bool = False
    """Whether it waits for items to be folded, of which nothing may come that would mark it."""


def measure(
    scorecard: Scorecard,
    objective: Objective,
    key_result: KeyResult,
    gathered: Gathered,
    history: Sequence[CheckIn],
    today: datetime,
    scope_at_start: Fraction | None,
    catalogues: Mapping[str, Catalogue],
) -> Standing:
    """Where a key result stands. The same for what is stored and for what a mapping would make of it."""
    counted: Tally | None = None
    unknown = gathered.waiting or gathered.failed
    if isinstance(key_result.measure, Work) and not unknown:
        try:
            counted = _counted(scorecard, objective, key_result, gathered, scope_at_start, catalogues)
        except Uncountable as error:
            unknown = str(error)
    standing = stand(
        scorecard,
        objective,
        key_result,
        work=counted.work if counted else None,
        counted=gathered.counted,
        measured=gathered.measured,
        history=history,
        unknown=unknown or None,
        now=today,
    )
    day = today.astimezone(scorecard.timezone).date()
    done_on = counted.done_on if counted else None
    forecast, reason = foresee(key_result, objective.cycle, standing, day, history, done_on, gathered.measured)
    broken = (one.kpi.name for one in gathered.guardrails if one.holds is False and is_pursued(objective, day))
    return replace(
        standing,
        waiting=bool(gathered.waiting),
        forecast=forecast,
        no_forecast=reason,
        broken_guardrails=tuple(broken),
    )


def _counted(
    scorecard: Scorecard,
    objective: Objective,
    key_result: KeyResult,
    gathered: Gathered,
    scope_at_start: Fraction | None,
    catalogues: Mapping[str, Catalogue],
) -> Tally:
    """The linked work of a key result that is measured by it; `Uncountable` is raised."""
    unit = key_result.measure.unit if isinstance(key_result.measure, Work) else ""
    fields = {
        name: estimate_fields(unit, catalogues.get(name, NO_CATALOGUE), scorecard.connections.get(name))
        for name in {ref.connection for ref in gathered.items}
    }

    def estimate(item: Item) -> Decimal | None:
        return estimate_of(item, fields[item.ref.connection])

    return tally(
        key_result,
        objective.cycle,
        gathered.direct,
        gathered.items,
        estimate,
        timezone=scorecard.timezone,
        counted_elsewhere=gathered.elsewhere,
        scope_at_start=scope_at_start,
    )
