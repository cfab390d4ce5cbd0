"""The whole journey: everything that is sent to a synthetic school goes from the door to the work list, once, for real.

Belongs here: what must have become of each case, of the store, of the lists and of the sources. Does not belong here:
the form of the commands' answers (`test_commands`).
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_runs import Ran, Runs
from support_world import TODAY, Inbox, Town, matching, picture, reading, submissions

from fixtures.casebook import Case
from fixtures.cases import make_cases
from fixtures.people import Person, Pupil
from fixtures.school import School, make_school
from schemas.due import next_working_day
from schemas.names import agrees
from schemas.outcomes import SubmissionOutcome
from store import analogue, guardians, worklist
from store.database import Transaction
from store.guardians import Guardian
from store.listing import SubmissionLine
from store.people import read_pupils
from store.tables import data_keys, links, outbox

CASES = [case.name for case in make_cases(make_school(TODAY))]
TOMORROW = TODAY + timedelta(days=1)


@dataclass
class Journey:
    """The runs, and what lay in the home and at Digipost after each."""

    home: Path
    inbox: Inbox
    school: School
    cases: dict[str, Case]
    ran: dict[str, Ran] = field(default_factory=dict)
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    letters: dict[str, set[str]] = field(default_factory=dict)
    lines: list[SubmissionLine] = field(default_factory=list)

    def note(self, name: str, ran: Ran) -> None:
        """Keep a run, which must have ended well."""
        self.ran[name] = ran.fine()
        self.pictures[name] = picture(self.home)
        self.letters[name] = {one.letter.content.hex() for one in self.inbox.standin.documents}

    def of(self, case: str) -> SubmissionLine:
        return matching(self.lines, self.cases[case])

    def family(self, case: str) -> Pupil:
        """The pupil whom a case is about, by what stands in its first cell."""
        named = self.cases[case].forms[0].columns
        return next(pupil for pupil in self.school.pupils if pupil.name in [column.pupil for column in named])


@pytest.fixture(scope="module")
def journey(homes: Town, runs: Runs, school: School, cases: dict[str, Case]) -> Journey:
    """Everything in its order: two intakes and a late form, the night, a steward's day, the birthday."""
    told = Journey(homes.home("j"), homes.inbox(), school, cases)
    home, env = told.home, told.inbox.environ
    homes.fill(home, cases.values(), told.inbox)
    told.note("first", runs.process("intake", "--json", home=home, env=env))
    told.note("again", runs("intake", "all", "--json", home=home, env=env))
    homes.fill(home, cases.values(), told.inbox, late=True)
    told.note("late", runs("intake", "--json", home=home, env=env))
    told.lines = submissions(home)
    told.note("night", runs("reconcile", "--json", home=home, env=env))
    told.note("list", runs("provision", "--json", home=home, env=env))
    _steward(told, runs)
    told.note("steward", runs("provision", "--json", home=home, env=env))
    birthday = ("retention", "--as-of", TOMORROW.isoformat(), "--json")
    told.note("rehearsed", runs(*birthday, "--dry-run", home=home, env=env))
    told.note("birthday", runs(*birthday, home=home, env=env))
    told.note("and again", runs(*birthday, home=home, env=env))
    return told


def _steward(told: Journey, runs: Runs) -> None:
    """A pupil who turns 18 tomorrow consents for one guardian; who is about to go stands in Visma InSchool already."""
    turning = [told.school.pupil("turns_18_tomorrow").name, told.school.pupil("extends").name]
    by = ("--by", "kari", "--json")
    with reading(told.home) as tx:
        ids = {
            adult.name: (pupil.id, next(g.id for g in guardians.of_pupil(tx, pupil.id) if agrees(g.name, adult.name)))
            for consenting, adult in told.school.consents
            for pupil in read_pupils(tx)
            if pupil.name == consenting.name
        }
    for pupil_id, guardian_id in ids.values():
        told_id = ("--pupil", pupil_id, "--guardian", guardian_id)
        given = runs("consent", "record", *told_id, *by, home=told.home).fine().json["consent"]
        runs("consent", "confirm", given, *by, home=told.home).fine()
    for line in runs("worklist", "--json", home=told.home).fine().json:
        if line["pupil"] in turning and line["do"] == "ADD":
            runs("worklist", "reveal", line["line"], *by, home=told.home).fine()
            runs("worklist", "sign", line["line"], "--as", "done", *by, home=told.home).fine()


