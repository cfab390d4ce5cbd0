"""Forms decided with the register on: what it proves, what it leaves to a person, and how little it is asked.

Belongs here: whole deliveries on the real road, over the stand-ins. Does not belong here: the rule itself
(`test_responsibility`), or the interface (`test_freg`).
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support_register import Registry
from support_store import TODAY, Desk, Family, Template, add_guardian, both, column, noon, open_desk, refusal, settings

from fixtures.boxed import with_values
from fixtures.freg_people import document, grade
from schemas.documents import Delivery
from schemas.errors import OutsideFault
from store import consents, ledger, outbox, protection, tables
from tasks.provision.consent_pdf import consent_pdf
from tasks.reconcile.following import follow
from tasks.reconcile.register import make_register

EIGHTEEN = date(2008, 10, 14)
"""18 on the desk's day."""


@pytest.fixture
def desk(template: Template, tmp_path: Path, registry: Registry) -> Iterator[Desk]:
    """A desk whose settings lead to the register."""
    made = open_desk(tmp_path / "home", template, chosen=settings(folkeregister=registry.settings()))
    yield made
    made.store.close()


def told(desk: Desk, *forms: Any) -> tuple[list[str], list[str]]:
    """Outcomes and codes of one delivery."""
    sent = desk.decided(*forms)
    return desk.outcomes(sent), desk.codes(sent)


def asked(registry: Registry) -> list[list[str]]:
    """The numbers of each bulk question."""
    return [json.loads(body)["foedselsEllerDNummer"] for _, _, _, body in registry.asked("bulkoppslag")]


def bases(desk: Desk, family: Family) -> set[str]:
    """What the pupil's links rest on."""
    return {row.basis for row in desk.links(family)}


def unlisted(desk: Desk) -> Family:
    """A family of whose guardians the school's list has nothing that could prove them."""
    return desk.family(lists=())


# --- proof ------------------------------------------------------------------------------------------------------------


def test_whoever_has_responsibility_is_loaded(desk: Desk, registry: Registry) -> None:
    """Both, by the register alone: the list could not have proven them."""
    family = unlisted(desk)
    registry.enter(family)

    assert (["loaded", "loaded"], []) == told(desk, both(family))
    assert {"register"} == bases(desk, family)


def test_whoever_has_none_is_not_though_the_list_names_them(desk: Desk, registry: Registry) -> None:
    """What the register says goes before the list: a person sees it."""
    family = desk.family(lists=("number", "mobile"))
    child, mother, _ = registry.enter(family, "mor")
    child["foreldreansvar"] = child["foreldreansvar"][:1]
    mother["foreldreansvar"] = mother["foreldreansvar"][:1]

    assert (["loaded", "needs_review"], ["no_responsibility"]) == told(desk, both(family))


def test_an_impostor_with_his_own_number_is_seen(desk: Desk, registry: Registry) -> None:
    """The mother's name, his number: another name in the register, and no responsibility."""
    family, liar = unlisted(desk), desk.people.adult()
    registry.enter(family)
    registry.freg.add([document(liar)])
    outcome = told(desk, column(family, liar, name=family.mother.name))

    assert (["needs_review"], ["name_differs_in_register", "no_responsibility"]) == outcome
    assert [] == desk.rows(tables.guardians)


def test_an_impostor_with_her_number_is_seen(desk: Desk, registry: Registry) -> None:
    """His own name beside the mother's number."""
    family, liar = unlisted(desk), desk.people.adult()
    registry.enter(family)
    outcome = told(desk, column(family, liar, fnr=family.mother.number))

    assert (["needs_review"], ["name_differs_in_register"]) == outcome


def test_a_number_that_is_nobodys_is_seen(desk: Desk, registry: Registry) -> None:
    """Well formed, and the register knows nobody by it; the list's contact does not help."""
    family = desk.family()
    registry.freg.add([registry.enter(family)[0]])
    registry.freg.people.pop(family.mother.number)

    assert (["needs_review"], ["fnr_not_in_register"]) == told(desk, column(family, family.mother))


