"""Nothing leaks: planted people go the whole way, with a failure at every step, and no byte of them is left anywhere.

Belongs here: the whole way of planted people, then the search of everything that is kept, logged or printed. Does not
belong here: how the search works (`test_sweep`).
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_planted import Planter, people, planted, values
from support_register import Registry, registries
from support_runs import Ran, Runs, Served
from support_spoil import TELLING
from support_sweep import Sweep, identity_numbers
from support_world import TODAY, Inbox, Town, opened, submissions, town

from fixtures.freg_people import of_pupils
from fixtures.school import School, make_school
from fixtures.smtp import PASSWORD, USER, MailServer, mail_server
from store import audit
from store.tables import deletion_ledger, links
from tasks.decrypt.keyring import export_public

__all__ = ["registries"]

BROKEN_STEPS = {
    "the sources": (
        "tasks.collect.email:MaildirChannel.deliveries",
        "tasks.collect.post:ScanFolderChannel.deliveries",
        "tasks.collect.digipost:DigipostChannel.deliveries",
    ),
    "collect": ("tasks.collect.step:take_in_all",),
    "decrypt": ("tasks.decrypt.step:open_delivery",),
    "extract": ("tasks.extract.step:read_opened",),
    "validate": ("tasks.validate.step:judge",),
    "the register": ("tasks.reconcile.freg_http:_judged",),
    "reconcile": ("tasks.reconcile.step:decide",),
    "load": ("tasks.load.step:apply",),
    "settle and report": ("tasks.collect.step:_settled", "flows.intake:publish"),
}
"""Runs of intake that fail: the name of the step, and the functions that raise in it."""
BROKEN_FLOWS = {
    ("reprocess",): "flows.reprocess:reopen",
    ("reconcile",): "store.due_dates:due",
    ("provision",): "store.worklist:sync",
    ("retention", "--as-of", "TOMORROW"): "store.erasure:erase",
}
"""Other flows that fail, each in its own work."""


@dataclass
class Story:
    """What was run, and how it ended."""

    runs: Runs
    home: Path
    inbox: Inbox
    values: list[str]
    watched: Path
    smtp: dict[str, str] = field(default_factory=dict)
    register: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Ran] = field(default_factory=dict)
    went: dict[str, Ran] = field(default_factory=dict)
    _turn: Iterator[int] = field(default_factory=count)

    def run(self, *argv: str, stdin: str = "", spoil: Sequence[dict[str, Any]] = ()) -> Ran:
        env = self.inbox.environ | {"FORESATT_INTAKE_MAX_ATTEMPTS": "100", "FORESATT_POST_STABLE_SECONDS": "0"}
        env |= self.smtp | self.register
        return self.runs(*argv, "--json", home=self.home, env=env, stdin=stdin, spoil=spoil, watch=self.watched)

    def fails(self, told: str, argv: Sequence[str], targets: Sequence[str], stdin: str = "") -> None:
        """A run in which these functions raise everything they know, one kind of exception after the other."""
        at = next(self._turn) * 3 % len(TELLING)
        kinds = [*TELLING[at:], *TELLING[:at]]
        spoil = [{"target": t, "do": kinds[n:] + kinds[:n], "values": self.values} for n, t in enumerate(targets)]
        self.failed[told] = self.run(*argv, stdin=stdin, spoil=spoil)

    def goes(self, *argv: str, stdin: str = "") -> Ran:
        """A run that must end well."""
        self.went[" ".join(argv)] = self.run(*argv, stdin=stdin).fine()
        return self.went[" ".join(argv)]


@pytest.fixture(scope="module")
def people_planted() -> School:
    """A school of its own, so that nobody else's test shows one of its people on purpose."""
    return planted(make_school(TODAY, seed=11))


@pytest.fixture(scope="module")
def place(short: Path, runs: Runs, people_planted: School) -> Iterator[Town]:
    """The town of that school."""
    with town(short / "p", people_planted) as made:
        yield made


@pytest.fixture(scope="module")
def mails(short: Path) -> Iterator[MailServer]:
    """A mail server that takes the answers."""
    (short / "m").mkdir()
    with mail_server(short / "m") as made:
        yield made


