"""`foresatt inspect`: open files and show every layer, and what would be decided. Stores nothing."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.state import State, common, pass_state
from schemas.errors import ForesattError

if TYPE_CHECKING:
    from schemas.documents import Opened, ReadEntry, Reading
    from schemas.settings import Settings
    from schemas.verdicts import Entry, Fault, Verdict
    from store.config import House
    from store.database import Store


@click.command(short_help="Open files and show every layer.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--keyring",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of secret keys to use instead of the home's.",
)
@click.option("--reveal", is_flag=True, help="Show values and texts.")
@common
@pass_state
def inspect(state: State, files: tuple[Path, ...], keyring: Path | None, reveal: bool) -> None:
    """Open mails, PDFs, images or documents: container, decryption, parts, fields, and what would be decided and why.

    With a home, its roster is asked; without one, every pupil is unknown. Nothing is stored or moved.
    """
    house = state.house()
    with _keys(house, keyring) as gnupg, _store(house) as store:
        for file in files:
            document = inspect_file(file, house.settings, gnupg, store, reveal)
            if state.as_json:
                click.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
            else:
                _show(document)


@contextmanager
def _keys(house: "House", keyring: Path | None) -> Iterator[Path]:
    """The home's GnuPG folder, or a short-lived one in memory with the keys of `keyring`."""
    from tasks.decrypt.keyring import import_secret_keys, make_home, stop_agent
    from tasks.decrypt.smime_keys import import_smime_keys

    if keyring is None and house.home.gnupg.is_dir():
        try:
            yield house.home.gnupg
        finally:
            stop_agent(house.home.gnupg)
        return
    memory = Path("/dev/shm")  # noqa: S108 - keys must not touch a disk
    folder = Path(tempfile.mkdtemp(prefix="fs-", dir=memory if memory.is_dir() else None))
    try:
        made = make_home(folder / "g")
        if keyring is not None:
            import_secret_keys(made, keyring)
            import_smime_keys(made, keyring)
        yield made
    finally:
        stop_agent(folder / "g")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _store(house: "House") -> "Iterator[Store | None]":
    """The home's store where there is one."""
    from store.opening import open_store

    if not house.home.exists:
        yield None
        return
    store = open_store(house)
    try:
        yield store
    finally:
        store.close()


def inspect_file(file: Path, settings: "Settings", gnupg: Path, store: "Store | None", reveal: bool) -> dict[str, Any]:
    """One file's document (the JSON of `inspect`)."""
    from schemas.documents import Opened, Reading
    from tasks.decrypt.open import open_delivery
    from tasks.extract.read import read_opened

    limit = max(settings.email.max_bytes, settings.post.max_bytes) + 1
    try:
        with file.open("rb") as stream:
            content = stream.read(limit)
        opened = open_delivery(content, "", file.name, settings=settings, home=gnupg)
        reading = read_opened(opened, settings) if opened.parts and not opened.ordinary else Reading()
    except OSError as fault:
        opened, reading = Opened("plain", "damaged", detail=f"cannot be read: {type(fault).__name__}"), Reading()
    except ForesattError as fault:
        opened, reading = Opened("plain", "damaged", detail=fault.code), Reading()
    verdict, decided = _judge(opened, reading, settings, store)
    return _document(file, opened, reading, verdict, decided, reveal)


def _judge(
    opened: "Opened", reading: "Reading", settings: "Settings", store: "Store | None"
) -> "tuple[Verdict, list[tuple[Entry, str, list[Any]]]]":
    """The verdict, and (entry, outcome, faults) as intake would decide now, rolled back."""
    from datetime import UTC, datetime

    from schemas.ids import new_id
    from schemas.reasons import reason
    from schemas.verdicts import Fault
    from store.ledger import Claimed
    from tasks.load.apply import apply
    from tasks.reconcile.step import decide
    from tasks.validate.step import validate_batch

    channel = "email" if opened.container in ("plain", "pgp_mime", "pgp_inline", "pgp_attachment", "smime") else "post"
    claim = Claimed(new_id("S"), channel, datetime.now(UTC), b"", "", "", 0, False)
    verdict = validate_batch([claim], {claim.id: opened}, {claim.id: reading}, settings)[0]
    decided: list[tuple[Entry, str, list[Any]]] = []
    if store is None:
        for entry in verdict.entries:
            unproven = _unproven(entry)
            rejects = not unproven and any(reason(fault.code).severity == "reject" for fault in entry.faults)
            unknown = [] if rejects else [Fault("pupil", "pupil_not_found")]
            own = [fault for fault in entry.faults if not (unproven and fault.code == "fnr_missing")]
            faults = list(dict.fromkeys([*unproven, *own, *unknown, *verdict.faults]))
            decided.append((entry, "rejected" if rejects else "needs_review", faults))
        return verdict, decided
    from store.people import read_pupils
    from tasks.reconcile.match import Roll

    with store.rehearse() as tx:
        roll = Roll(read_pupils(tx))
        for entry in verdict.entries:
            applied = apply(tx, decide(tx, entry, verdict, roll))
            decided.append((entry, applied.outcome.value, list(applied.faults)))
    return verdict, decided


