"""The tables, as SQLAlchemy Core, and nothing else. `migrations/` makes them; the deletion ledger is another file.

Columns ending in `_ct` are sealed (`store.sealing`). In the clear stand only ids of ours, dates, codes and counts;
`born` and the due dates are in the clear because the sweep needs them.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on the Python side on every database; naive datetimes are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite keeps no offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Back to aware UTC."""
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


NAMES: Final = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
REVISION: Final = "0010"
"""The migration that makes these tables; a store at another one is not used."""

metadata = MetaData(naming_convention=NAMES)
Id: Final = String(28)
Code: Final = String(40)

store_info = Table(
    "store_info", metadata, Column("key", String(40), primary_key=True), Column("value", String(200), nullable=False)
)
submissions = Table(
    "submissions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", Code, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("collected_at", UtcDateTime, nullable=False),
    Column("content_digest", LargeBinary(32), nullable=False, index=True),
    Column("original_ct", LargeBinary),
    Column("about_ct", LargeBinary),
    Column("state", Code, nullable=False, server_default="new"),
    Column("outcome", Code),
    Column("owner", String(200)),
    Column("lease_until", UtcDateTime),
    Column("alone", Boolean, nullable=False, server_default="0"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("decided_at", UtcDateTime),
    Column("original_due_on", Date, index=True),
    Index("ix_submissions_queue", "state", "alone", "received_at"),
)
sightings = Table(
    "sightings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("submission_id", Id, ForeignKey("submissions.id"), nullable=False, index=True),
    Column("channel", Code, nullable=False),
    Column("source_key", LargeBinary(32), nullable=False, unique=True),
    Column("source_ref", LargeBinary(32), nullable=False, index=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("handle_ct", LargeBinary),
    Column("settled_at", UtcDateTime),
    Column("dispose_on", Date, index=True),
)
entries = Table(
    "entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("submission_id", Id, ForeignKey("submissions.id"), nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("ord", SmallInteger, nullable=False),
    Column("kind", Code, nullable=False),
    Column("outcome", Code, nullable=False, index=True),
    Column("fields_ct", LargeBinary),
    Column("pupil_id", Id, index=True),
    Column("guardian_id", Id, index=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("decided_by", String(80), nullable=False),
    Column("held_until", Date, index=True),
    Column("review_due_on", Date),
    UniqueConstraint("submission_id", "slot", "ord", name="uq_entries_place"),
)
reasons = Table(
    "reasons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission_id", Id, ForeignKey("submissions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("entry_id", Id, ForeignKey("entries.id", ondelete="CASCADE"), index=True),
    Column("field", Code, nullable=False),
    Column("code", Code, nullable=False, index=True),
)
corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission_id", Id, ForeignKey("submissions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("slot", SmallInteger, nullable=False),
    Column("ord", SmallInteger, nullable=False),
    Column("field", Code, nullable=False),
    Column("value_ct", LargeBinary, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)
pupils = Table(
    "pupils",
    metadata,
    Column("id", Id, primary_key=True),
    Column("roster_key", LargeBinary(32), nullable=False, unique=True),
    Column("born", Date, nullable=False),
    Column("shielded", Boolean, nullable=False, server_default="0"),
    Column("name_ct", LargeBinary, nullable=False),
    Column("class_ct", LargeBinary),
    Column("number_ct", LargeBinary),
    Column("known_id", Id),
    Column("known_ct", LargeBinary),
    Column("row_version", Integer, nullable=False, server_default="1"),
    Column("due_on", Date, index=True),
    Column("due_reason", Code),
    Column("missing_runs", SmallInteger, nullable=False, server_default="0"),
)
protections = Table(
    "protections",
    metadata,
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), primary_key=True),
    Column("source", Code, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("seen_by", String(80)),
    Column("seen_at", UtcDateTime),
)
enrolments = Table(
    "enrolments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("starts", Date, nullable=False),
    Column("ends", Date),
    Column("interrupted", Date),
    Column("final_year", Boolean, nullable=False, server_default="0"),
)
guardians = Table(
    "guardians",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number_bucket", Integer, nullable=False, index=True),
    Column("bucket_epoch", Integer, nullable=False, server_default="1", index=True),
    Column("number_ct", LargeBinary),
    Column("number_mac", LargeBinary(32)),
    Column("name_ct", LargeBinary, nullable=False),
    Column("mobile_ct", LargeBinary),
    Column("email_ct", LargeBinary),
    Column("row_version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
)
links = Table(
    "links",
    metadata,
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), primary_key=True),
    Column("guardian_id", Id, ForeignKey("guardians.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("basis", Code, nullable=False),
    Column("submission_id", Id),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("suspended", Code),
    Column("due_on", Date, index=True),
    Column("due_reason", Code),
)
refusals = Table(
    "refusals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("why", Code, nullable=False),
    Column("details_ct", LargeBinary, nullable=False),
    Column("submission_id", Id),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("due_on", Date, index=True),
)
consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("guardian_id", Id, nullable=False),
    Column("state", Code, nullable=False),
    Column("given_on", Date, nullable=False),
    Column("recorded_by", String(80), nullable=False),
    Column("confirmed_by", String(80)),
    Column("changed_at", UtcDateTime, nullable=False),
)
holds = Table(
    "holds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, nullable=False, index=True),
    Column("reason", Code, nullable=False),
    Column("held_by", String(80), nullable=False),
    Column("ends_on", Date, nullable=False),
)
worklist_lines = Table(
    "worklist_lines",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("pupil_id", Id, index=True),
    Column("guardian_id", Id, index=True),
    Column("submission_id", Id, index=True),
    Column("state", Code, nullable=False, server_default="open", index=True),
    Column("why", Code, nullable=False),
    Column("due_on", Date),
    Column("person_too", Boolean, nullable=False, server_default="0"),
    Column("restricted", Boolean, nullable=False, server_default="0"),
    Column("text_ct", LargeBinary),
    Column("shown", Boolean, nullable=False, server_default="0"),
    Column("stale", Boolean, nullable=False, server_default="0"),
    Column("signed_as", Code),
    Column("sign_reason", Code),
    Column("signed_by", String(80)),
    Column("signed_at", UtcDateTime),
)
dispatches = Table(
    "dispatches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", Code, nullable=False, unique=True),
    Column("made_on", Date, nullable=False),
    Column("made_by", String(80), nullable=False),
    Column("due_on", Date, nullable=False),
)
dispatch_lines = Table(
    "dispatch_lines",
    metadata,
    Column("dispatch_id", Id, ForeignKey("dispatches.id", ondelete="CASCADE"), primary_key=True),
    Column("refusal_id", Id, ForeignKey("refusals.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("ticked_by", String(80)),
    Column("ticked_at", UtcDateTime),
)
one_time_references = Table(
    "one_time_references",
    metadata,
    Column("code", LargeBinary(32), primary_key=True),
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("guardian", LargeBinary(32), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_on", Date, nullable=False, index=True),
    Column("spent_at", UtcDateTime),
    Column("spent_by", Id),
)
exported_ids = Table(
    "exported_ids",
    metadata,
    Column("ident", String(40), primary_key=True),
    Column("role", Code, nullable=False),
    Column("imprint_ct", LargeBinary, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
)
warnings = Table(
    "warnings",
    metadata,
    Column("subject_id", Id, primary_key=True),
    Column("kind", Code, primary_key=True),
    Column("about_on", Date, primary_key=True, index=True),
    Column("days_ahead", SmallInteger, primary_key=True),
    Column("warned_at", UtcDateTime, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("dedup_key", String(120), nullable=False, unique=True),
    Column("kind", Code, nullable=False),
    Column("subject_id", Id, nullable=False, index=True),
    Column("payload_ct", LargeBinary),
    Column("made_at", UtcDateTime, nullable=False),
    Column("due_on", Date),
    Column("sent_at", UtcDateTime),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
)
roster_runs = Table(
    "roster_runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_digest", LargeBinary(32), nullable=False),
    Column("state", Code, nullable=False),
    Column("pupils", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("released_by", String(80)),
    Column("kind", Code, nullable=False, server_default="csv"),
    Column("complete", Boolean, nullable=False, server_default="1"),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("why", String(200)),
    Column("mark", String(400)),
    Column("content_ct", LargeBinary),
    Column("content_due_on", Date, index=True),
)
findings = Table(
    "findings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Code, nullable=False),
    Column("pupil_id", Id, ForeignKey("pupils.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("guardian_id", Id, index=True),
    Column("fact", LargeBinary(32), nullable=False, unique=True),
    Column("state", Code, nullable=False, server_default="open", index=True),
    Column("opened_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("closed_as", Code),
    Column("closed_by", String(80)),
    Column("closed_at", UtcDateTime),
)
data_keys = Table(
    "data_keys",
    metadata,
    Column("subject_id", Id, primary_key=True),
    Column("wrapped", LargeBinary(80), nullable=False),
    Column("epoch", Integer, nullable=False, index=True),
)
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", Code, nullable=False),
    Column("subject_id", Id, index=True),
    Column("detail", String(200), nullable=False, server_default=""),
    Column("prev", LargeBinary(32), nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
)

ledger_metadata = MetaData(naming_convention=NAMES)
deletion_ledger = Table(
    "deletion_ledger",
    ledger_metadata,
    Column("subject_id", String(60), primary_key=True),
    Column("reason", Code, nullable=False),
    Column("intended_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
)
