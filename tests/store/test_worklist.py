"""The Visma InSchool work list: whoever may have been typed in there is taken out again, whatever comes between."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update
from support_store import DAY, HERE, TODAY, Desk, Family, Template, add_guardian, column, open_desk, settings

from schemas.due import Enrolment
from schemas.errors import UsageFault
from store import consents, deletions, erasure, guardians, tables, worklist
from store.people import RosterPupil, save_pupil
from store.worklist import Line

LINES = tables.worklist_lines
WEDNESDAY = date(2026, 10, 14)
"""The desk's today; 14 October 2026."""


def turning(day: date) -> date:
    """A birth date whose 18th birthday is `day`."""
    return day.replace(year=day.year - 18)


def listed(desk: Desk, kind: str | None = None, **chosen: bool) -> list[Line]:
    """What a steward sees; numbers masked."""
    with desk.store.read() as tx:
        return [line for line in worklist.read_lines(tx, **chosen) if kind in (None, line.kind)]  # type: ignore[arg-type]


def sync(desk: Desk) -> dict[str, int]:
    """The nightly provision."""
    with desk.store.write() as tx:
        return worklist.sync(tx)


def reveal(desk: Desk) -> None:
    """A steward has opened every line, and may have typed it into Visma InSchool."""
    with desk.store.write() as tx:
        worklist.read_lines(tx, reveal=True)


def sign(desk: Desk, kind: str, as_: str = "done", **more: str) -> None:
    """Sign every listed line of a kind."""
    lines = listed(desk, kind)
    assert lines
    with desk.store.write() as tx:
        for line in lines:
            worklist.sign(tx, line.id, as_=as_, by="kari", **more)  # type: ignore[arg-type]


def linked(desk: Desk, born: date = date(2010, 3, 5)) -> tuple[Family, str]:
    """A family whose mother is linked, lines made."""
    family = desk.family(born=born)
    with desk.store.write() as tx:
        guardian = add_guardian(tx, family, family.mother)
    sync(desk)
    return family, guardian


def erase(desk: Desk, family: Family, guardian: str, why: str = "turned_18") -> None:
    """The link is erased."""
    deletions.intend(desk.store, [(f"{family.pupil_id}/{guardian}", why)])
    erasure.replay(desk.store)


# --- making lines -----------------------------------------------------------------------------------------------------


def test_every_link_has_an_add_line_and_a_remove_line(desk: Desk) -> None:
    """A loaded guardian is to be added today; the removal is written at once and not shown yet."""
    linked(desk)

    assert [("add", TODAY)] == [(line.kind, line.due_on) for line in listed(desk)]
    assert {"add": TODAY, "remove": date(2028, 3, 3)} == {row.kind: row.due_on for row in desk.rows(LINES)}


def test_bringing_the_lines_in_step_again_does_nothing(desk: Desk) -> None:
    """A second provision makes and cancels no line."""
    linked(desk)
    before = desk.rows(LINES)

    assert {"add": 0, "remove": 0, "cancelled": 0} == sync(desk)
    assert before == desk.rows(LINES)


def test_an_add_shows_the_values_to_type_in(desk: Desk) -> None:
    """The ADD line carries name, number, mobile and e-mail from the store, and no copy of them."""
    family, _ = linked(desk)
    line = listed(desk, "add")[0]

    told = {"fnr": family.mother.number, "mobile": family.mother.mobile, "email": family.mother.email}
    assert (family.mother.name, family.pupil.name, told) == (line.guardian, line.pupil, line.values)
    assert [None] == [row.text_ct for row in desk.rows(LINES, LINES.c.kind == "add")]