def test_a_pupil_without_a_number_is_found_by_name_and_birth_date(desk: Desk, registry: Registry) -> None:
    """One unique search, and the same proof."""
    family = _without_number(desk)
    registry.enter(family)

    assert (["loaded"], []) == told(desk, column(family, family.mother))
    assert 1 == len(registry.asked("entydigsoek"))
    assert {"register"} == bases(desk, family)


def test_a_pupil_whom_it_cannot_tell_is_left_to_the_list(desk: Desk, registry: Registry) -> None:
    """No number, and namesakes of one birth date: the register says nothing, the list's mobile does."""
    family = _without_number(desk, lists=("mobile",))
    registry.enter(family)
    twin = replace(family.pupil, number=desk.people.number(family.pupil.born))
    registry.freg.add([document(twin)])

    assert (["loaded"], []) == told(desk, column(family, family.mother))
    assert {"roster"} == bases(desk, family)


def _without_number(desk: Desk, lists: tuple[str, ...] = ()) -> Family:
    surname = desk.people.surname()
    adults = (desk.people.adult(surname), desk.people.adult(surname))
    whole = desk.people.number
    numbers: list[str] = []

    def none(born: date, *, d_number: bool = False) -> str:
        numbers.append(whole(born, d_number=d_number))
        return ""

    desk.people.number = none  # type: ignore[method-assign]
    try:
        family = desk.child(surname, adults, lists=lists)
    finally:
        desk.people.number = whole  # type: ignore[method-assign]
    return replace(family, pupil=replace(family.pupil, number=numbers[0]))


def test_responsibility_under_a_former_number_is_found(desk: Desk, registry: Registry) -> None:
    """She had a D-number when it was noted: asked for once more, for her numbers alone."""
    family = unlisted(desk)
    child, mother, _ = registry.enter(family)
    old = desk.people.number(family.mother.born, d_number=True)
    for one in (child, mother):
        for entry in one["foreldreansvar"]:
            if entry["ansvarlig"] == family.mother.number:
                entry["ansvarlig"] = old
    registry.freg.merge(old, family.mother.number)

    assert (["loaded"], []) == told(desk, column(family, family.mother))
    assert [["identifikasjonsnummer", "historikk"]] == [
        query["part"] for _, _, query, _ in registry.asked("bulkoppslag") if "historikk" in query["part"]
    ]


def test_a_number_that_the_list_contradicts_waits_though_the_register_agrees(desk: Desk, registry: Registry) -> None:
    """A known guardian with a different number is always for a person."""
    family = desk.family(lists=("number",))
    new = replace(family.mother, number=desk.people.number(family.mother.born))
    moved = replace(family, adults=(new, family.father))
    registry.enter(moved)

    assert (["needs_review"], ["fnr_differs_from_known"]) == told(desk, column(moved, new))


def test_a_stewards_word_goes_before_the_register(desk: Desk, registry: Registry) -> None:
    """Who has seen the decision confirms, whatever the register says."""
    family = unlisted(desk)
    registry.enter(family, "andre")
    sent = desk.decided(column(family, family.mother))

    assert (["needs_review"], ["responsibility_other"]) == (desk.outcomes(sent), desk.codes(sent))
    desk.steward(sent, "confirm")
    assert (["loaded"], {"steward"}) == (desk.outcomes(sent), bases(desk, family))


# --- protection -------------------------------------------------------------------------------------------------------

NEUTRAL = (["needs_review"], ["by_school"])


