"""Alembic's entry: runs the revisions on the engine that `store.migrate` hands over.

SQLite rebuilds a table to alter a column, and with foreign keys on the rows that hang on it fall by cascade: they are
off while the revisions run, and checked before anything is committed. A revision after which a table holds fewer rows
is undone.
"""

from alembic import context
from sqlalchemy import Connection, Engine, inspect, text

from store.tables import metadata


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows by table, Alembic's own left out."""
    names = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return {n: connection.execute(text(f'SELECT count(*) FROM "{n}"')).scalar_one() for n in names}  # noqa: S608


engine: Engine = context.config.attributes["engine"]
with engine.connect() as connection:
    raw = connection.connection.driver_connection if engine.dialect.name == "sqlite" else None
    if raw is not None:  # outside any transaction, where alone it works
        raw.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            compare_type=True,
            transactional_ddl=True,  # all of it or nothing: every transaction here begins at once
        )
        with context.begin_transaction():
            before = count_rows(connection)
            context.run_migrations()
            after = count_rows(connection)
            if any(after.get(name, 0) < count for name, count in before.items()):
                raise RuntimeError("a migration lost rows")
            if raw is not None and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise RuntimeError("a migration left rows without what they belong to")
    finally:
        if raw is not None:
            raw.execute("PRAGMA foreign_keys=ON")
