"""Triggers that refuse to change or remove an audit row: they stop accidents; the chain's keys stop the rest.

`store.backup` lifts them while it puts a whole store back, in the transaction that does it.
"""

from typing import Final

from sqlalchemy import Connection

_REFUSAL: Final = "an audit row is neither changed nor removed"
_SQLITE: Final = tuple(
    f"CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for verb in ("update", "delete")
)
_POSTGRESQL: Final = (
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
)


def guard(connection: Connection) -> None:
    """Put the triggers up."""
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def lift(connection: Connection) -> None:
    """Take them down."""
    if connection.dialect.name == "sqlite":
        for verb in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER audit_no_{verb}")
    else:
        connection.exec_driver_sql("DROP TRIGGER audit_no_change ON audit")