@pytest.mark.parametrize("level", ["fortrolig", "strengtFortrolig", "noeNytt"])
@pytest.mark.parametrize("who", [0, 1, 2], ids=["the pupil", "the guardian", "the other on the form"])
def test_a_protected_address_of_anyone_on_the_form_acts_at_once(
    who: int, level: str, desk: Desk, registry: Registry
) -> None:
    """Neutral for both columns, nobody loaded, what was linked rests, one task, nothing waits to be said."""
    family = desk.family()
    grade(registry.enter(family)[who], level)
    with desk.store.write() as tx:
        add_guardian(tx, family, family.father)
    outcomes, codes = told(desk, both(family))

    assert ({"needs_review"}, {"by_school"}) == (set(outcomes), set(codes))
    assert {"by_school"} == {row.suspended for row in desk.links(family)}
    with desk.store.read() as tx:
        source = "form" if who == 1 else "register"  # the father is linked, the mother is on the form alone
        assert [(family.pupil_id, (source,))] == [(one.pupil_id, one.sources) for one in protection.tasks(tx)]


def test_a_protected_person_on_a_form_is_not_forgotten_overnight(desk: Desk, registry: Registry) -> None:
    """The night asks about the pupil and whoever is linked, finds nobody protected, and lifts nothing."""
    family = desk.family()
    grade(registry.enter(family)[1], "strengtFortrolig")
    with desk.store.write() as tx:
        add_guardian(tx, family, family.father)
    desk.decided(column(family, family.mother))
    register = make_register(desk.store)
    follow(desk.store, register)
    register.close()

    assert {"by_school"} == {row.suspended for row in desk.links(family)}


def test_a_protected_guardian_who_is_linked_and_not_on_the_form_counts(desk: Desk, registry: Registry) -> None:
    """The father's form; the mother, loaded last year, has a protected address since."""
    family = desk.family()
    grade(registry.enter(family)[1], "strengtFortrolig")
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)

    assert NEUTRAL == told(desk, column(family, family.father))
    assert {"by_school"} == {row.suspended for row in desk.links(family)}


def test_protection_goes_before_a_stewards_word(desk: Desk, registry: Registry) -> None:
    """A confirmation of yesterday does not load whoever is protected today."""
    family = unlisted(desk)
    child = registry.enter(family, "andre")[0]
    sent = desk.decided(column(family, family.mother))
    grade(child, "fortrolig")
    desk.steward(sent, "confirm")

    assert NEUTRAL == (desk.outcomes(sent), desk.codes(sent))


def test_a_refusal_for_a_protected_pupil_is_neutral_too(desk: Desk, registry: Registry) -> None:
    """And nothing is asked about whoever refuses, also where the number stands beside the tick."""
    family, other = desk.family(), desk.family()
    grade(registry.enter(family)[0], "fortrolig")
    registry.enter(other)

    assert NEUTRAL == told(desk, refusal(family, family.mother))
    assert (["refused"], ["refusal_and_number"]) == told(desk, refusal(other, other.mother, fnr=other.mother.number))
    assert [[family.pupil.number], [other.pupil.number]] == asked(registry)


def test_a_protected_pupils_consent_is_neutral_too(desk: Desk, registry: Registry) -> None:
    """A sheet that the pupil sent, the only thing that came: everything rests all the same."""
    family = desk.family(born=date(2009, 10, 14))
    grade(registry.enter(family)[0], "fortrolig")
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    told = {"consent_pupil": family.pupil.name, "consent_guardian_1": family.mother.name}
    sheet = with_values(consent_pdf("nb"), told)
    sent = ledger.take_in(desk.store, Delivery("post", "a", noon(TODAY), sheet, "application/pdf", "samtykke.pdf"))
    desk.run()

    assert NEUTRAL == (desk.outcomes(str(sent)), desk.codes(str(sent)))
    assert {"by_school"} == {row.suspended for row in desk.links(family)}


def test_the_answer_to_a_protected_family_is_that_to_any_shielded_one(desk: Desk, registry: Registry) -> None:
    """No letter to the address of a family that the register has just told of, nor of one that the school knew."""
    new, known, other = desk.family(), desk.family(shielded=True), desk.family()
    grade(registry.enter(new)[0], "fortrolig")
    registry.enter(other)
    for family in (new, known, other):
        desk.decided(column(family, family.mother))
    with desk.store.read() as tx:
        waiting = [(one.way, one.name) for one in outbox.waiting(tx)]

    assert [("letter", other.mother.name)] == waiting


