"""Writing what was decided: known pairs, changed contacts, refusals, and who is told; a form never removes anybody."""

import json
from datetime import date, datetime

import pytest
from sqlalchemy import select
from support_store import DAY, TODAY, Desk, Family, both, column, refusal

from fixtures.filled import FilledForm
from flows.road import PLAIN, Tally, walk
from schemas.documents import Reading
from store import entries, ledger, tables, worklist
from store.database import OSLO
from tasks.provision.step import provide
from tasks.retain.sweep import sweep


def loaded(desk: Desk, **more: object) -> Family:
    """A family whose mother is loaded, from a form of three days ago."""
    family = desk.family(**more)  # type: ignore[arg-type]
    assert ["loaded"] == desk.outcomes(desk.decided(column(family, family.mother), when=TODAY - 3 * DAY))
    return family


def contact(desk: Desk, family: Family) -> tuple[str, str]:
    """Mobile and e-mail of the one guardian linked."""
    [mother] = desk.guardians(family)
    return mother.mobile, mother.email


def messages(desk: Desk) -> list[tuple[str, str]]:
    """(kind, e-mail it goes to) of what waits to be sent."""
    with desk.store.read() as tx:
        rows = tx.connection.execute(select(tables.outbox).where(tables.outbox.c.kind != "answer")).all()
        told = [(r.kind, tx.vault.open(r.subject_id, "outbox.payload", r.id, r.payload_ct)) for r in rows]
    return [(kind, json.loads(payload)["email"]) for kind, payload in told]


# --- the same again ---------------------------------------------------------------------------------------------------


def test_the_same_again_is_unchanged(desk: Desk) -> None:
    """A second form that says the same makes no second guardian, link or line."""
    family = loaded(desk)
    before = (desk.rows(tables.guardians), len(desk.links(family)))

    assert ["unchanged"] == desk.outcomes(desk.decided(column(family, family.mother)))
    assert before == (desk.rows(tables.guardians), len(desk.links(family)))


def test_the_same_again_without_a_link_is_decided_anew(desk: Desk) -> None:
    """After an erasure the same bytes in a new delivery are a new form: people may change their mind."""
    family = loaded(desk)
    desk.steward(desk.decided(refusal(family, family.mother), when=TODAY - DAY), "confirm")
    assert [] == desk.links(family)

    assert ["loaded"] == desk.outcomes(desk.decided(column(family, family.mother)))
    assert ["until_access"] == [row.why for row in desk.rows(tables.refusals)]


def test_an_empty_cell_changes_nothing(desk: Desk) -> None:
    """Mobile and e-mail left out leave what is known."""
    family = loaded(desk, lists=("number",))
    before = contact(desk, family)

    assert ["unchanged"] == desk.outcomes(desk.decided(column(family, family.mother, mobile="", email="")))
    assert before == contact(desk, family)


def test_an_empty_column_is_no_entry(desk: Desk) -> None:
    """The other guardian's column, empty or with the pupil's name alone, is neither a fault nor a removal."""
    family = desk.family()
    desk.decided(both(family), when=TODAY - DAY)
    blank = column(family, family.father, fnr="", name="", mobile="", email="")
    sent = desk.decided(FilledForm(column(family, family.mother), blank))

    assert (["unchanged"], []) == (desk.outcomes(sent), desk.codes(sent))
    assert 2 == len(desk.links(family))


def test_one_guardian_of_two_pupils_is_one_person(desk: Desk) -> None:
    """A form for the sibling links the same guardian; nobody is stored twice."""
    family = loaded(desk)
    other = desk.child("Klokbåt", family.adults)

    assert ["loaded"] == desk.outcomes(desk.decided(column(other, family.mother)))
    assert (1, 2) == (len(desk.rows(tables.guardians)), len(desk.rows(tables.links)))