def of(tx: Transaction, pupil: Pupil) -> dict[str, Guardian]:
    """The guardians linked to a pupil, by the name they have on the school's list where they are on it."""
    (known,) = [one for one in read_pupils(tx) if one.name == pupil.name and one.class_name == pupil.class_name]
    linked = guardians.of_pupil(tx, known.id)
    return {next((a.name for a in pupil.adults if agrees(g.name, a.name)), g.name): g for g in linked}


def suspended(tx: Transaction, guardian: Guardian) -> list[str | None]:
    """Why the guardian's links are suspended."""
    return list(tx.connection.execute(select(links.c.suspended).where(links.c.guardian_id == guardian.id)).scalars())


# ------------------------------------------------------------------------------------------------------- every case


@pytest.mark.parametrize("name", CASES)
def test_every_case_becomes_what_the_rules_say(name: str, journey: Journey) -> None:
    """Each delivery has the outcome, the entries and the reasons that follow from the domain's rules."""
    case, line = journey.cases[name], journey.of(name)
    found = Counter((entry.slot, entry.outcome) for entry in line.entries)

    assert case.outcome.value == line.outcome
    assert Counter((one.slot, one.outcome.value) for one in case.expected) == found
    for one in case.expected:
        same = [set(e.codes) for e in line.entries if (e.slot, e.outcome) == (one.slot, one.outcome.value)]
        assert [codes for codes in same if one.codes <= codes], (sorted(one.codes), same)
    assert case.codes <= set(line.codes)


def test_nothing_else_came_in(journey: Journey) -> None:
    """There is one submission for every delivery, all decided, none leased."""
    assert len(CASES) == len(journey.lines)
    assert {"decided"} == {line.state for line in journey.lines}
    assert [] == journey.pictures["late"]["leases"]


def test_the_summary_says_what_happened(journey: Journey) -> None:
    """The first run counts submissions collected and decided, and outcomes of entries and of submissions without."""
    told = journey.ran["first"].json
    in_time = [case for case in journey.cases.values() if not case.late]
    outcomes = Counter(one.outcome.value for case in in_time for one in case.expected)
    outcomes += Counter(case.outcome.value for case in in_time if not case.expected)

    assert (len(in_time), len(in_time), 0) == (told["collected"], told["decided"], told["undecided"])
    assert outcomes == told["outcomes"]


def test_a_second_run_collects_nothing_and_changes_nothing(journey: Journey) -> None:
    """The same sources again: nothing collected, nothing decided, the store as it was."""
    told = journey.ran["again"].json

    assert (0, 0, 0, {}) == (told["collected"], told["decided"], told["undecided"], told["outcomes"])
    assert journey.pictures["first"] == journey.pictures["again"]


def test_an_older_form_that_comes_to_light_later_changes_nothing(journey: Journey) -> None:
    """A form that arrived before the one already loaded is superseded; the guardian keeps what the newer form said."""
    assert {"superseded": 1} == journey.ran["late"].json["outcomes"]
    assert journey.pictures["again"]["links"] == journey.pictures["late"]["links"]


# --------------------------------------------------------------------------------------- who gets in, and who does not


@pytest.mark.parametrize("name", ["impostor", "impostor_with_her_contacts"])
def test_an_impostors_number_is_nowhere(name: str, journey: Journey) -> None:
    """Whoever writes the mother's name and his own number is not in the store, and she is not harmed by it."""
    (liar,) = [column for column in journey.cases[name].forms[0].columns if column.fnr]
    family = journey.family(name)
    with reading(journey.home) as tx:
        assert None is guardians.find_by_number(tx, liar.fnr)
        linked = of(tx, family)
    mother = family.adults[0]

    known = {mother.name: mother.number} if name == "impostor_with_her_contacts" else {}
    assert known == {who: one.number for who, one in linked.items()}


def test_a_refusal_for_the_other_parent_removes_nobody(journey: Journey) -> None:
    """The father's form refuses for the mother: her link is still there with her number, suspended; she is asked at the
    contact already known, and a review is due in one working day. His own column is loaded."""
    family = journey.family("refusal_for_the_other_parent")
    mother, father = family.adults
    with reading(journey.home) as tx:
        linked = of(tx, family)
        asked = tx.connection.execute(select(outbox).where(outbox.c.kind == "refusal_question")).all()
        sealed = [tx.vault.open(row.subject_id, "outbox.payload", row.id, row.payload_ct) for row in asked]
        found = {who: (one.number, suspended(tx, one)) for who, one in linked.items()}

    assert {mother.name: (mother.number, ["refusal_unproven"]), father.name: (father.number, [None])} == found
    assert [linked[mother.name].id] == [row.subject_id for row in asked]
    assert [{"mobile": linked[mother.name].mobile, "email": linked[mother.name].email}] == [*map(json.loads, sealed)]
    (held,) = [e for e in journey.of("refusal_for_the_other_parent").entries if e.outcome == "needs_review"]
    assert next_working_day(TODAY) == held.review_due_on