@pytest.fixture(scope="module")
def story(
    place: Town, runs: Runs, served: Served, people_planted: School, mails: MailServer, registries: Registry
) -> Story:
    """Everything, once: every step fails once, then goes well; a steward decides; a birthday comes."""
    home, inbox = place.home("h"), place.inbox()
    smtp = {"HOST": "localhost", "PORT": str(mails.port), "CA_FILE": str(mails.ca), "SENDER": USER, "USER": USER}
    smtp = {f"FORESATT_SMTP_{name}": value for name, value in smtp.items()} | {"FORESATT_SMTP_PASSWORD": PASSWORD}
    registries.reset()
    unknown = people(people_planted)[2]  # whose name is misspelt: the register would tell whom it means
    registries.freg.add(of_pupils(pupil for pupil in people_planted.pupils if pupil is not unknown))
    told = Story(runs, home, inbox, values(people_planted), runs.folder / "watched", smtp, registries.environ)
    planter = Planter(people_planted, home, inbox)
    planter.sow()
    for step, targets in BROKEN_STEPS.items():
        told.fails(step, ["intake"], targets)
    told.fails("the flow itself", ["intake"], ["flows.intake:opened"])
    planter.sow_scan()
    told.goes("intake")
    _steward(told, people_planted)
    _rights(told, people_planted)
    told.goes("answers", "list")
    told.fails("answers", ["answers", "send"], ["tasks.provision.answers:_send", "tasks.provision.answers:connected"])
    told.goes("answers", "send")
    for argv, target in BROKEN_FLOWS.items():
        words = [_tomorrow() if word == "TOMORROW" else word for word in argv]
        told.fails(f"flow {argv[0]}", words, [target])
    for command in (["reprocess"], ["reconcile"], ["provision"], ["retention", "--as-of", _tomorrow()], ["check"]):
        told.goes(*command)
    _provide(told)
    _keep(told)
    _settle(served)
    return told


def _provide(told: Story) -> None:
    """What leaves: a list for one person, encrypted; a dispatch on paper; an export that fails while it is written."""
    ring = told.home / "keys" / "staff"
    ring.mkdir(mode=0o700)
    (ring / "kari.asc").write_text(export_public(told.home / "gnupg"), "ascii")
    sealed = str(told.home / "store" / "liste.pdf.pgp")
    argv = ("worklist", "export", "--out", sealed, "--to", "kari", "--reveal", "--by", "kari")
    told.fails("worklist export", argv, ["tasks.provision.encrypted:encrypt"])
    told.goes(*argv)
    told.goes("analogue", "dispatch", "make", "vinterferie", "--by", "kari")
    told.goes("analogue", "tick", "vinterferie", "--all", "--by", "kari")
    decided = {"ON": "true", "RECIPIENT": "x", "PURPOSE": "y", "PROCESSOR_AGREEMENT": "z", "DECIDED_BY": "rektor"}
    told.smtp |= {f"FORESATT_ONEROSTER_{k}": v for k, v in {**decided, "DECIDED_ON": "2026-01-01"}.items()}
    export = ("oneroster", "export", "--out", str(told.home / "store" / "x.zip"), "--by", "kari")
    told.fails("oneroster", export, ["tasks.provision.oneroster:pack"])


def _keep(told: Story) -> None:
    """New keys, a backup and its restore, each after a failure in the middle of it; the audit."""
    file = str(told.home / "store" / "backup.db")
    for argv, target in (
        (["keys", "rotate", "--by", "kari"], "store.rotation:_rewrap"),
        (["store", "backup", "--out", file], "store.backup:insert_rows"),
        (["store", "restore", file, "--by", "kari"], "store.backup:replay_everything"),
    ):
        told.fails(" ".join(argv[:2]), argv, [target])
        told.goes(*argv)
    for argv in (["keys", "status"], ["audit", "verify"], ["audit", "show"]):
        told.goes(*argv)


