"""What passes between collect, decrypt and extract: deliveries, opened documents, forms as read.

Plain frozen values, held in memory only. `repr` shows shapes and never contents, so that a stray traceback or debug
line cannot carry a form.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ChannelName = Literal["email", "digipost", "post"]
Container = Literal["pgp_mime", "pgp_inline", "pgp_attachment", "smime", "plain", "pdf", "image", "office", "text"]
DecryptionVerdict = Literal[
    "decrypted",
    "partly_decrypted",
    "not_encrypted",
    "wrong_key",
    "integrity_failed",
    "damaged",
    "too_large",
    "password_only",
    "locked_key",
    "unsupported",
]
SignatureVerdict = Literal["good", "bad", "unknown_key", "none"]
FieldName = Literal["pupil", "fnr", "name", "mobile", "email"]
Decision = Literal["accepted", "ready", "review"]
"""accepted = usable without a person; ready = pre-filled, a person confirms; review = a person reads it."""

FIELDS: tuple[FieldName, ...] = ("pupil", "fnr", "name", "mobile", "email")


def numbered(place: str, numbering: str, number: int) -> str:
    """The reference of what its source knows by a number that holds only within a numbering (the UIDVALIDITY of an IMAP
    folder): numbered anew, it is the same delivery still, and the ledger can tell."""
    return f"{place}\0{numbering}\0{number}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing received, as its channel hands it over. `source_ref` is what it is known by at its source, made by
    `numbered` where the source only numbers. `handle` lets the same channel find it again (it may be
    personal, a file name for instance, so the ledger keeps it sealed); None where the source must not be touched."""

    channel: ChannelName
    source_ref: str = field(repr=False)
    received_at: datetime
    content: bytes = field(repr=False)
    media_type: str
    name: str = field(default="", repr=False)
    handle: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of an opened container. `text` is set for text parts, already decoded; `encrypted` says whether it
    came out of a sound ciphertext."""

    name: str = field(repr=False)
    media_type: str
    content: bytes = field(repr=False)
    charset: str | None = None
    text: str | None = field(default=None, repr=False)
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A delivery with its containers undone. `detail` is a code or a count, never content. `ordinary` marks
    bounces, auto-replies and the like, which hold no form by their kind."""

    container: Container
    decryption: DecryptionVerdict
    signature: SignatureVerdict = "none"
    detail: str = ""
    subject: str = field(default="", repr=False)
    parts: tuple[Part, ...] = ()
    ordinary: bool = False


@dataclass(frozen=True, slots=True)
class ReadField:
    """One field as read. `source` says where ("line 4", "page 1, column 2"), never what."""

    value: str = field(repr=False)
    confidence: float
    source: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One column of the form. A missing field is an empty cell. `refused`: the box is ticked; `refused_in_words`:
    the guardian says no in words, which a steward must confirm."""

    slot: int
    pupil: ReadField | None = None
    fnr: ReadField | None = None
    name: ReadField | None = None
    mobile: ReadField | None = None
    email: ReadField | None = None
    refused: bool = False
    refused_in_words: bool = False

    def get(self, name: FieldName) -> ReadField | None:
        """The field called `name`."""
        value: ReadField | None = getattr(self, name)
        return value

    @property
    def empty(self) -> bool:
        """An empty column is no entry and no fault. A pupil's name alone (many fill it in both columns) is empty."""
        return not (self.refused or self.refused_in_words or any(self.get(f) for f in FIELDS if f != "pupil"))


@dataclass(frozen=True, slots=True)
class ReadForm:
    """One form found in a document. `machine_read`: by OCR, so only what is `accepted` may be used without a person.
    `reference`: the id of ours in its QR code; it says whose sheet it is and proves nothing about the sender.
    `onetime`: the one-time code of a letter to one guardian, from the QR code or a line of text."""

    entries: tuple[ReadEntry, ...]
    kind: Literal["guardian", "consent"] = "guardian"
    machine_read: bool = False
    part: int = 0
    reference: str = field(default="", repr=False)
    onetime: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything extract found in one opened delivery. `faults` are document codes of the reason catalogue
    (`layout_not_found`, `damaged`, `password_only`, …) for parts that look like a form and could not be read;
    `holds_number`: an identity number stands in a part that was not encrypted. `onetime`: a one-time code in its text,
    beside the forms."""

    forms: tuple[ReadForm, ...] = ()
    faults: tuple[str, ...] = ()
    holds_number: bool = False
    onetime: str = field(default="", repr=False)