@pytest.mark.parametrize("name", ["own_refusal", "plain_mail_refusal", "refusal_with_number"])
def test_a_refusal_of_ones_own_keeps_no_number(name: str, journey: Journey) -> None:
    """Who refuses is on the analogue register, with no number kept, and the original of the form is destroyed."""
    family = journey.family(name)
    with reading(journey.home) as tx:
        paper = {(one.name, one.why) for one in analogue.of_pupil(tx) if agrees(one.name, family.adults[0].name)}
        keys = {*tx.connection.execute(select(data_keys.c.subject_id)).scalars()}

        assert None is guardians.find_by_number(tx, family.adults[0].number)
    assert {(family.adults[0].name, "refused")} == paper
    assert not journey.of(name).has_original
    assert journey.of(name).id not in keys


def test_a_protected_pupil_is_nowhere_to_be_seen(journey: Journey) -> None:
    """The guardians of a shielded pupil are not linked, stand on no list, and the reason is the neutral one."""
    family = journey.school.pupil("shielded")
    with reading(journey.home) as tx:
        shown = {line.pupil for line in worklist.read_lines(tx)}

        assert {} == of(tx, family)
    assert family.name not in shown
    assert {("by_school",)} == {entry.codes for entry in journey.of("protected_pupil").entries}


def test_siblings_share_their_guardian(journey: Journey) -> None:
    """Two pupils in one column give one guardian with two links; the number stands in the store once."""
    elder, younger = journey.school.group("siblings")[:2]
    with reading(journey.home) as tx:
        assert [{who: g.id for who, g in of(tx, elder).items()}] == [{who: g.id for who, g in of(tx, younger).items()}]


# --------------------------------------------------------------------------------------------------------- retention


def linked(journey: Journey, role: str) -> list[Person]:
    """The adults of that family who are linked in the end."""
    family = journey.school.pupil(role)
    with reading(journey.home, TOMORROW) as tx:
        there = of(tx, family)
    return [adult for adult in family.adults if adult.name in there]


def test_who_turns_18_loses_the_guardians_that_day(journey: Journey) -> None:
    """On the 18th birthday the links of that pupil are erased with guardians of nobody else; nothing is overdue."""
    told = journey.ran["birthday"].json

    assert (3, 0) == (told["erased"]["link:turned_18"], told["overdue"])
    assert [] == linked(journey, "turns_18_tomorrow")


def test_a_consent_for_one_guardian_keeps_that_one_only(journey: Journey) -> None:
    """The pupil consented for the first guardian: that link stays, the other goes on the birthday."""
    assert [journey.school.pupil("extends").adults[0]] == linked(journey, "extends")


def test_what_is_erased_leaves_a_tombstone_and_no_key(journey: Journey) -> None:
    """Of an erased guardian nothing is left to open; the entry stays as loaded, without pupil or guardian, and the
    deletion ledger says that it was done."""
    (line,) = [one for one in submissions(journey.home) if one.id == journey.of("turns_18_tomorrow").id]
    with reading(journey.home, TOMORROW) as tx:
        gone = [
            guardians.find_by_number(tx, adult.number) for adult in journey.school.pupil("turns_18_tomorrow").adults
        ]
        (pupil,) = [p for p in read_pupils(tx) if p.name == journey.school.pupil("turns_18_tomorrow").name]

    assert [None, None] == gone
    assert ["loaded", "loaded"] == [entry.outcome for entry in line.entries]
    assert [(None, None)] * 2 == [(entry.row.pupil_id, entry.row.guardian_id) for entry in line.entries]
    assert () == pupil.known
    assert journey.pictures["birthday"]["guardians"] == journey.pictures["birthday"]["keys"]["G"]
    assert 3 == journey.pictures["birthday"]["erased"][("P", "turned_18", True)]
    assert not [kind for kind in journey.pictures["birthday"]["erased"] if not kind[2]]