def _steward(told: Story, school: School) -> None:
    """Corrections by standard input, every kind of exception among them; decisions, lists, look-ups by a value."""
    second, third, fourth = people(school)[1:4]
    mails = [line for line in submissions(told.home) if line.channel == "email" and line.entries]
    wrong, misspelt, unencrypted = (line.id for line in mails[1:4])
    by = ("--slot", "1", "--by", "kari")
    right = f"fnr {second.adults[0].number}\nmobile +47 {second.adults[0].mobile}\nname {second.adults[0].name}\n"
    for kind in TELLING:
        spoil = {"target": "tasks.reconcile.step:decide", "do": kind, "values": told.values}
        told.failed[f"review {kind}"] = told.run("review", "correct", wrong, *by, stdin=right, spoil=[spoil])
    told.goes("review", "correct", wrong, *by, "--confirm", stdin=right)
    told.goes("review", "correct", misspelt, *by, stdin=f"pupil={third.name}\n")
    told.goes("review", "confirm", unencrypted, *by)
    told.goes("review", "refuse", unencrypted, "--slot", "2", "--by", "kari")
    for listing in (["submissions"], ["review", "list"], ["show", wrong], ["worklist"], ["consent", "list"]):
        if listing != ["worklist"]:  # which shows names, as it must
            told.goes(*listing)
    file = str(next((told.home / "scans").glob("**/*.png")))
    told.failed["inspect"] = told.run(
        "inspect", file, spoil=[{"target": "tasks.extract.read:read_opened", "do": "panic", "values": told.values}]
    )
    for argument in (["show", fourth.name], ["reprocess", fourth.adults[0].number], ["review", "confirm", third.name]):
        told.failed[f"argument {argument[0]}"] = told.run(*argument)


def _rights(told: Story, school: School) -> None:
    """Somebody asks what is held about them, has it put right; others are put on hold, protected, erased: each after a
    failure in the middle of it."""
    who = people(school)[0].adults[0]
    key = told.home / "school.asc"
    key.write_text(export_public(told.home / "gnupg"))
    by = ("--by", "kari", "--proven-by", "passport")
    file = str(told.home / "told.asc")
    report = ["person", "report", *by, "--key", str(key), "--out", file]
    told.fails("person report", report, ["store.dossier:dossier"], stdin=f"{who.number}\n")
    told.goes(*report, stdin=f"{who.number}\n")
    correct, right = ["person", "correct", *by], f"{who.name}\nemail {who.email}\nmobile {who.mobile}\n"
    told.fails("person correct", correct, ["store.contact:change"], stdin=right)
    told.goes(*correct, stdin=right)
    told.failed["argument person"] = told.run("person", "report", who.name, *by)
    held, gone, flagged = people(school)[3].adults[0], who, people(school)[4]
    until = TODAY.replace(year=TODAY.year + 1).isoformat()
    for argv, target, asked in (
        (
            ["hold", "place", "--reason", "complaint", "--until", until, "--by", "kari"],
            "store.holds:place",
            held.number,
        ),
        (["protect", "place", "--by", "kari"], "store.protection:_follow", flagged.name),
        (["erase", *by], "store.erasure:forget_forms", gone.number),
    ):
        told.fails(f"person {argv[0]}", ["person", *argv], [target], stdin=f"{asked}\n")
        told.goes("person", *argv, stdin=f"{asked}\n")


def _tomorrow() -> str:
    return TODAY.fromordinal(TODAY.toordinal() + 1).isoformat()


def _settle(served: Served) -> None:
    """Wait until the server has written down what it was told: it does so a few seconds later."""
    before = -1
    for _ in range(30):
        with sqlite3.connect(served.prefect / "prefect.db") as database:
            now = sum(
                database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("events", "log", "task_run", "flow_run_state")
            )
        if now == before:
            return
        before = now
        time.sleep(2)


# ------------------------------------------------------------------------------------ the story was worth searching


def test_every_run_that_was_to_fail_failed(story: Story) -> None:
    """Each broken step makes its run red (exit 1, or 2 for wrong use), with one clean document for programs."""
    codes = {told: ran.code for told, ran in story.failed.items()}

    assert {told: 2 if told.startswith("argument") else 1 for told in codes} == codes
    assert {"code", "message", "next"} == {key for ran in story.failed.values() for key in ran.json["error"]}


def test_the_planted_people_went_the_whole_way(story: Story) -> None:
    """After all the failures every delivery is decided and the people are in the store: there was something to leak."""
    lines = submissions(story.home)

    assert 11 == len(lines)
    assert {"decided"} == {line.state for line in lines}
    assert {"read", "not_a_form", "unreadable"} == {line.outcome for line in lines}
    assert 1 == sum(line.outcome == "unreadable" for line in lines)  # the broken armour, and not the S/MIME mail
    assert {"loaded", "needs_review", "refused"} <= {entry.outcome for line in lines for entry in line.entries}
    with opened(story.home) as store, store.deletions.connect() as ledger:
        query = select(deletion_ledger.c.done_at).where(deletion_ledger.c.reason == "turned_18")
        erased = list(ledger.execute(query.where(deletion_ledger.c.subject_id.contains("/"))).scalars())
    assert [False, False] == [when is None for when in erased]


