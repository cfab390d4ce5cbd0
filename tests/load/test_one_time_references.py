"""A one-time reference on its way: printed, sent in, spent with what it proves, and worth nothing to anybody else."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import update
from support_store import DAY, HERE, STAFF, TODAY, Desk, Family, column, noon, refusal

from fixtures.boxed import printed, with_values
from fixtures.filled import FilledForm, as_lines
from fixtures.pages import packed, worn
from flows.road import PLAIN, Tally, walk
from schemas.documents import Delivery
from schemas.onetime import written
from store import erasure, ledger, onetime, tables
from store.people import KnownGuardian, RosterPupil, save_pupil
from tasks.load import step
from tasks.provision import merge
from tasks.provision.form_pdf import form_pdf
from tasks.retain.sweep import sweep

REFERENCES = tables.one_time_references


def sent_to(desk: Desk, family: Family, name: str = "") -> str:
    """A letter to the mother, or whoever is named; the code in it."""
    with desk.store.write() as tx:
        return onetime.make(tx, family.pupil_id, name or family.mother.name)[0]


def mailed(code: str, *columns: object) -> str:
    """A form as text, with the line that the sheet asks for."""
    return f"Hei\nReferanse: {written(code)}\n\n" + as_lines(FilledForm(*columns))  # type: ignore[arg-type]


def spent(desk: Desk) -> list[str | None]:
    return [row.spent_by for row in desk.rows(REFERENCES)]


def test_a_form_with_the_letters_line_is_loaded_and_the_reference_spent(desk: Desk) -> None:
    """The list has nothing but her name; only digests are kept; processed again it is still the one that spent it."""
    family = desk.family(lists=())
    assert ["needs_review"] == desk.outcomes(desk.decided(column(family, family.mother), when=TODAY - DAY))
    code = sent_to(desk, family)
    form = desk.decided(mailed(code, column(family, family.mother), column(family, family.father)))

    assert ["loaded", "needs_review"] == desk.outcomes(form)
    assert ["roster"] == [row.basis for row in desk.links(family)]
    desk.again(form)
    assert (["loaded", "needs_review"], [form]) == (desk.outcomes(form), spent(desk))
    assert ["number_unproven"] == desk.codes(form)


def test_used_again_by_another_it_proves_nothing(desk: Desk) -> None:
    """Whoever finds the sheet afterwards, even once her link is gone, is for a person to judge."""
    family = desk.family(lists=())
    code = sent_to(desk, family)
    first = desk.decided(mailed(code, column(family, family.mother)), when=TODAY - DAY)
    [link] = desk.links(family)
    with desk.store.write() as tx:
        erasure.erase(tx, f"{family.pupil_id}/{link.guardian_id}", "withdrawn")
    replay = desk.decided(mailed(code, column(family, family.mother, fnr=desk.people.adult().number)))

    assert ["loaded"] == desk.outcomes(first)
    assert (["needs_review"], ["number_unproven", "reference_spent"]) == (desk.outcomes(replay), desk.codes(replay))
    assert (first,) == tuple(spent(desk))


def test_two_that_carry_it_in_one_batch_are_not_both_believed(desk: Desk) -> None:
    """Both are judged before either is loaded: what counts is what is spent in the transaction that loads."""
    family = desk.family(lists=())
    code = sent_to(desk, family)
    stranger = column(family, family.mother, fnr=desk.people.adult().number)
    first, second = desk.send(mailed(code, column(family, family.mother))), desk.send(
        mailed(code, stranger), when=noon(TODAY) + timedelta(minutes=1)
    )  # fmt: skip
    desk.run()

    assert (["loaded"], ["needs_review"]) == (desk.outcomes(first), desk.outcomes(second))
    assert [first] == spent(desk)


def test_a_reference_spent_since_it_was_judged_loads_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker was first, and nobody is linked any more: the list's name alone is not enough."""
    family = desk.family(lists=())
    code = sent_to(desk, family)
    form = desk.send(mailed(code, column(family, family.mother)))
    load = step.apply

    def overtaken(tx, decision):  # type: ignore[no-untyped-def]
        tx.connection.execute(update(REFERENCES).values(spent_at=tx.now, spent_by="S-OTHER"))
        return load(tx, decision)

    monkeypatch.setattr(step, "apply", overtaken)
    desk.run()

    assert (["needs_review"], ["reference_spent"], []) == (desk.outcomes(form), desk.codes(form), desk.links(family))