def test_a_remove_line_outlives_the_erasure(journey: Journey) -> None:
    """The steward still sees whom to remove from Visma InSchool, by name, pupil and class, and nothing more; the line
    says "the person too" where it was the last link."""
    pupil = journey.school.pupil("turns_18_tomorrow")
    with reading(journey.home, TOMORROW) as tx:
        lines = [line for line in worklist.read_lines(tx) if line.pupil == pupil.name]

    assert {("remove", adult.name, pupil.class_name, True) for adult in pupil.adults} == {
        (line.kind, line.guardian, line.class_name, line.person_too) for line in lines
    }
    assert [{}, {}] == [line.values for line in lines]
    assert [True, True] == [line.due_on is not None and line.due_on <= TOMORROW for line in lines]


def test_a_rehearsal_counts_and_changes_nothing(journey: Journey) -> None:
    """`--dry-run` says what the sweep then does, and does none of it."""
    assert journey.ran["birthday"].json["erased"] == journey.ran["rehearsed"].json["erased"]
    assert journey.pictures["steward"] == journey.pictures["rehearsed"]


def test_a_second_sweep_finds_nothing(journey: Journey) -> None:
    """Run twice, retention erases once."""
    assert ({}, 0) == (journey.ran["and again"].json["erased"], journey.ran["and again"].json["overdue"])


def test_the_audit_chain_holds_through_it_all(journey: Journey) -> None:
    """Every run and every decision of a person lengthens the chain, and none breaks it."""
    assert {None} == {told["audit breaks"] for told in journey.pictures.values()}
    assert {"entry_decided", "guardian_linked", "line_revealed", "line_signed", "erased"} <= set(
        journey.pictures["birthday"]["audit"]
    )


# ----------------------------------------------------------------------------------------------------------- sources


def kept(journey: Journey, channel: str) -> Counter[str]:
    """How the submissions of the first run by one channel ended, for their copies at the source."""
    lines = [line for line in journey.lines if line.channel == channel and not journey_late(journey, line)]
    ordinary = SubmissionOutcome.NOT_A_FORM.value
    return Counter("ordinary" if x.outcome == ordinary else "kept" if x.has_original else "gone" for x in lines)


def journey_late(journey: Journey, line: SubmissionLine) -> bool:
    """Whether it came to light only at the second filling."""
    return line.received_at in [case.received(TODAY) for case in journey.cases.values() if case.late]


def test_mails_taken_in_are_moved_and_ordinary_mail_stays(journey: Journey) -> None:
    """Mails with a form lie in .Ferdig, those of refusals and adult pupils are deleted, and ordinary mail lies where it
    lay, flagged and unread."""
    mails, expected = journey.pictures["first"]["mails"], kept(journey, "email")
    left = [name for name in mails if not name.startswith(".Ferdig/")]

    assert expected["kept"] == len(mails) - len(left)
    assert expected["gone"] > 0
    assert expected["ordinary"] == len(left)
    assert {"cur"} == {Path(name).parts[0] for name in left}
    assert {":2,F"} == {name[name.index(":") :] for name in left}


def test_scans_taken_in_are_moved(journey: Journey) -> None:
    """No scan is left in the folder itself."""
    assert {"ferdig": kept(journey, "post").total()} == journey.pictures["first"]["scans"]


def test_letters_are_deleted_only_where_nothing_may_be_kept(journey: Journey) -> None:
    """A Digipost letter whose original had to go at once is deleted there too; every other stays for its days."""
    expected = kept(journey, "digipost")

    assert expected["gone"] > 0
    assert expected["kept"] + expected["ordinary"] == len(journey.letters["first"])


def test_another_source_is_read_and_never_touched(homes: Town, runs: Runs, cases: dict[str, Case]) -> None:
    """`--from` takes in a Maildir, a folder of .eml or a folder of scans, and leaves every byte, name and time."""
    source, home, folder = homes.home("f0"), homes.home("f1"), homes.folder / "eml"
    sent = ("mail_inline_one_1", "turns_18_today", "newsletter", "text_named_pdf", "scan_of_no_bytes")
    homes.fill(source, (cases[name] for name in sent), homes.inbox())
    folder.mkdir()
    (folder / "one.eml").write_bytes(min((source / "mail" / "new").iterdir()).read_bytes())

    def files() -> list[tuple[str, int, bytes]]:
        found = [
            p for top in (source / "mail", source / "scans", folder) for p in sorted(top.rglob("*")) if p.is_file()
        ]
        return [(str(path), path.stat().st_mtime_ns, path.read_bytes()) for path in found]

    before = files()
    ran = [
        runs("intake", channel, "--from", place, "--json", home=home).fine().json["collected"]
        for channel, place in (("email", source / "mail"), ("post", source / "scans"), ("email", folder)) * 2
    ]

    assert [3, 2, 1, 0, 0, 0] == ran
    assert before == files()