def test_a_number_of_somebody_else_is_never_taken_over(desk: Desk) -> None:
    """A number that the store knows under another name waits for a person, for this pupil and for any other."""
    family = loaded(desk)
    other = desk.family()
    for who in (family, other):
        sent = desk.decided(column(who, who.father, fnr=family.mother.number))

        assert ["needs_review"] == desk.outcomes(sent)
        assert ["name_differs"] == desk.codes(sent)
    assert 1 == len(desk.rows(tables.links))


# --- changed contacts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_number", [True, False], ids=["with the number", "without a number"])
def test_a_changed_contact_needs_a_proven_sender(desk: Desk, with_number: bool) -> None:
    """Post, Digipost and unsigned mail prove nobody: review, and the old contact stays."""
    family = loaded(desk)
    before, new = contact(desk, family), desk.people.adult()
    changed = column(family, family.mother, email=new.email, **({} if with_number else {"fnr": ""}))
    sent = desk.decided(changed)

    assert (["needs_review"], ["contact_change_unproven"]) == (desk.outcomes(sent), desk.codes(sent))
    assert (before, []) == (contact(desk, family), messages(desk))
    desk.steward(sent, "confirm called")
    assert ["updated"] == desk.outcomes(sent)
    assert new.email == contact(desk, family)[1]


def test_what_the_roster_knows_does_not_prove_the_sender(desk: Desk) -> None:
    """A contact that was changed with proof is not put back by a form with the one that the list still has."""
    family = loaded(desk)
    new = desk.people.adult()
    sent = desk.decided(column(family, family.mother, mobile=new.mobile), when=TODAY - 2 * DAY)
    desk.steward(sent, "confirm")
    back = desk.decided(column(family, family.mother))

    assert (["needs_review"], ["contact_change_unproven"]) == (desk.outcomes(back), desk.codes(back))
    assert f"+47{new.mobile}" == contact(desk, family)[0]


def test_no_number_and_nothing_new_is_unchanged(desk: Desk) -> None:
    """A known guardian who sends the same contact again without the number has said nothing new."""
    family = loaded(desk)

    assert ["unchanged"] == desk.outcomes(desk.decided(column(family, family.mother, fnr="")))


def test_the_notice_goes_to_the_contact_known_before(desk: Desk) -> None:
    """Whoever had the old address learns of the change, not the one who asked for it."""
    family = loaded(desk)
    new = desk.people.adult()
    desk.steward(desk.decided(column(family, family.mother, email=new.email)), "confirm")

    assert [("contact_changed", family.mother.email)] == messages(desk)


def test_a_change_after_the_sign_off_gives_a_change_line(desk: Desk) -> None:
    """What was typed into Visma InSchool already is to be changed there, for each of the guardian's pupils."""
    family = loaded(desk)
    other = desk.child("Klokbåt", family.adults)
    desk.decided(column(other, family.mother), when=TODAY - 2 * DAY)
    with desk.store.write() as tx:
        worklist.sync(tx)
        for line in worklist.read_lines(tx):
            worklist.sign(tx, line.id, as_="done", by="kari")
    new = desk.people.adult()
    desk.steward(desk.decided(column(family, family.mother, email=new.email)), "confirm")
    with desk.store.read() as tx:
        lines = [(line.kind, line.pupil) for line in worklist.read_lines(tx)]

    assert sorted([("change", family.pupil.name), ("change", other.pupil.name)]) == sorted(lines)


def test_after_the_reduction_a_form_with_the_number_is_the_same_person(desk: Desk) -> None:
    """The number is known by its look-up value alone, and still: the same is unchanged, another is a review."""
    family = loaded(desk)
    with desk.store.write() as tx:
        worklist.sync(tx)
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="done", by="kari")
    assert [""] == [one.number for one in desk.guardians(family)]
    other = desk.people.number(family.mother.born)

    assert ["unchanged"] == desk.outcomes(desk.decided(column(family, family.mother)))
    sent = desk.decided(column(family, family.mother, fnr=other))
    assert (["needs_review"], ["fnr_differs_from_known"]) == (desk.outcomes(sent), desk.codes(sent))


# --- refusals against a loaded guardian -------------------------------------------------------------------------------