def test_a_remove_holds_no_number_and_no_contact(desk: Desk) -> None:
    """A REMOVE line is guardian name, pupil name and class, and nothing else."""
    family, _ = linked(desk, turning(TODAY + 5 * DAY))
    reveal(desk)
    line = listed(desk, "remove")[0]

    assert (family.mother.name, family.pupil.name, "2STA", {}) == (
        line.guardian,
        line.pupil,
        line.class_name,
        line.values,
    )


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birthday", "due"),
    [
        (date(2026, 10, 20), date(2026, 10, 20)),  # Tuesday
        (date(2026, 10, 24), date(2026, 10, 23)),  # Saturday: Friday
        (date(2026, 10, 25), date(2026, 10, 23)),  # Sunday: Friday
        (date(2026, 12, 25), date(2026, 12, 24)),  # Christmas Day, a Friday: Thursday
        (date(2026, 12, 26), date(2026, 12, 24)),  # Boxing Day, a Saturday: Thursday
        (date(2027, 1, 1), date(2026, 12, 31)),  # New Year's Day
        (date(2027, 3, 29), date(2027, 3, 24)),  # Easter Monday: the Wednesday before Maundy Thursday
        (date(2027, 5, 17), date(2027, 5, 14)),  # 17 May, Whit Monday that year: Friday
    ],
)
def test_a_remove_is_due_on_a_working_day(desk: Desk, birthday: date, due: date) -> None:
    """On a weekend or holiday the removal is due on the last working day before."""
    linked(desk, turning(birthday))

    assert [due] == [row.due_on for row in desk.rows(LINES, LINES.c.kind == "remove")]


@pytest.mark.parametrize(("days", "shown"), [(15, []), (14, ["remove"]), (1, ["remove"])])
def test_a_remove_shows_from_fourteen_days_ahead(desk: Desk, days: int, shown: list[str]) -> None:
    """A steward sees the removal two weeks before it is due, not earlier."""
    # 14 October + 15 = 29 October, a Thursday; + 14 = 28 October, a Wednesday; + 1 = 15 October, a Thursday.
    linked(desk, turning(TODAY + days * DAY))
    reveal(desk)

    assert shown == [line.kind for line in listed(desk, "remove")]


def test_a_remove_that_was_due_on_friday_is_late_from_friday(desk: Desk) -> None:
    """The sweep on a Saturday birthday does not make the line of the Friday before less late."""
    family, guardian = linked(desk, turning(date(2026, 10, 24)))
    sign(desk, "add")
    desk.on(date(2026, 10, 24))
    sync(desk)
    erase(desk, family, guardian)

    assert [(date(2026, 10, 23), True)] == [(line.due_on, line.overdue) for line in listed(desk, "remove")]


def test_an_open_remove_past_its_date_is_overdue_every_day(desk: Desk) -> None:
    """Nothing but a signature ends the alarm."""
    family, guardian = linked(desk, turning(TODAY))
    sign(desk, "add")
    erase(desk, family, guardian)
    assert [False] == [line.overdue for line in listed(desk, "remove")]
    for days in (1, 30, 400):
        desk.on(TODAY + days * DAY)
        sync(desk)

        assert [(TODAY, True)] == [(line.due_on, line.overdue) for line in listed(desk, "remove")]


# --- outliving the erasure --------------------------------------------------------------------------------------------


def test_a_remove_outlives_the_erasure_and_is_emptied_at_sign_off(desk: Desk) -> None:
    """After the guardian is erased the line still says whom to remove; once signed it is a code and its key gone."""
    family, guardian = linked(desk, turning(TODAY + DAY))
    sign(desk, "add")
    desk.on(TODAY + DAY)
    erase(desk, family, guardian)
    assert [] == desk.rows(tables.guardians)
    line = listed(desk, "remove")[0]
    assert (family.mother.name, family.pupil.name, True) == (line.guardian, line.pupil, line.person_too)
    sealed = desk.rows(LINES, LINES.c.id == line.id)[0].text_ct
    key = desk.rows(tables.data_keys, tables.data_keys.c.subject_id == line.id)[0].wrapped
    sign(desk, "remove")
    desk.store.checkpoint()

    row = desk.rows(LINES, LINES.c.id == line.id)[0]
    assert (None, "signed", "done", "kari") == (row.text_ct, row.state, row.signed_as, row.signed_by)
    assert [] == listed(desk)
    left = b"".join(path.read_bytes() for path in desk.house.home.database.parent.iterdir())
    assert sealed not in left
    assert key not in left


