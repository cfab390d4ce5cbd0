"""`foresatt check`: is everything in place? One line each; a line that fails says how to mend it."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from console.state import State, common, pass_state
from schemas.errors import ForesattError, NotReady

if TYPE_CHECKING:
    from store.config import House

Probe = Callable[["House"], str]


@click.command(short_help="Is everything in place?")
@common
@pass_state
def check(state: State) -> None:
    """Test settings, keys, GnuPG, OCR, every channel, roster, register, store and migrations; exit 1 if any fails."""
    results = []
    for name, probe in PROBES:
        try:
            found = probe(state.house())
            results.append({"name": name, "ok": True, "detail": found, "next": ""})
        except ForesattError as fault:
            results.append({"name": name, "ok": False, "detail": fault.message, "next": fault.next_step})
    failed = [result for result in results if not result["ok"]]
    if not failed or not state.as_json:
        state.emit({"ok": not failed, "checks": results})
    rows = [("ok" if r["ok"] else "FAILS", r["name"], r["detail"], r["next"]) for r in results]
    state.table("Check", ("", "what", "found", "next step"), rows)
    if failed:
        names = ", ".join(str(result["name"]) for result in failed)
        raise NotReady("check_failed", f"not in place: {names}", str(failed[0]["next"]))


def _settings(house: "House") -> str:
    return f"{house.config.name if house.config else 'defaults'}, {house.settings.environment}"


def _home(house: "House") -> str:
    house.home.require()
    return "private to its owner"


def _store(house: "House") -> str:
    from store.migrate import is_current
    from store.opening import open_store

    store = open_store(house)
    try:
        if not is_current(store.engine):
            raise NotReady("not_migrated", "the store is not at the newest tables", "run: foresatt store migrate")
        with store.read() as tx:
            from store import audit, audit_heads

            broken = audit.verify(tx, audit_heads.read(store))
        if broken is not None:
            found = f"the audit chain breaks at row {broken.seq} ({broken.what})"
            raise NotReady("audit_broken", found, "call the data protection officer")
    finally:
        store.close()
    return "migrated, stamped, audit chain holds"


def _keys(house: "House") -> str:
    import secrets

    from store.keyfile import open_keyring

    keyring, key = open_keyring(house), secrets.token_bytes(32)
    if keyring.unwrap([("S-CHECK", keyring.wrap([("S-CHECK", key)])[0])]) != [key]:
        raise NotReady("keys_wrong", "the key file does not open what it sealed", "restore it from its escrow copy")
    days = (datetime.now(UTC) - keyring.epochs[keyring.epoch]).days
    if days >= house.settings.keys.rotate_days:
        raise NotReady("keys_old", f"the keys are {days} days old", "run: foresatt keys rotate --by STAFF")
    return f"seals and opens, epoch {keyring.epoch}, {days} days old"


def _gpg(house: "House") -> str:
    if shutil.which("gpg") is None:
        raise NotReady("gpg_missing", "GnuPG is not installed", "install the package gnupg")
    from tasks.decrypt.keyring import check_home, export_public, secret_keys, stop_agent
    from tasks.decrypt.pgp import decrypt

    check_home(house.home.gnupg)
    try:
        keys = secret_keys(house.home.gnupg)
        if not keys:
            raise NotReady(
                "gpg_no_key", "there is no secret key to open mail with", "run: foresatt init in a fresh home"
            )
        from tasks.decrypt.selftest import encrypt_to

        message = encrypt_to(house.home.gnupg, keys[0].fingerprint, b"foresatt check")
        if decrypt(message, home=house.home.gnupg).plaintext != b"foresatt check" or not export_public(
            house.home.gnupg
        ):
            raise NotReady("gpg_broken", "GnuPG does not open what it encrypted", "look at the gnupg folder's rights")
    finally:
        stop_agent(house.home.gnupg)
    expires = keys[0].expires
    left = (expires - datetime.now(UTC)).days if expires else None
    return "encrypts and decrypts, " + (
        f"the key expires in {left} days" if left is not None else "the key never expires"
    )


def _ocr(house: "House") -> str:
    folder = house.settings.post.tessdata
    missing = [n for n in ("nor", "eng", "osd") if not (folder / f"{n}.traineddata").is_file()]
    if missing:
        packages = " ".join(f"tesseract-ocr-{name}" for name in missing)
        raise NotReady("ocr_missing", f"language files missing: {', '.join(missing)}", f"install {packages}")
    import tesserocr

    with tesserocr.PyTessBaseAPI(path=str(folder), lang="nor"):
        return f"Tesseract {tesserocr.tesseract_version().split()[1]}, nor eng osd"


def _channel(name: str) -> Probe:
    def probe(house: "House") -> str:
        from tasks.collect.channels import channels
        from tasks.collect.imap import ImapChannel

        made = channels(house.settings, house.home, name)
        if not made:
            return "switched off"
        if isinstance(made[0], ImapChannel):
            try:
                return made[0].probe()
            finally:
                made[0].close()
        waiting = sum(1 for _ in made[0].deliveries(lambda ref: False)) if name != "digipost" else 0
        return "answers" if name == "digipost" else f"{waiting} at the source"

    return probe


def _answers(house: "House") -> str:
    if not house.settings.smtp.host:
        return "no mail server: answers wait, letters can be printed"
    from tasks.provision.smtp import connected

    with connected(house.settings.smtp, house.settings.school.name):
        return "the mail server takes us in"


def _worklist(house: "House") -> str:
    from store.opening import open_store
    from store.worklist import late

    store = open_store(house)
    try:
        with store.read() as tx:
            counts = late(tx)
    finally:
        store.close()
    if louder := counts["alarm"] + counts["serious"]:
        found = f"{louder} guardians should have been removed in Visma InSchool days ago"
        raise NotReady("remove_overdue", found, "today: foresatt worklist, remove them there, and sign")
    return f"{counts['late']} removals past their date" if counts["late"] else "no removal is past its date"


def _paper(house: "House") -> str:
    from store import dispatches
    from store.opening import open_store
    from tasks.provision.merge import late_addresses

    store = open_store(house)
    try:
        with store.read() as tx:
            sheets, addresses = dispatches.late(tx), late_addresses(tx)
    finally:
        store.close()
    if sheets:
        found = "sheets that should have gone out are not ticked off"  # how many would tell of protected families
        raise NotReady("paper_late", found, "see: foresatt analogue dispatch list")
    return f"{addresses} addresses were not found in time" if addresses else "nothing waits past its date"


def _oneroster(house: "House") -> str:
    from store.exported import require_decided
    from store.opening import open_store

    told = house.settings.oneroster
    if not told.on:
        return "off: nobody is told"
    store = open_store(house)
    try:
        with store.read() as tx:
            require_decided(tx)
    finally:
        store.close()
    return f"{told.version}, decided by {told.decided_by} on {told.decided_on}"


def _roster(house: "House") -> str:
    from sqlalchemy import func, select

    from store import rosters
    from store.opening import open_store
    from store.tables import pupils
    from tasks.reconcile.roster_fint import FintRoster
    from tasks.reconcile.rosters import configured_roster

    source = configured_roster(house.settings, house.home)  # a file that is not there is said here
    if isinstance(source, FintRoster):
        source.probe()
    store = open_store(house)
    try:
        with store.read() as tx:
            count = tx.connection.execute(select(func.count()).select_from(pupils)).scalar_one()
            held, last = rosters.runs(tx, held=True), rosters.last_taken_in(tx)
    finally:
        store.close()
    if held:
        since = held[-1].made_at.date()
        raise NotReady("roster_held", f"{len(held)} held since {since}", "see: foresatt roster runs --held")
    if not count:
        raise NotReady("roster_empty", "no pupils are known", "run: foresatt roster import FILE")
    return f"{count} pupils" + (f", list of {last.made_at.date()}" if last is not None else "")


def _retention(house: "House") -> str:
    from store import punctual, warnings
    from store.opening import open_store
    from tasks.retain.overdue import late

    store = open_store(house)
    try:
        found = late(store)
        with store.read() as tx:
            missed, last, ahead = punctual.missed(tx), punctual.last(tx), warnings.ahead(tx, restricted=False)
    finally:
        store.close()
    if found:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
        raise NotReady("overdue", f"should be gone and is not: {told}", "run: foresatt retention")
    if missed is not None:
        raise NotReady(
            "retention_missed", f"retention has not done its work for {missed.isoformat()}", "run: foresatt retention"
        )
    told = f"last {last.isoformat()}" if last else "nothing to erase yet"
    return f"{told}, nothing overdue" + (f"; {len(ahead)} to decide: foresatt warnings" if ahead else "")


def _register(house: "House") -> str:
    told = house.settings.folkeregister
    if not told.on:
        return "off: links are proven by the school's list or by a steward"
    from store.opening import open_store
    from tasks.reconcile.register import make_register

    store = open_store(house)
    try:
        register = make_register(store)
        try:
            register.last_sequence("self_test")
        finally:
            register.close()
    finally:
        store.close()
    return f"on since {told.decided_on}, decided by {told.decided_by} ({told.legal_basis}); it answers"


def _findings(house: "House") -> str:
    from store.opening import open_store
    from tasks.report.counts import morning

    store = open_store(house)
    try:
        waits = morning(store)
    finally:
        store.close()
    if late := waits.late.get("findings", 0):
        raise NotReady("findings_late", f"{late} findings are past their date", "see: foresatt findings list")
    found = sum(count for name, count in waits.needs_you.items() if name.startswith("finding_"))
    return f"{found} open, none late" if found else "none open"


def _staff(house: "House") -> str:
    """Said whether anybody is protected or not: a line that came only then would tell."""
    if not house.settings.staff.restricted:
        return "no steward has the restricted role: a protected family would be seen by nobody; set staff.restricted"
    return f"{len(house.settings.staff.restricted)} with the restricted role"


def _validation(house: "House") -> str:
    from tasks.validate.step import check_switched_on

    check_switched_on(house.settings)
    return "a row known to be bad is found bad"


PROBES: tuple[tuple[str, Probe], ...] = (
    ("settings", _settings),
    ("home", _home),
    ("keys", _keys),
    ("store", _store),
    ("validation", _validation),
    ("gpg", _gpg),
    ("ocr", _ocr),
    ("email", _channel("email")),
    ("digipost", _channel("digipost")),
    ("post", _channel("post")),
    ("answers", _answers),
    ("roster", _roster),
    ("work list", _worklist),
    ("paper", _paper),
    ("oneroster", _oneroster),
    ("register", _register),
    ("findings", _findings),
    ("staff", _staff),
    ("retention", _retention),
)
