"""What must be attributed again although no fact is another: by other rules about failures, and in a rebuild."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection

from integration.core.delivery.facts import DeliveryFact, Deployment
from integration.core.delivery.timeline import services_of
from integration.core.scorecard import Scorecard
from integration.refresh.attributing import ANEW, failing_services, marks_of
from integration.store import timelines
from integration.store.marks import Mark


def marks_of_failures(connection: Connection, scorecard: Scorecard, now: datetime) -> Iterator[Mark]:
    """What must be attributed again where failed deployments begin to be incidents of a service, or are none any more.

    Nothing of the deployments themselves is another then.
    """
    failing, made = failing_services(scorecard), timelines.failures(connection)
    yield from (
        Mark("attribution", ("", f"incidents:{ident}"), now) for ident, service in made if service not in failing
    )
    for service in sorted(failing - {service for _, service in made}):
        yield from marks_of(((one, one) for one in timelines.failed(connection, service)), now)


def marks_of_all(facts: Iterable[DeliveryFact], scorecard: Scorecard, now: datetime) -> Iterator[Mark]:
    """What must be attributed again where all are: nobody need look around a deployment, because its neighbours look
    themselves; but for the failures that are made of it.
    """
    failing = failing_services(scorecard)
    for fact in facts:
        if isinstance(fact, Deployment) and not failing.isdisjoint(services_of(fact)):
            yield from marks_of([(fact, fact)], now)
        yield Mark("attribution", ("", f"{fact.stream}:{fact.id}"), now, ANEW)
