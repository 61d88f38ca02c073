"""The tables of what tracker facts and pushes mean for delivery, and of what is measured of it; as in `tables`.

All of it but the history of KPIs is derived, and is derived again when rules change.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from integration.store.instants import Instant
from integration.store.tables import metadata

# One delivery fact (core.delivery.facts), as the rules in force make it of its subject.
delivery_facts = Table(
    "delivery_facts",
    metadata,
    Column("connection", Text, nullable=False),  # of its subject; nothing where it was pushed
    Column("subject", Text, nullable=False),  # what it is derived from: `item:10012`, `run:77`, `deployment:…`
    Column("stream", Text, nullable=False),
    Column("fact", Text, nullable=False),
    Column("open", Boolean, nullable=False),  # it is here now, and not over: what `window: now` counts
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("stream", "fact"),
)
Index("delivery_facts_of_subject", delivery_facts.c.connection, delivery_facts.c.subject)
Index("delivery_facts_open", delivery_facts.c.stream, delivery_facts.c.open)

# When something happened to a delivery fact, each time: by these it is found for a window.
moments = Table(
    "moments",
    metadata,
    Column("stream", Text, nullable=False),
    Column("moment", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("fact", Text, nullable=False),
    PrimaryKeyConstraint("stream", "moment", "at", "fact"),
)
Index("moments_of_fact", moments.c.stream, moments.c.fact, moments.c.moment)

# One production deployment on the timeline of one service.
timeline = Table(
    "timeline",
    metadata,
    Column("service", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("began", Instant, nullable=False),
    Column("finished", Instant),
    Column("succeeded", Boolean, nullable=False),
    PrimaryKeyConstraint("service", "deployment"),
)
Index("timeline_by_finish", timeline.c.service, timeline.c.finished, timeline.c.deployment)
Index("timeline_by_beginning", timeline.c.service, timeline.c.began, timeline.c.deployment)
Index("timeline_of_deployment", timeline.c.deployment)

# A time at which a change or an incident of a service waits for its place on the timeline: it was done, it opened.
waiting = Table(
    "waiting",
    metadata,
    Column("stream", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("fact", Text, nullable=False),
    PrimaryKeyConstraint("stream", "service", "at", "fact"),
)
Index("waiting_of_fact", waiting.c.stream, waiting.c.fact)

# A name by which a deployment is known, or by which a change or an incident names one.
delivery_names = Table(
    "delivery_names",
    metadata,
    Column("stream", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("fact", Text, nullable=False),
    PrimaryKeyConstraint("stream", "name", "fact"),
)
Index("delivery_names_of_fact", delivery_names.c.stream, delivery_names.c.fact)

# One change in one of the deployments that ship it; the first has place 0.
shipments = Table(
    "shipments",
    metadata,
    Column("change", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("at", Instant, nullable=False),  # when the deployment finished
    PrimaryKeyConstraint("change", "place"),
)
Index("shipments_by_deployment", shipments.c.deployment, shipments.c.place)

# The deployment that one incident is blamed on.
blames = Table(
    "blames",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("deployment", Text, nullable=False),
)
Index("blames_by_deployment", blames.c.deployment)

# What became of one deployment (core.delivery.attribution.Outcome), where there is anything to say.
outcomes_of_deployments = Table(
    "outcomes_of_deployments",
    metadata,
    Column("deployment", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

# A KPI as measured last, as JSON; and when it must be measured again because the clock moves its window.
measurements = Table(
    "measurements",
    metadata,
    Column("kpi", Text, primary_key=True),
    Column("measured_at", Instant, nullable=False),
    Column(
        "definition", Text, nullable=False
    ),  # a digest of what its numbers stand on: on other ground it has no history here
    Column("data", Text, nullable=False),
)

# What a KPI was at the end of a local day, as JSON like the above.
kpi_days = Table(
    "kpi_days",
    metadata,
    Column("kpi", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("data", Text, nullable=False),
    PrimaryKeyConstraint("kpi", "day"),
)
