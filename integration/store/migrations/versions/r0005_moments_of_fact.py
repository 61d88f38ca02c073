"""The moments of a fact are found by the fact, also where only some of them are taken away."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Without the moment in the index, SQLite went through all moments of a stream for each fact that was derived."""
    op.drop_index("moments_of_fact", "moments")
    op.create_index("moments_of_fact", "moments", ["stream", "fact", "moment"])