def test_add_and_remove_cancel_out_where_nobody_ever_saw_them(desk: Desk) -> None:
    """A guardian who was never shown to anybody cannot stand in Visma InSchool: no line is left, and no row."""
    family, guardian = linked(desk)
    erase(desk, family, guardian, "withdrawn")

    assert [] == listed(desk)
    assert [] == desk.rows(LINES)


def test_a_masked_list_is_not_a_showing(desk: Desk) -> None:
    """Who only saw the masked list could not type anything in."""
    family, guardian = linked(desk)
    assert 1 == len(listed(desk))
    erase(desk, family, guardian, "withdrawn")

    assert [] == desk.rows(LINES)


@pytest.mark.parametrize("signature", [None, "done", "already_in_vis", "newer_in_vis"])
def test_whoever_may_stand_in_visma_is_removed(desk: Desk, signature: str | None) -> None:
    """Shown without a signature, or signed as in: the REMOVE line stays after the erasure, due today."""
    family, guardian = linked(desk)
    reveal(desk)
    if signature:
        sign(desk, "add", signature)
    erase(desk, family, guardian, "withdrawn")

    assert [("remove", TODAY, "withdrawn")] == [(line.kind, line.due_on, line.why) for line in listed(desk)]


def test_an_add_that_was_not_done_needs_no_remove(desk: Desk) -> None:
    """Where a steward says that the guardian was not typed in, there is nothing to remove."""
    family, guardian = linked(desk)
    reveal(desk)
    sign(desk, "add", "not_done", reason="wrong_person")
    erase(desk, family, guardian, "withdrawn")

    assert [] == listed(desk)


def test_a_shown_add_that_was_withdrawn_still_needs_its_remove(desk: Desk) -> None:
    """Shown, then suspended (the ADD is withdrawn), then erased: the guardian may stand in Visma InSchool."""
    family, guardian = linked(desk)
    reveal(desk)
    with desk.store.write() as tx:
        guardians.suspend(tx, family.pupil_id, guardian, "refusal_unproven")
    sync(desk)
    assert [] == listed(desk, "add")
    erase(desk, family, guardian, "withdrawn")

    assert ["remove"] == [line.kind for line in listed(desk)]


def test_a_shown_add_that_came_back_still_needs_its_remove(desk: Desk) -> None:
    """Shown, suspended, live again with a new ADD that nobody has opened, then erased: the first showing counts."""
    family, guardian = linked(desk, turning(TODAY + 3 * DAY))
    reveal(desk)
    for why in ("refusal_unproven", None):
        with desk.store.write() as tx:
            guardians.suspend(tx, family.pupil_id, guardian, why)
        sync(desk)
    assert ["add", "remove"] == sorted(line.kind for line in listed(desk))
    erase(desk, family, guardian)

    assert ["remove"] == [line.kind for line in listed(desk)]


