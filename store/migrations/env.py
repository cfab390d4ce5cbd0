"""Alembic's entry: runs the revisions on the engine that `store.migrate` hands over."""

from alembic import context
from sqlalchemy import Engine

from store.tables import metadata

engine: Engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
