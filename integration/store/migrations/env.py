"""Run by Alembic for each upgrade: the steps go through the caller's connection, in the caller's transaction."""

from alembic import context

from integration.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