def test_the_register_was_asked_about_them_and_remembered(story: Story, registries: Registry) -> None:
    """Their numbers went there, what came back proved who they are, and the audit knows how often, not about whom."""
    asked = b"".join(body for _, _, _, body in registries.asked("bulkoppslag")).decode()
    with opened(story.home) as store, store.read() as tx:
        bases = set(tx.connection.execute(select(links.c.basis)).scalars())
        rows = [row.detail for row in audit.read(tx, last=1_000) if row.action == "register_asked"]

    assert 8 <= len([value for value in story.values if value.isdigit() and value in asked])
    assert "register" in bases
    assert "what=people purpose=guardian_check" in {detail.rpartition(" ")[0] for detail in rows}
    assert ["on since 2026-08-17, decided by rektor (forskrift, paragraf 1); it answers"] == [
        one["detail"] for one in story.went["check"].json["checks"] if one["name"] == "register"
    ]


def test_what_persons_asked_for_was_done(story: Story) -> None:
    """Somebody was erased with what they had sent, somebody's pupil is protected, somebody is on hold."""
    (erased,) = [ran for words, ran in story.went.items() if words.startswith("person erase")]
    with opened(story.home) as store, store.read() as tx:
        done = {row.action for row in audit.read(tx, last=1_000)}

    assert erased.json["links"]
    assert erased.json["forms"]
    assert {"person_erased", "protected", "hold_placed"} <= done


def test_answers_went_out_and_name_nobody(story: Story, sweep: Sweep, mails: MailServer) -> None:
    """Planted people were answered at their own addresses, and what the mails say holds no planted value."""
    said = [sweep.data(f"{got['Subject']} {got.get_content()}".encode(), "a mail") for got in mails.mails]

    assert {to for _, recipients in mails.envelopes for to in recipients} & set(story.values)
    assert said
    assert [set()] * len(said) == said


def test_prefect_was_told_of_every_failure(story: Story, served: Served) -> None:
    """The failures reached Prefect's database and its storage: what is searched there is not an empty house."""
    flows = len(BROKEN_STEPS) + 1 + len(BROKEN_FLOWS)
    with sqlite3.connect(served.prefect / "prefect.db") as database:
        states = database.execute("SELECT message FROM flow_run_state WHERE type = 'FAILED'").fetchall()
        tasks = database.execute("SELECT count(*) FROM task_run_state WHERE type = 'FAILED'").fetchone()[0]
    kept = [path for path in (story.runs.folder / "prefect").rglob("*") if path.is_file()]

    assert flows <= len(states)
    assert 40 <= tasks
    assert flows <= len([path for path in kept if "results" in path.parts or "storage" in path.parts])


def test_every_kind_of_exception_was_raised(story: Story) -> None:
    """The exceptions that tell what they know were all raised inside flows, threads and finalisers among them."""
    said = "".join(ran.out + ran.err for ran in story.failed.values())
    kinds = (
        "_Telling",
        "KeyError",
        "_Panic",
        "RuntimeError",
        "FileNotFoundError",
        "ExceptionGroup",
        "UnicodeEncodeError",
    )
    kinds += ("SchemaErrors", "ValidationError", "CalledProcessError", "IntegrityError")

    assert [] == [kind for kind in kinds if f"{kind} at " not in said]
    assert "thread: _Telling" in said
    assert "unraisable: ValueError" in said


# ------------------------------------------------------------------------------------------------------- the search


@pytest.fixture(scope="module")
def sweep(story: Story, registries: Registry) -> Sweep:
    """The search for all of them, and for the tokens that opened the register and the paths it was asked by."""
    tokens = {token.rpartition(".")[2] for token in registries.freg.seen}
    return Sweep([*story.values, *sorted(tokens)[:12], "v1/personer", "entydigsoek"])


def test_the_search_would_find_them_at_their_source(story: Story, sweep: Sweep) -> None:
    """The same search finds the planted people where they may be: in the mails and scans that still lie there."""
    found, _ = sweep.folders(story.home / "mail", story.home / "scans")

    assert 20 < len({one.number for one in found})