def test_remove_the_person_only_for_the_last_link(desk: Desk) -> None:
    """While a sibling keeps the guardian, only the link is to be removed; the last line says the person too."""
    elder = desk.family(born=turning(TODAY + DAY))
    younger = desk.child("Klokmaur", elder.adults, born=turning(TODAY + 9 * DAY))
    with desk.store.write() as tx:
        guardian = add_guardian(tx, elder, elder.mother)
        guardians.link(tx, younger.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
        worklist.refresh(tx, younger.pupil_id)
    sync(desk)
    sign(desk, "add")

    def told() -> dict[str, bool]:
        return {line.pupil: line.person_too for line in listed(desk, "remove")}

    # Ahead of both birthdays it is seen already which line will be the last.
    assert {elder.pupil.name: False, younger.pupil.name: True} == told()
    desk.on(TODAY + DAY)
    erase(desk, elder, guardian)
    assert {elder.pupil.name: False, younger.pupil.name: True} == told()
    erase(desk, younger, guardian)
    assert {elder.pupil.name: False, younger.pupil.name: True} == told()


def test_of_two_links_due_on_one_day_one_line_says_the_person(desk: Desk) -> None:
    """Twins turn 18 together: exactly one of the two lines removes the person, before the day and after."""
    one = desk.family(born=turning(TODAY + 3 * DAY))
    two = desk.child("Klokmaur", one.adults, born=turning(TODAY + 3 * DAY))
    with desk.store.write() as tx:
        guardian = add_guardian(tx, one, one.mother)
        guardians.link(tx, two.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
        worklist.refresh(tx, two.pupil_id)
    sync(desk)
    sign(desk, "add")
    assert [False, True] == sorted(line.person_too for line in listed(desk, "remove"))

    desk.on(TODAY + 3 * DAY)
    for family in (one, two):
        erase(desk, family, guardian)
    assert [False, True] == sorted(line.person_too for line in listed(desk, "remove"))


# --- signing ----------------------------------------------------------------------------------------------------------


def test_not_done_keeps_a_remove_open(desk: Desk) -> None:
    """As long as the guardian stands in Visma InSchool the line stays, and the reason is kept."""
    family, guardian = linked(desk, turning(TODAY))
    sign(desk, "add")
    erase(desk, family, guardian)
    sign(desk, "remove", "not_done", reason="no_access")
    desk.on(TODAY + DAY)
    line = listed(desk, "remove")[0]

    assert ("open", "not_done", True, family.mother.name) == (line.state, line.signed_as, line.overdue, line.guardian)
    sign(desk, "remove")
    assert [] == listed(desk)


def test_not_done_needs_a_reason_and_the_others_take_none(desk: Desk) -> None:
    """A signature is either a plain yes or a no with a code."""
    linked(desk)
    line = listed(desk)[0].id
    with desk.store.write() as tx:
        with pytest.raises(UsageFault, match="sign_reason"):
            worklist.sign(tx, line, as_="not_done", by="kari")
        with pytest.raises(UsageFault, match="sign_reason"):
            worklist.sign(tx, line, as_="done", by="kari", reason="wait")
        with pytest.raises(UsageFault, match="no_such_line"):
            worklist.sign(tx, "L-NOTHING", as_="done", by="kari")


def test_a_line_is_signed_once(desk: Desk) -> None:
    """Who comes second is told so."""
    linked(desk)
    line = listed(desk)[0].id
    sign(desk, "add")
    with desk.store.write() as tx, pytest.raises(UsageFault, match="no_such_line"):
        worklist.sign(tx, line, as_="done", by="ola")


def test_every_signature_is_in_the_audit(desk: Desk) -> None:
    """Who signed what, as what."""
    linked(desk)
    sign(desk, "add", "already_in_vis")
    told = [(row.actor, row.action, row.detail) for row in desk.rows(tables.audit)]

    assert ("kari", "line_signed", "kind=add as=already_in_vis") in told


def test_the_number_is_reduced_after_the_sign_off(desk: Desk) -> None:
    """With the register off, the number goes once the ADD is signed, and no earlier."""
    linked(desk)
    assert desk.rows(tables.guardians)[0].number_ct is not None
    sign(desk, "add")

    assert (None, True) == (desk.rows(tables.guardians)[0].number_ct, bool(desk.rows(tables.guardians)[0].number_mac))


def test_the_number_waits_for_the_other_pupils_line(desk: Desk) -> None:
    """A guardian of two needs two ADD lines signed before the number goes."""
    family, guardian = linked(desk)
    other = desk.child("Klokmaur", family.adults)
    with desk.store.write() as tx:
        guardians.link(tx, other.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
    sync(desk)
    first, second = listed(desk, "add")
    with desk.store.write() as tx:
        worklist.sign(tx, first.id, as_="done", by="kari")
    assert desk.rows(tables.guardians)[0].number_ct is not None
    with desk.store.write() as tx:
        worklist.sign(tx, second.id, as_="done", by="kari")
    assert desk.rows(tables.guardians)[0].number_ct is None


@pytest.mark.parametrize("why", ["setting", "register", "not_done"])
def test_the_number_stays_where_it_must(template: Template, tmp_path: "object", why: str) -> None:
    """Switched off, with the register on for the nightly check, or where the ADD was not done, the number stays."""
    chosen = settings(
        retention={"reduce_number_after_signoff": why != "setting"}, folkeregister={"on": why == "register"}
    )
    desk = open_desk(tmp_path / "home", template, chosen=chosen)  # type: ignore[operator,arg-type]
    linked(desk)
    sign(
        desk, "add", *(("not_done",) if why == "not_done" else ()), **({"reason": "wait"} if why == "not_done" else {})
    )

    assert desk.rows(tables.guardians)[0].number_ct is not None
    desk.store.close()


# --- changing circumstances -------------------------------------------------------------------------------------------


def test_a_suspended_link_is_on_no_list_at_once(desk: Desk) -> None:
    """From the moment of a suspension nobody is told to add the guardian, and the number cannot be revealed."""
    family, guardian = linked(desk)
    line = listed(desk, "add")[0].id
    with desk.store.write() as tx:
        guardians.suspend(tx, family.pupil_id, guardian, "by_school")
        assert [] == worklist.read_lines(tx, only=line, reveal=True)
    assert [] == listed(desk)

    assert {"add": 0, "remove": 0, "cancelled": 1} == sync(desk)
    assert {"add": 0, "remove": 0, "cancelled": 0} == sync(desk)


def test_a_consent_puts_the_remove_off(desk: Desk) -> None:
    """Once the pupil's consent is confirmed, nobody is told to remove the guardian; once withdrawn, they are again."""
    family, guardian = linked(desk, turning(TODAY + 3 * DAY))
    sign(desk, "add")
    assert ["remove"] == [line.kind for line in listed(desk)]
    with desk.store.write() as tx:
        consent = consents.record(tx, family.pupil_id, guardian, "kari")
        assert ["remove"] == [line.kind for line in worklist.read_lines(tx)]
        consents.confirm(tx, consent, "kari")
    assert [] == listed(desk)
    sync(desk)
    desk.on(TODAY + 40 * DAY)
    sync(desk)
    assert [] == listed(desk)

    with desk.store.write() as tx:
        consents.withdraw(tx, consent, "kari")
    assert ["remove"] == [line.kind for line in listed(desk)]
    assert listed(desk)[0].overdue


def test_an_early_leaving_brings_the_remove_nearer(desk: Desk) -> None:
    """The roster says that the pupil leaves on Friday: the line follows without waiting for the night, also where the
    link is suspended."""
    family, guardian = linked(desk)
    sign(desk, "add")
    with desk.store.write() as tx:
        guardians.suspend(tx, family.pupil_id, guardian, "refusal_unproven")
        told = RosterPupil("elev-1", family.pupil.name, family.pupil.born, "2STA", "", False,
                           (Enrolment(HERE[0].starts, interrupted=date(2026, 10, 17)),), ())  # fmt: skip
        save_pupil(tx, told)
        worklist.refresh(tx, family.pupil_id)

    # Interrupted from Saturday 17 October: due on Friday the 16th.
    assert [date(2026, 10, 16)] == [line.due_on for line in listed(desk, "remove")]


def test_a_remove_signed_early_does_not_bring_the_add_back(desk: Desk) -> None:
    """Signed on Wednesday for Saturday: neither the nights in between nor the erasure write new lines."""
    family, guardian = linked(desk, turning(date(2026, 10, 17)))
    sign(desk, "add")
    sign(desk, "remove")
    assert {"add": 0, "remove": 0, "cancelled": 0} == sync(desk)
    desk.on(date(2026, 10, 17))
    assert {"add": 0, "remove": 0, "cancelled": 0} == sync(desk)
    erase(desk, family, guardian)
    sync(desk)

    assert [] == listed(desk)
    assert [] == [row for row in desk.rows(LINES) if row.state == "open"]


def test_a_remove_signed_early_is_undone_by_a_consent(desk: Desk) -> None:
    """Removed on Wednesday, consent confirmed on Thursday: the guardian is to be added again, and one day removed."""
    family, guardian = linked(desk, turning(date(2026, 10, 17)))
    sign(desk, "add")
    sign(desk, "remove")
    with desk.store.write() as tx:
        consents.confirm(tx, consents.record(tx, family.pupil_id, guardian, "kari"), "kari")
    sync(desk)

    assert ["add"] == [line.kind for line in listed(desk)]


def test_a_pair_that_comes_back_begins_anew(desk: Desk) -> None:
    """Removed from Visma InSchool and later linked again (the guardian was kept by a sibling): a new ADD, and a new
    REMOVE when the time comes."""
    family, guardian = linked(desk)
    other = desk.child("Klokmaur", family.adults)
    with desk.store.write() as tx:
        guardians.link(tx, other.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
    sync(desk)
    sign(desk, "add")
    erase(desk, family, guardian, "withdrawn")
    sign(desk, "remove")
    with desk.store.write() as tx:
        guardians.link(tx, family.pupil_id, guardian, basis="steward", submission="S-C", arrived=tx.now)
        worklist.refresh(tx, family.pupil_id)
    sync(desk)
    assert [("add", family.pupil.name)] == [(line.kind, line.pupil) for line in listed(desk)]
    sign(desk, "add")
    erase(desk, family, guardian, "withdrawn")

    assert [("remove", family.pupil.name)] == [(line.kind, line.pupil) for line in listed(desk)]


def test_a_pair_that_was_not_done_begins_anew(desk: Desk) -> None:
    """An ADD once signed as not done does not stand in the way of a later link of the same pair."""
    family, guardian = linked(desk)
    other = desk.child("Klokmaur", family.adults)
    with desk.store.write() as tx:
        guardians.link(tx, other.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
        line = next(one for one in worklist.read_lines(tx) if one.pupil == family.pupil.name)
        worklist.sign(tx, line.id, as_="not_done", by="kari", reason="wait")
    erase(desk, family, guardian, "withdrawn")
    with desk.store.write() as tx:
        guardians.link(tx, family.pupil_id, guardian, basis="steward", submission="S-C", arrived=tx.now)
    sync(desk)

    assert family.pupil.name in [line.pupil for line in listed(desk, "add")]


def test_a_change_follows_a_signed_add_only(desk: Desk) -> None:
    """Before the ADD is signed it simply shows the new contact; after, one CHANGE line does, however often."""
    family, guardian = linked(desk)
    with desk.store.write() as tx:
        worklist.changed(tx, family.pupil_id, guardian)
    assert ["add"] == [line.kind for line in listed(desk)]
    sign(desk, "add")
    with desk.store.write() as tx:
        worklist.changed(tx, family.pupil_id, guardian)
        worklist.changed(tx, family.pupil_id, guardian)

    assert ["change"] == [line.kind for line in listed(desk)]
    erase(desk, family, guardian, "withdrawn")
    assert ["remove"] == [line.kind for line in listed(desk)]


def test_the_number_is_gone_from_the_list_after_the_reduction(desk: Desk) -> None:
    """A CHANGE line of a signed guardian shows contact data, and no number is there to show."""
    family, guardian = linked(desk)
    sign(desk, "add")
    with desk.store.write() as tx:
        worklist.changed(tx, family.pupil_id, guardian)
        line = worklist.read_lines(tx, reveal=True)[0]

    assert ("", family.mother.email) == (line.values["fnr"], line.values["email"])


def test_a_whole_form_gives_its_lines(desk: Desk) -> None:
    """From a form to the list: loaded, listed, and gone again the day the pupil is of age."""
    family = desk.family(born=turning(TODAY + 2 * DAY))
    desk.decided(column(family, family.mother))
    sync(desk)
    assert [family.mother.name] == [line.guardian for line in listed(desk, "add")]
    with desk.store.write() as tx:
        tx.connection.execute(update(LINES).where(LINES.c.kind == "add").values(shown=True))

    assert [TODAY + 2 * DAY] == [line.due_on for line in listed(desk, "remove")]
    assert timedelta(days=2) == listed(desk, "remove")[0].due_on - TODAY  # type: ignore[operator]


# --- the list is the difference ---------------------------------------------------------------------------------------


def test_what_was_not_done_stays_on_the_list(desk: Desk) -> None:
    """An ADD that could not be done still lacks in Visma InSchool: it stays, with the reason, until it is done."""
    linked(desk)
    reveal(desk)
    sign(desk, "add", "not_done", reason="no_access")
    desk.on(TODAY + DAY)
    sync(desk)

    assert [("not_done", "no_access")] == [(line.signed_as, line.sign_reason) for line in listed(desk, "add")]
    sign(desk, "add")
    assert [] == listed(desk, "add")


def test_opened_again_after_not_done_counts_as_shown(desk: Desk) -> None:
    """Who opens the line a second time may type it in, whatever was said of the first time."""
    family, guardian = linked(desk)
    reveal(desk)
    sign(desk, "add", "not_done", reason="wait")
    reveal(desk)
    erase(desk, family, guardian, "withdrawn")

    assert ["remove"] == [line.kind for line in listed(desk)]


def test_a_removal_cannot_be_signed_as_newer(desk: Desk) -> None:
    """Whatever is newer in Visma InSchool, whoever stands there past the date must go: the line stays open."""
    family, guardian = linked(desk)
    sign(desk, "add")
    erase(desk, family, guardian, "withdrawn")
    with pytest.raises(UsageFault, match="sign_remove"):
        sign(desk, "remove", "newer_in_vis")

    assert ["remove"] == [line.kind for line in listed(desk)]


def test_a_change_rests_while_its_link_is_suspended(desk: Desk) -> None:
    """On no list while the guardian's refusal is looked into, and back once it was none: the old number still stands in
    Visma InSchool."""
    family, guardian = linked(desk)
    sign(desk, "add")
    with desk.store.write() as tx:
        worklist.changed(tx, family.pupil_id, guardian)
        guardians.suspend(tx, family.pupil_id, guardian, "refusal_unproven")
    sync(desk)
    assert [] == listed(desk)
    with desk.store.write() as tx:
        guardians.suspend(tx, family.pupil_id, guardian, None)
    sync(desk)

    assert ["change"] == [line.kind for line in listed(desk)]


@pytest.mark.parametrize(("opened_again", "expected"), [(False, ["change"]), (True, [])])
def test_what_changed_after_the_line_was_opened_is_a_change(
    desk: Desk, opened_again: bool, expected: list[str]
) -> None:
    """Opened, then a newer report, then signed: what was typed is old, and a CHANGE follows. Opened once more in
    between, the new values were seen, and nothing follows."""
    family, guardian = linked(desk)
    reveal(desk)
    with desk.store.write() as tx:
        worklist.changed(tx, family.pupil_id, guardian)
    if opened_again:
        reveal(desk)
    sign(desk, "add")

    assert expected == [line.kind for line in listed(desk)]


def test_nobody_is_changed_who_was_removed_early(desk: Desk) -> None:
    """Removed on Wednesday for Saturday: a new mobile on Thursday changes nobody there."""
    family, guardian = linked(desk, turning(date(2026, 10, 17)))
    sign(desk, "add")
    sign(desk, "remove")
    with desk.store.write() as tx:
        worklist.changed(tx, family.pupil_id, guardian)

    assert [] == listed(desk)


@pytest.mark.parametrize(
    ("today", "level", "days"),
    [
        (date(2026, 10, 23), None, 0),  # the Friday on which it is due
        (date(2026, 10, 25), "late", 0),  # Sunday after
        (date(2026, 10, 26), "late", 1),  # Monday, the first working day after
        (date(2026, 10, 27), "alarm", 2),
        (date(2026, 10, 30), "serious", 5),
    ],
)
def test_the_alarm_grows(desk: Desk, today: date, level: str | None, days: int) -> None:
    """Late from the day after, an alarm from the second working day, serious from the fifth, until it is signed."""
    linked(desk, turning(date(2026, 10, 24)))  # a Saturday: due on Friday the 23rd
    sign(desk, "add")
    desk.on(today)
    with desk.store.read() as tx:
        counts, by_kind = worklist.late(tx), worklist.late_by_kind(tx)

    assert ({"remove": 1} if level else {}) == by_kind
    assert ({level: 1} if level else {}) == {name: number for name, number in counts.items() if number}
    assert [days] == [line.days_late for line in listed(desk, "remove")]


def test_what_nobody_opens_is_not_counted_as_late(desk: Desk) -> None:
    """The removal of somebody who was never shown to anyone is no alarm."""
    linked(desk, turning(TODAY))
    desk.on(TODAY + 30 * DAY)
    with desk.store.read() as tx:
        assert {0} == set(worklist.late(tx).values())
        assert {"add": 1} == worklist.late_by_kind(tx)
        assert 1 == worklist.count_lines(tx)


def test_an_add_without_a_number_says_why(desk: Desk) -> None:
    """The number went at the first sign-off: for a sibling the person is there already, and only the link is new."""
    family, guardian = linked(desk)
    sign(desk, "add")
    other = desk.child("Klokmaur", family.adults)
    with desk.store.write() as tx:
        guardians.link(tx, other.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
    sync(desk)

    assert [("", "there")] == [(line.values["fnr"], line.number) for line in listed(desk, "add")]


def test_the_night_in_which_a_guardian_is_erased(desk: Desk) -> None:
    """Friday's list, Saturday's erasure, Monday's list: the same line, with the names and nothing else, due on Friday;
    the sweep leaves no other word of the guardian."""
    from tasks.retain.sweep import sweep

    family, _ = linked(desk, turning(date(2026, 10, 24)))  # a Saturday
    sign(desk, "add")
    desk.on(date(2026, 10, 23))
    sync(desk)
    before = listed(desk, "remove")
    desk.on(date(2026, 10, 24))
    sweep(desk.store)
    sync(desk)
    desk.on(date(2026, 10, 26))
    sync(desk)
    after = listed(desk, "remove")

    assert [] == desk.rows(tables.guardians)
    assert [(line.id, line.guardian, line.pupil, line.due_on) for line in before] == [
        (line.id, family.mother.name, family.pupil.name, date(2026, 10, 23)) for line in after
    ]
    assert ([{}], [True], ["turned_18"]) == (
        [x.values for x in after],
        [x.overdue for x in after],
        [x.why for x in after],
    )


def test_a_large_school_is_brought_in_step_by_a_few_questions(desk: Desk) -> None:
    """Where nothing is to be done, ten times the links take no more questions to the database."""
    from sqlalchemy import event

    def questions() -> int:
        asked: list[str] = []
        note = lambda *told: asked.append(told[2])  # noqa: E731
        event.listen(desk.store.engine, "before_cursor_execute", note)
        sync(desk)
        event.remove(desk.store.engine, "before_cursor_execute", note)
        return len(asked)

    linked(desk)
    one = questions()
    for _ in range(10):
        linked(desk)

    assert one == questions()