def _unproven(entry: "Entry") -> "list[Fault]":
    """A refusal or a consent, of which nothing is proven without a home."""
    from schemas.verdicts import Fault

    if entry.kind == "consent":
        return [Fault("consent", "consent_unproven")]
    return [Fault("refusal", "refusal_unproven")] if entry.refused or entry.refused_in_words else []


def _document(
    file: Path,
    opened: "Opened",
    reading: "Reading",
    verdict: "Verdict",
    decided: "list[tuple[Entry, str, list[Any]]]",
    reveal: bool,
) -> dict[str, Any]:
    import hashlib

    outcomes: dict[tuple[int, int], str] = {}
    bad = {(entry.slot, fault.field) for entry, _, faults in decided for fault in faults}
    for entry, outcome, _ in decided:
        outcomes.setdefault((entry.ord // 10, entry.slot), outcome)
    parts = []
    for part in opened.parts:
        told: dict[str, Any] = {
            "name": part.name if reveal else Path(part.name).suffix and f"…{Path(part.name).suffix}",
            "type": part.media_type,
            "charset": part.charset,
            "bytes": len(part.content),
            "sha256": hashlib.sha256(part.content).hexdigest(),
        }
        if reveal and part.text is not None:
            told["text"] = part.text
        parts.append(told)
    document = [{"slot": 0, "field": fault.field, "code": fault.code} for fault in verdict.faults]
    faults = [{"slot": e.slot, "field": f.field, "code": f.code} for e, _, found in decided for f in found]
    return {
        "file": str(file),
        "container": opened.container,
        "decryption": {"verdict": opened.decryption, "signature": opened.signature, "detail": opened.detail},
        "subject": opened.subject if reveal else "",
        "parts": parts,
        "outcome": verdict.outcome.value,
        "forms": [
            {
                "kind": form.kind,
                "entries": [
                    _entry(entry, outcomes.get((number, entry.slot), "no_entry"), bad, reveal) for entry in form.entries
                ],
            }
            for number, form in enumerate(reading.forms)
        ],
        "verdicts": [dict(pairs) for pairs in dict.fromkeys(tuple(one.items()) for one in [*document, *faults])],
    }


def _entry(entry: "ReadEntry", outcome: str, bad: set[tuple[int, str]], reveal: bool) -> dict[str, Any]:
    from schemas.documents import FIELDS
    from schemas.masking import mask

    fields: dict[str, Any] = {}
    for name in FIELDS:
        found = entry.get(name)
        fields[name] = found and {
            "value": found.value if reveal else mask(name, found.value),
            "confidence": round(found.confidence, 3),
            "source": found.source,
            "decision": "review" if (entry.slot, name) in bad else found.decision,
        }
    return {"slot": entry.slot, "outcome": outcome, "refused": entry.refused, **fields}


def _show(document: dict[str, Any]) -> None:
    decryption = document["decryption"]
    click.echo(
        f"{document['file']}: {document['container']}, {decryption['verdict']}, signature {decryption['signature']}"
    )
    if decryption["detail"]:
        click.echo(f"  {decryption['detail']}")
    for part in document["parts"]:
        click.echo(f"  part {part['type']} {part['charset'] or ''} {part['bytes']} bytes {part['name']}")
    for form in document["forms"]:
        for entry in form["entries"]:
            click.echo(f"  slot {entry['slot']}: {entry['outcome']}{' (refused)' if entry['refused'] else ''}")
            for name in ("pupil", "fnr", "name", "mobile", "email"):
                if entry[name]:
                    field = entry[name]
                    where = f"{field['confidence']:.2f}  {field['decision']:8}  {field['source']}"
                    click.echo(f"    {name:7} {field['value']:32} {where}")
    for verdict in document["verdicts"]:
        click.echo(f"  slot {verdict['slot']} {verdict['field']}: {verdict['code']}")
    if not document["forms"]:
        click.echo(f"  {document['outcome']}")