def test_nothing_is_left_in_the_home(story: Story, sweep: Sweep) -> None:
    """Store, deletion ledger, keys, GnuPG's folder and the settings hold no planted value in any form; the mailbox and
    the scan folder are the senders' own."""
    found, size = sweep.folders(story.home, but=[story.home / "mail", story.home / "scans"])

    assert set() == found
    assert 500_000 < size


def test_nothing_is_left_with_prefect(story: Story, served: Served, sweep: Sweep) -> None:
    """Prefect's database, its storage, its home and the server's log hold no planted value in any form."""
    found, size = sweep.folders(served.folder, story.runs.folder / "prefect")

    assert set() == found
    assert 1_000_000 < size


def test_prefect_holds_no_identity_number_at_all(story: Story, served: Served) -> None:
    """No run of eleven digits in Prefect's database, log or storage passes the check digits, whoever's it may be."""
    files = [p for f in (served.folder, story.runs.folder / "prefect") for p in f.rglob("*") if p.is_file()]

    found = {path.name: len(identity_numbers(path.read_bytes())) for path in files}

    assert dict.fromkeys(found, 0) == found


def test_nothing_is_said_on_the_way(story: Story, sweep: Sweep) -> None:
    """What the runs wrote on standard output and standard error, failing or not, holds no planted value in any form."""
    ran = {**story.failed, **{f"then {told}": one for told, one in story.went.items()}}
    said = {told: sweep.data((one.out + one.err).encode(), told) for told, one in ran.items()}

    assert {told: set() for told in ran} == said


def test_nothing_is_left_in_temporary_folders(story: Story, sweep: Sweep) -> None:
    """The folders for temporary files, also those in memory, hold no planted value in any form."""
    found, _ = sweep.folders(story.runs.folder / "tmp", story.runs.folder / "home", Path("/dev/shm"))  # noqa: S108

    assert set() == found


def test_no_command_line_names_anybody(story: Story, sweep: Sweep) -> None:
    """No program that a run starts is given a planted value as an argument."""
    lines = [json.loads(line) for line in story.watched.read_text("utf-8").splitlines()]
    commands = [line[1:] for line in lines if line[0] == "run"]

    assert 20 < len(commands)
    assert set() == {found for told in commands for found in sweep.data("\0".join(told).encode(), told[0])}


def test_plaintext_never_touches_a_disk(story: Story) -> None:
    """Between the two durable points a run writes no file of its own: only the home's, Prefect's and its own output."""
    lines = [json.loads(line) for line in story.watched.read_text("utf-8").splitlines()]
    written = {Path(line[1]) for line in lines if line[0] == "write"}
    written = {path for path in written if path.name != "maildirfolder" and "__pycache__" not in path.parts}
    allowed = (
        story.home / "prefect",
        story.home / "store",
        story.home / "ledger",
        story.home / "keys",
        story.home / "told.asc",  # which the steward asked for, encrypted
        story.runs.folder / "prefect",
        Path("/dev/null"),
    )

    assert set() == {path for path in written if not any(one in (path, *path.parents) for one in allowed)}


def test_no_delivery_lies_unsealed(story: Story, served: Served) -> None:
    """No piece of a delivery, as it came, stands anywhere in the home or with Prefect: originals are sealed."""
    sources = [story.home / "mail", story.home / "scans"]
    contents = [path.read_bytes() for folder in sources for path in folder.rglob("*") if path.is_file()]
    contents += [document.letter.content for document in story.inbox.standin.documents]
    pieces = [content[len(content) // 2 :][:48] for content in contents if len(content) > 96]
    files = [p for f in (story.home, served.folder, story.runs.folder / "prefect") for p in f.rglob("*") if p.is_file()]
    kept = [path for path in files if not any(one in path.parents for one in sources)]

    assert 8 <= len(pieces)
    assert [] == [path.name for path in kept for piece in pieces if piece in path.read_bytes()]


def test_the_audit_tells_who_did_what_to_nobody(story: Story) -> None:
    """The steward's decisions are in the audit by staff id, with codes only, and its chain holds."""
    with opened(story.home) as store, store.read() as tx:
        broken = audit.verify(tx)
    history = story.went[next(told for told in story.went if told.startswith("show"))].json["history"]

    assert broken is None
    assert "kari" in {row["by"] for row in history}