# --- as little as may be ----------------------------------------------------------------------------------------------


def test_a_batch_is_a_few_questions(desk: Desk, registry: Registry) -> None:
    """Ten forms, twenty guardians: all of them in one, all pupils in another."""
    families = [unlisted(desk) for _ in range(10)]
    for family in families:
        registry.enter(family)
        desk.send(both(family))
    desk.run()

    assert [20, 10] == [len(numbers) for numbers in asked(registry)]
    assert 20 == len(desk.rows(tables.links))
    assert 1 == len(set(registry.freg.seen))


@pytest.mark.parametrize("why", ["of age", "unknown", "shielded", "no number", "rejected"])
def test_nobody_is_asked_about_for_a_form_that_is_decided_without(why: str, desk: Desk, registry: Registry) -> None:
    """The pupil is of age, unknown here or shielded, there is no number, or a steward has said no."""
    born = EIGHTEEN if why == "of age" else date(2010, 3, 5)
    family = desk.family(born=born, shielded=why == "shielded", lists=())
    changes = {"unknown": {"pupil": "Helt Ukjent"}, "no number": {"fnr": ""}}.get(why, {})
    sent = desk.decided(column(family, family.mother, **changes))
    if why == "rejected":
        registry.freg.requests.clear()
        desk.steward(sent, "reject no_responsibility")

    expected = [[family.pupil.number]] if why == "no number" else []
    assert expected == asked(registry)


def test_of_a_pupil_of_age_who_consents_only_protection_counts(desk: Desk, registry: Registry) -> None:
    """Nobody has responsibility for an adult; the list proves the guardian whom the consent covers."""
    family = desk.family(born=date(2008, 10, 15), lists=("mobile",))
    registry.enter(family)
    desk.decided(column(family, family.mother))
    mother = desk.guardians(family)[0]
    with desk.store.write() as tx:
        consent = consents.record(tx, family.pupil_id, mother.id, by="kari")
        consents.confirm(tx, consent, by="kari")
    desk.on(date(2026, 10, 15))

    assert (["unchanged"], []) == told(desk, column(family, family.mother))


# --- down -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["firewall", "garbage", "no token", "half set up"])
def test_while_it_does_not_answer_forms_stay_undecided(
    fault: Any, desk: Desk, registry: Registry, tmp_path: Path, template: Template
) -> None:
    """The run is red, no form is to blame, and the next run goes on by itself."""
    if fault == "half set up":
        chosen = settings(folkeregister=registry.settings(client_id=""))
        desk.store.close()
        broken = open_desk(tmp_path / "other", template, chosen=chosen)
        family = unlisted(broken)
        broken.send(column(family, family.mother))
        with pytest.raises(OutsideFault, match="maskinporten_half_set"):
            broken.run()
        assert [("new", 0, False)] == [(r.state, r.attempts, r.alone) for r in broken.rows(tables.submissions)]
        broken.store.close()
        return
    family = unlisted(desk)
    registry.enter(family)
    desk.send(column(family, family.mother))
    if fault == "no token":
        registry.tokens.down = True
    else:
        registry.freg.faults.append(fault)
    with pytest.raises(OutsideFault):
        desk.run()

    assert [("new", 0, False)] == [(r.state, r.attempts, r.alone) for r in desk.rows(tables.submissions)]
    registry.tokens.down = False
    assert {"loaded": 1} == dict(desk.run().outcomes)


def test_nothing_is_decided_on_half_an_answer(desk: Desk, registry: Registry) -> None:
    """The guardians were answered, the pupils not: all forms of the batch wait."""
    families = [unlisted(desk) for _ in range(2)]
    for family in families:
        registry.enter(family)
        desk.send(column(family, family.mother))
    registry.freg.faults.extend(["fine", "garbage"])
    with pytest.raises(OutsideFault, match="register_unreadable"):
        desk.run()

    assert [] == desk.rows(tables.guardians)
    assert {"new"} == {row.state for row in desk.rows(tables.submissions)}