@pytest.mark.parametrize("proven", [True, False], ids=["with her contacts", "with his own"])
def test_a_refusal_for_a_loaded_guardian_removes_nobody(desk: Desk, proven: bool) -> None:
    """The link rests, a review is due in one working day, and she is asked at the contact known before."""
    family = loaded(desk)
    his = {} if proven else {"mobile": family.father.mobile, "email": family.father.email}
    sent = desk.decided(refusal(family, family.mother, **his))

    assert (["needs_review"], True) == (desk.outcomes(sent), "refusal_unproven" in desk.codes(sent))
    assert ["refusal_unproven"] == [row.suspended for row in desk.links(family)]
    assert TODAY + DAY == desk.entry(sent).review_due_on  # Wednesday: Thursday
    assert [("refusal_question", family.mother.email)] == messages(desk)
    assert ([], 1) == (desk.rows(tables.refusals), len(desk.rows(tables.guardians)))


def test_a_confirmed_refusal_erases_at_once_and_is_due_that_day(desk: Desk) -> None:
    """She said it was she: number gone, paper instead, and a REMOVE line due today."""
    family = loaded(desk)
    with desk.store.write() as tx:
        worklist.sync(tx)
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="done", by="kari")
    sent = desk.decided(refusal(family, family.mother))
    desk.steward(sent, "confirm called")

    assert (["refused"], []) == (desk.outcomes(sent), desk.rows(tables.guardians))
    assert [family.pupil_id] == [row.pupil_id for row in desk.rows(tables.refusals)]
    with desk.store.read() as tx:
        found = {(line.kind, line.due_on, line.why) for line in worklist.read_lines(tx)}
    assert {("remove", TODAY, "withdrawn"), ("shred", TODAY, "paper_sheet")} == found


def test_a_refusal_that_was_never_hers_lets_the_link_live(desk: Desk) -> None:
    """She said it was not she: the link lives again, and the entry is rejected."""
    family = loaded(desk)
    sent = desk.decided(refusal(family, family.mother))
    desk.steward(sent, "reject refusal_unproven")

    assert (["rejected"], [None]) == (desk.outcomes(sent), [row.suspended for row in desk.links(family)])


def test_the_other_parents_link_does_not_rest(desk: Desk) -> None:
    """A refusal concerns the guardian it names and nobody else."""
    family = desk.family()
    desk.decided(both(family), when=TODAY - DAY)
    desk.decided(refusal(family, family.mother))
    names = {one.id: one.name for one in desk.guardians(family)}
    rests = {names[row.guardian_id]: row.suspended for row in desk.links(family)}

    assert {family.mother.name: "refusal_unproven", family.father.name: None} == rests


def test_processing_a_refusal_again_neither_asks_again_nor_puts_it_off(desk: Desk) -> None:
    """The question is sent once, and the review's date stays."""
    family = loaded(desk)
    sent = desk.decided(refusal(family, family.mother))
    desk.on(TODAY + 5 * DAY)
    desk.again(sent)

    assert 1 == len(messages(desk))
    assert TODAY + DAY == desk.entry(sent).review_due_on


def test_no_login_for_a_loaded_guardian_removes_nobody(desk: Desk) -> None:
    """She is known with a number, and a form says that she has none: a person decides."""
    family = loaded(desk)
    sent = desk.decided(column(family, family.mother, fnr="har ikke norsk nummer"))

    assert (["needs_review"], True) == (desk.outcomes(sent), "fnr_differs_from_known" in desk.codes(sent))
    assert ([], [None]) == (desk.rows(tables.refusals), [row.suspended for row in desk.links(family)])
    desk.steward(sent, "confirm")
    assert (["no_login"], []) == (desk.outcomes(sent), desk.links(family))


