"""What delivery facts are drawn from and kept in, and what is measured of them."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("facts", sa.Column("subject", sa.Text(), nullable=True))
    told = sa.text("subject IS NOT NULL")
    op.create_index("facts_of_subject", "facts", ["connection", "subject"], sqlite_where=told, postgresql_where=told)
    _name_subjects()
    _create_facts()
    _create_timeline()
    _create_relations()
    _create_measurements()


def _name_subjects() -> None:
    """Facts that were kept before say what they are about, too."""
    facts = sa.table("facts", *map(sa.column, ("id", "kind", "source", "data", "subject")))
    about = {"run finished": "run", "version changed": "version", "pull request changed": "pull_request"}
    kinds = (*about, "commits pushed", "link added", "link removed")
    connection = op.get_bind()
    told = connection.execute(sa.select(facts).where(facts.c.kind.in_(kinds))).all()
    for row in told:
        connection.execute(sa.update(facts).where(facts.c.id == row.id).values(subject=_subject(row, about)))


def _subject(row: Any, about: Mapping[str, str]) -> str | None:
    data = json.loads(row.data)
    if row.kind == "commits pushed":
        return f"push:{row.source}"
    if row.kind in about:
        kind = "release" if data.get("of") == "release deployment" else about[row.kind].replace("_", " ")
        return f"{kind}:{data[about[row.kind]]}"
    return None if ":" in data["other"] else f"item:{data['other']}"


def _create_facts() -> None:
    op.create_table(
        "delivery_facts",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "fact"),
    )
    op.create_index("delivery_facts_of_subject", "delivery_facts", ["connection", "subject"])
    op.create_index("delivery_facts_open", "delivery_facts", ["stream", "open"])
    op.create_table(
        "moments",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "moment", "at", "fact"),
    )
    op.create_index("moments_of_fact", "moments", ["stream", "fact"])


def _create_timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("service", "deployment"),
    )
    op.create_index("timeline_by_finish", "timeline", ["service", "finished", "deployment"])
    op.create_index("timeline_by_beginning", "timeline", ["service", "began", "deployment"])
    op.create_index("timeline_of_deployment", "timeline", ["deployment"])
    op.create_table(
        "waiting",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "service", "at", "fact"),
    )
    op.create_index("waiting_of_fact", "waiting", ["stream", "fact"])
    op.create_table(
        "delivery_names",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "name", "fact"),
    )
    op.create_index("delivery_names_of_fact", "delivery_names", ["stream", "fact"])


def _create_relations() -> None:
    op.create_table(
        "shipments",
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("change", "place"),
    )
    op.create_index("shipments_by_deployment", "shipments", ["deployment", "place"])
    op.create_table(
        "blames",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident"),
    )
    op.create_index("blames_by_deployment", "blames", ["deployment"])
    op.create_table(
        "outcomes_of_deployments",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deployment"),
    )


def _create_measurements() -> None:
    op.create_table(
        "measurements",
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kpi"),
    )
    op.create_table(
        "kpi_days",
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kpi", "day"),
    )
