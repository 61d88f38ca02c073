"""Facts in a file, as programs push them and `okrlink import` reads them: complete, and measured without any database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import BinaryIO

from integration.core.delivery.attribution import attribute
from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident, Stream
from integration.core.delivery.pushed import as_ruled
from integration.core.delivery.rules import Delivery
from integration.core.errors import Malformed
from integration.core.kpi.history import history
from integration.core.kpi.language import Kpi, Window
from integration.core.kpi.measurement import Known
from integration.core.kpi.summary import Summary, summary
from integration.pushed.lines import rows
from integration.pushed.meaning import fact_of
from integration.pushed.reading import Received, Refused, read
from integration.refresh.knowing import unsaid_fields

MOST_SHOWN = 20
NO_ITEMS = "a file of pushed facts tells nothing of work items"


class FactsFile:
    """The facts of a file by a mapping's rules of delivery, related to each other as the database would relate them."""

    def __init__(self, facts: Iterable[DeliveryFact], delivery: Delivery) -> None:
        ruled = [one for fact in facts if (one := as_ruled(fact, delivery)) is not None]
        failing = [
            name
            for name, service in delivery.services.items()
            if any(rule.from_failed_deployments for rule in service.incidents)
        ]
        attributed = attribute(
            (one for one in ruled if isinstance(one, Deployment)),
            (one for one in ruled if isinstance(one, Change)),
            (one for one in ruled if isinstance(one, Incident)),
            failing,
        )
        self._known = Known.of(
            [*ruled, *attributed.failures],
            unsaid=_unsaid(ruled, delivery),
            unsaid_fields=_untold(ruled, delivery),
            attributed=attributed,
        )

    @classmethod
    def read(cls, file: BinaryIO, name: str, delivery: Delivery) -> FactsFile:
        """Of several tellings of one fact the last stands. Raises `Malformed` with every line that is no fact."""
        return cls((fact_of(one.kind, one.data) for one in _standing(file, name)), delivery)

    def known(self, kpi: Kpi, as_of: datetime, over: Window | None = None) -> Known:  # noqa: ARG002  # all there is
        return self._known

    def days(self, kpi: Kpi, first: date, last: date) -> Sequence[tuple[date, Summary]]:
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [(day, summary(one)) for day, one in zip(days, history(kpi, self._known, days), strict=True)]

    def has_facts(self) -> bool:
        return any(self._known.facts.values())


def _standing(file: BinaryIO, name: str) -> Iterable[Received]:
    standing: dict[tuple[str, str], Received] = {}
    problems: list[str] = []
    try:
        for place, told in rows(file):
            one = told if isinstance(told, Refused) else read(told)
            if isinstance(one, Refused):
                problems.append(f"{name}:{place}: {one.reason}")
            elif one.deleted:
                standing.pop((one.kind, one.id), None)
            else:
                standing[one.kind, one.id] = one
    except Malformed as error:
        raise Malformed(f"{name}: {error}") from error
    if problems:
        left = len(problems) - MOST_SHOWN
        raise Malformed("\n".join([*problems[:MOST_SHOWN], *([f"… and {left:,} more"] if left > 0 else [])]))
    return standing.values()


# --- of what nothing is said ---


def _unsaid(facts: Sequence[DeliveryFact], delivery: Delivery) -> Mapping[Stream, str]:
    """Streams that neither a rule of the mapping nor a fact of the file knows, and those that no file tells of."""
    told = {fact.stream for fact in facts}
    services = delivery.services.values()
    ruled: Mapping[Stream, bool] = {
        "deployments": any(service.deployments for service in services),
        "changes": any(service.changes for service in services),
        "incidents": any(service.incidents for service in services),
    }
    unsaid: dict[Stream, str] = {"items": NO_ITEMS, "stays": NO_ITEMS}
    for stream, has_rule in ruled.items():
        if not has_rule and stream not in told:
            singular = stream.removesuffix("s")
            article = "an" if singular == "incident" else "a"
            unsaid[stream] = f"no rule says what {article} {singular} is, and the file has none"
    return unsaid


def _untold(facts: Sequence[DeliveryFact], delivery: Delivery) -> Mapping[tuple[Stream, str], str]:
    """The fields of which neither a rule nor any fact says what they are."""
    return {
        (stream, name): why
        for (stream, name), why in unsaid_fields(delivery).items()
        if not any(fact.stream == stream and name in fact.fields for fact in facts)
    }