def test_who_refused_may_opt_in_by_a_new_form(desk: Desk) -> None:
    """Paper ends when digital access begins: with the signature that they are typed in, and not before."""
    family = desk.family()
    desk.decided(refusal(family, family.mother), when=TODAY - DAY)
    assert ["loaded"] == desk.outcomes(desk.decided(column(family, family.mother)))
    provide(desk.store)
    assert ["until_access"] == [row.why for row in desk.rows(tables.refusals)]

    (add,) = desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "add")
    for word, reason, left in (("not_done", "ask", 1), ("done", None, 0)):
        with desk.store.write() as tx:
            worklist.sign(tx, add.id, as_=word, by="kari", reason=reason)
        provide(desk.store)
        assert left == len(desk.rows(tables.refusals)), word
    assert 1 == len(desk.links(family))


def test_who_opts_in_and_refuses_again_before_they_are_typed_in_stays_on_paper(desk: Desk) -> None:
    """One row, refused as before, and nobody is to be typed in."""
    family = desk.family()
    desk.decided(refusal(family, family.mother), when=TODAY - 2 * DAY)
    desk.decided(column(family, family.mother), when=TODAY - DAY)
    desk.steward(desk.decided(refusal(family, family.mother)), "confirm")
    provide(desk.store)

    assert (["refused"], []) == ([row.why for row in desk.rows(tables.refusals)], desk.links(family))
    assert [] == desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "add")


def test_whoever_still_stands_in_visma_needs_no_paper_from_the_moment_they_opt_in(desk: Desk) -> None:
    """Refused for one of two children, and back before anybody removed her there: no line is owed, and no paper."""
    adults = (desk.people.adult("Lunlykt"), desk.people.adult("Lunlykt"))
    first, second = (desk.child("Lunlykt", adults, given=given) for given in ("Ola", "Kari"))
    for family in (first, second):
        desk.decided(column(family, family.mother), when=TODAY - 3 * DAY)
    provide(desk.store)
    with desk.store.write() as tx:
        for line in worklist.read_lines(tx):
            worklist.sign(tx, line.id, as_="done", by="kari")
    desk.steward(desk.decided(refusal(first, first.mother), when=TODAY - DAY), "confirm")
    assert ["refused"] == [row.why for row in desk.rows(tables.refusals)]
    desk.steward(desk.decided(column(first, first.mother)), "confirm")
    provide(desk.store)

    assert (1, []) == (len(desk.links(first)), desk.rows(tables.refusals))
    with desk.store.read() as tx:
        assert [] == [line for line in worklist.read_lines(tx) if line.kind != "shred"]


def test_a_second_refusal_is_one_row_on_paper(desk: Desk) -> None:
    """Refusing twice is refusing, dated by the newer."""
    family = desk.family()
    for days in (3, 1):
        desk.decided(refusal(family, family.mother), when=TODAY - days * DAY)
    rows = desk.rows(tables.refusals)

    assert [(TODAY - DAY, date(2028, 3, 5))] == [(row.arrived_at.date(), row.due_on) for row in rows]


# --- what is kept, and until when -------------------------------------------------------------------------------------


def test_an_original_stays_thirty_days_after_the_last_decision(desk: Desk) -> None:
    """From the day on which the last of its entries was decided, not from the first."""
    family = desk.family()
    sent = desk.decided(FilledForm(column(family, family.mother), column(family, desk.people.adult())))
    assert ["loaded", "needs_review"] == desk.outcomes(sent)
    desk.on(TODAY + 10 * DAY)
    desk.steward(sent, "confirm", slot=2)

    assert [TODAY + 40 * DAY] == [row.original_due_on for row in desk.rows(tables.submissions)]


