"""What was to be read when a walk through a tracker's history came to its end."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Of older walks nobody knows; they are gone on with once more."""
    op.add_column("streams", sa.Column("projects", sa.Text(), nullable=True))