def test_a_run_that_dies_after_spending_has_spent_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spending and loading are one transaction: the next run loads her."""
    family = desk.family(lists=())
    form = desk.send(mailed(sent_to(desk, family), column(family, family.mother)))
    seen = []

    def dies(tx, *told, **more):  # type: ignore[no-untyped-def]
        seen.append(tx.connection.execute(REFERENCES.select()).one().spent_by)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step.entries, "save", dies)
        with pytest.raises(KeyboardInterrupt):
            walk(desk.store, PLAIN, Tally())
    assert ([form], [None], []) == (seen, spent(desk), desk.links(family))

    with desk.store.write() as tx:
        tx.connection.execute(update(tables.submissions).values(state="new", owner=None, lease_until=None))
    desk.run()
    assert (["loaded"], [form]) == (desk.outcomes(form), spent(desk))


def test_a_refusal_with_her_own_letter_is_hers(desk: Desk) -> None:
    """The same evidence as a load: the pair goes on paper, and the letter is used up."""
    family = desk.family(lists=())
    code = sent_to(desk, family)
    form = desk.decided(mailed(code, refusal(family, family.mother)))

    assert (["refused"], [form]) == (desk.outcomes(form), spent(desk))


@pytest.mark.parametrize("whose", ["father", "sister"])
def test_another_guardians_or_pupils_letter_proves_nobody(desk: Desk, whose: str) -> None:
    """He has the letter that was sent to him: with it he cannot bring in a number in her name."""
    family = desk.family(lists=())
    sister = desk.child("", family.adults, lists=(), given="Sol")
    code = sent_to(desk, family, family.father.name) if whose == "father" else sent_to(desk, sister)
    form = desk.decided(mailed(code, column(family, family.mother)))

    assert (["needs_review"], ["number_unproven"]) == (desk.outcomes(form), desk.codes(form))
    assert [None] == spent(desk)


def test_it_is_worth_nothing_after_its_days_and_then_gone(desk: Desk) -> None:
    """90 days by default, and never past the pupil's own due date; the sweep clears it away."""
    family, turning = desk.family(lists=()), desk.family(lists=(), born=TODAY.replace(year=2008) + 30 * DAY)
    code = sent_to(desk, family)
    sent_to(desk, turning)
    ends = {row.pupil_id: row.expires_on for row in desk.rows(REFERENCES)}
    later = desk.on(TODAY + 90 * DAY)
    form = later.decided(mailed(code, column(family, family.mother)), when=TODAY + 90 * DAY)

    assert {family.pupil_id: TODAY + 90 * DAY, turning.pupil_id: TODAY + 30 * DAY} == ends
    assert (["needs_review"], ["number_unproven"]) == (later.outcomes(form), later.codes(form))
    sweep(later.store)
    assert [] == later.rows(REFERENCES)


def test_it_goes_with_the_pupils_known_guardians(desk: Desk) -> None:
    """On the due date the list's guardians are shredded, and their letters with them."""
    family = desk.family(lists=())
    sent_to(desk, family)
    [pupil] = desk.rows(tables.pupils)
    with desk.store.write() as tx:
        erasure.erase(tx, pupil.known_id, "turned_18")

    assert [] == desk.rows(REFERENCES)


def test_a_list_that_names_somebody_else_voids_it(desk: Desk) -> None:
    """The same list again leaves it standing; another name in her place does not."""
    family = desk.family(lists=())
    code = sent_to(desk, family)
    outcomes = []
    for name in ("Ny Verge", family.mother.name):
        listed = (KnownGuardian(name), KnownGuardian(family.father.name))
        child = family.pupil
        with desk.store.write() as tx:
            save_pupil(tx, RosterPupil("elev-1", child.name, child.born, "2STA", child.number, False, HERE, listed))
        outcomes += desk.outcomes(desk.decided(mailed(code, column(family, family.mother))))

    assert ["needs_review", "loaded"] == outcomes


def test_a_new_print_voids_the_earlier_letters_and_leaves_out_whom_it_must(desk: Desk) -> None:
    """One sheet a guardian; none for who has chosen paper, nor for a protected family; counted in the audit."""
    family, hidden, paper = desk.family(lists=()), desk.family(lists=(), shielded=True), desk.family(lists=("mobile",))
    assert ["refused"] == desk.outcomes(desk.decided(refusal(paper, paper.mother)))
    with desk.store.write() as tx:
        first = merge.per_guardian(tx, "2STA", STAFF)
        second = merge.per_guardian(tx, "2STA", STAFF)

    names = [sheet.to.name for sheet in second if sheet.to]
    assert sorted([family.mother.name, family.father.name, paper.father.name]) == sorted(names)
    assert not {hidden.mother.name, hidden.father.name} & set(names)
    assert 3 == len(desk.rows(REFERENCES))
    assert 4 == len(desk.rows(tables.audit, tables.audit.c.action == "references_made"))
    old = next(sheet.to.code for sheet in first if sheet.to and sheet.to.name == family.mother.name)
    assert ["needs_review"] == desk.outcomes(desk.decided(mailed(old, column(family, family.mother))))


def test_a_printed_sheet_comes_back_by_post_and_is_believed(desk: Desk) -> None:
    """Filled in by machine, printed, scanned askew at 200 dpi and worn: the QR code is read, and though the list has
    her name alone she is loaded without a person."""
    child, mother, number = "Ola Ødegård", "Kari Ødegård", "41819077302"
    born = desk.family().pupil.born
    with desk.store.write() as tx:
        told = RosterPupil(
            desk.key(), child, born, "1STA", None, False, HERE, (KnownGuardian(mother, address="Vei 1"),)
        )
        save_pupil(tx, told)
        [sheet] = merge.per_guardian(tx, "1STA", STAFF)
    filled = with_values(form_pdf("nb", pupil=sheet), {"1_fnr": number, "1_mobile": "91234567"})
    page = worn(printed(filled, dpi=200), np.random.default_rng(7), dpi=200, skew_degrees=1.2, noise=4.0)
    scan = Delivery("post", "scan 1", noon(TODAY), packed([page], dpi=200, fmt="png"), "image/png", "side.png", None)
    made = ledger.take_in(desk.store, scan)
    assert made is not None
    desk.run()

    assert (["loaded"], []) == (desk.outcomes(made), desk.codes(made))
    assert (["roster"], [made]) == ([row.basis for row in desk.rows(tables.links)], spent(desk))