@pytest.mark.parametrize("kind", ["refused", "not_applicable"])
def test_one_such_entry_takes_the_original_with_the_last_decision(desk: Desk, kind: str) -> None:
    """While the other entry is open the original stays; decided, it is destroyed in the same transaction, with the
    corrections and every field that was read."""
    adults = (desk.people.adult("Lunlykt"), desk.people.adult("Lunlykt"))
    family = desk.child("Lunlykt", adults, given="Ola")
    desk.child("Lunlykt", adults, born=date(2008, 1, 2), given="Kari")
    step = desk.people.adult()
    first = (
        refusal(family, family.mother)
        if kind == "refused"
        else column(family, family.mother, pupil="Kari Lunlykt", name="Kari")
    )
    sent = desk.decided(FilledForm(first, column(family, step)))
    assert [kind, "needs_review"] == desk.outcomes(sent)
    assert desk.rows(tables.submissions)[0].original_ct is not None
    desk.steward(sent, "confirm", slot=2, name=step.name)

    assert [kind, "loaded"] == desk.outcomes(sent)
    row = desk.rows(tables.submissions)[0]
    assert (None, None, None) == (row.original_ct, row.about_ct, row.original_due_on)
    assert [None, None] == [desk.entry(sent, slot).fields_ct for slot in (1, 2)]
    assert ([], []) == (
        desk.rows(tables.corrections),
        desk.rows(tables.data_keys, tables.data_keys.c.subject_id == sent),
    )


def test_an_original_with_a_refusal_waits_a_week_for_the_other_entry(desk: Desk) -> None:
    """The number of who refused is not kept for 90 days because the other guardian is in doubt: after seven days the
    open entry expires, and the original goes with it. Until then it says so in its date."""
    today = datetime.now(OSLO).date()
    desk.on(today)
    family = desk.family(born=date(today.year - 15, 1, 1))
    form = FilledForm(refusal(family, family.mother), column(family, desk.people.adult()))
    sent = desk.decided(form, when=today)
    week = desk.entry(sent, 1).decided_at.astimezone(OSLO).date() + 7 * DAY

    assert (["refused", "needs_review"], week) == (desk.outcomes(sent), desk.entry(sent, 2).held_until)
    assert [week] == [row.original_due_on for row in desk.rows(tables.submissions)]
    desk.again(sent)
    desk.on(week - DAY)
    sweep(desk.store)
    assert (["refused", "needs_review"], week) == (desk.outcomes(sent), desk.entry(sent, 2).held_until)
    desk.on(week)
    sweep(desk.store)
    assert ["refused", "expired"] == desk.outcomes(sent)
    assert [None] == [row.original_ct for row in desk.rows(tables.submissions)]


@pytest.mark.parametrize(
    ("birthday", "held"),
    [
        (date(2028, 3, 5), TODAY + 90 * DAY),  # far off: 90 days after receipt
        (TODAY + 90 * DAY, TODAY + 90 * DAY),
        (TODAY + 89 * DAY, TODAY + 89 * DAY),  # the pupil's own due date is earlier
        (TODAY + DAY, TODAY + DAY),
    ],
)
def test_what_is_held_waits_90_days_or_until_the_pupils_date(desk: Desk, birthday: date, held: date) -> None:
    """The earlier of the two counts, for the entry and for its original."""
    family = desk.family(born=birthday.replace(year=birthday.year - 18), lists=())
    sent = desk.decided(column(family, family.mother))

    assert (["needs_review"], held) == (desk.outcomes(sent), desk.entry(sent).held_until)
    assert [held] == [row.original_due_on for row in desk.rows(tables.submissions)]


def test_what_is_held_counts_from_receipt_and_never_anew(desk: Desk) -> None:
    """Processing it again, corrected or not, a month later does not give it more time."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother), when=TODAY - 20 * DAY)
    assert TODAY + 70 * DAY == desk.entry(sent).held_until
    desk.on(TODAY + 30 * DAY)
    desk.again(sent)
    assert TODAY + 70 * DAY == desk.entry(sent).held_until
    desk.steward(sent, name=family.father.name)

    assert (["needs_review"], TODAY + 70 * DAY) == (desk.outcomes(sent), desk.entry(sent).held_until)
    assert [TODAY + 70 * DAY] == [row.original_due_on for row in desk.rows(tables.submissions)]


def test_a_pupil_who_is_found_later_brings_an_earlier_date(desk: Desk) -> None:
    """Named by the steward, the pupil's own due date counts from then on."""
    family = desk.family(born=date(2008, 10, 30), lists=())
    sent = desk.decided(column(family, family.mother, pupil="Nobody Nowhere"))
    assert TODAY + 90 * DAY == desk.entry(sent).held_until
    desk.steward(sent, pupil=family.pupil_id)

    assert date(2026, 10, 30) == desk.entry(sent).held_until


def test_what_could_not_be_read_waits_90_days(desk: Desk) -> None:
    """A person has as long for an unreadable delivery as for anything held."""
    sent = desk.send("", when=TODAY - 5 * DAY)
    desk.run()

    assert (["unreadable"], ["damaged"]) == (desk.outcomes(sent), desk.codes(sent))
    assert [TODAY + 85 * DAY] == [row.original_due_on for row in desk.rows(tables.submissions)]


def test_ordinary_post_leaves_a_digest_and_nothing_else(desk: Desk) -> None:
    """No form in it: no original, no name of a file, no entry, no reason."""
    sent = desk.decided("Dear school, when is the meeting?")
    row = desk.rows(tables.submissions)[0]

    assert ["not_a_form"] == desk.outcomes(sent)
    assert (None, None, 32) == (row.original_ct, row.about_ct, len(row.content_digest))
    assert ([], []) == (desk.rows(tables.entries), desk.rows(tables.reasons))


# --- final is final ---------------------------------------------------------------------------------------------------


def test_what_is_final_is_not_touched_by_processing_again(desk: Desk) -> None:
    """One guardian loaded, the other corrected later: the first entry, its guardian and its audit stay as they were."""
    family = desk.family()
    sent = desk.decided(FilledForm(column(family, family.mother), column(family, desk.people.adult())))
    first, guardian = desk.entry(sent, 1), desk.rows(tables.guardians)
    for _ in range(3):
        desk.again(sent)
    about = [row for row in desk.rows(tables.audit) if row.subject_id == first.id]

    assert (first, guardian, 1) == (desk.entry(sent, 1), desk.rows(tables.guardians), len(about))


def test_a_final_entry_is_not_brought_back_by_processing_again(desk: Desk) -> None:
    """A guardian who withdrew after this form stays withdrawn when the form's other entry is processed again."""
    family = desk.family()
    form = FilledForm(column(family, family.mother), column(family, desk.people.adult()))
    sent = desk.decided(form, when=TODAY - 2 * DAY)
    desk.steward(desk.decided(refusal(family, family.mother), when=TODAY - DAY), "confirm")
    assert [] == desk.links(family)
    desk.steward(sent, "confirm", slot=2)

    assert ["loaded", "loaded"] == desk.outcomes(sent)
    assert [False] == [one.name == family.mother.name for one in desk.guardians(family)]


def test_reasons_are_those_of_the_last_time(desk: Desk) -> None:
    """Processing again replaces what was said before."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother, pupil="Nobody Nowhere"))
    assert ["pupil_not_found"] == desk.codes(sent)
    desk.steward(sent, pupil=family.pupil_id)

    assert ["number_unproven"] == desk.codes(sent)


def test_what_a_person_types_takes_the_place_of_what_nobody_could_read(desk: Desk) -> None:
    """A sheet whose fields were not found: the steward types the column, and the note on the whole sheet goes."""
    family = desk.family()
    who = family.mother
    steps = PLAIN._replace(extract=lambda opened, _: {ident: Reading(faults=("layout_not_found",)) for ident in opened})
    sent = desk.send("a sheet that no reader can read")
    walk(desk.store, steps, Tally())
    assert (["needs_review"], ["layout_not_found"], 0) == (
        desk.outcomes(sent),
        desk.codes(sent),
        desk.entry(sent, 0).slot,
    )
    with desk.store.write() as tx:
        told = {"pupil": family.pupil.name, "fnr": who.number, "name": who.name, "decision": "confirm kari seen"}
        for name, value in told.items():
            entries.correct(tx, sent, 1, 0, name, value, "kari")
        ledger.reopen(tx, sent)
    walk(desk.store, steps, Tally())

    assert (["loaded"], []) == (desk.outcomes(sent), desk.codes(sent))
    assert [who.name] == [one.name for one in desk.guardians(family)]
