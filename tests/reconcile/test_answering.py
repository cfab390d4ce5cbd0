"""Who is answered, where, and what they may be told: never by what was decided, only at contacts known before."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from support_store import TODAY, Desk, Family, both, column, noon, refusal

from fixtures import mail
from fixtures.cases import wrong_check_digit
from fixtures.filled import FilledColumn, FilledForm
from schemas.documents import Delivery
from store import ledger, outbox, tables
from store.outbox import Message
from store.people import KnownGuardian, RosterPupil, save_pupil

KNOWN = ("mobile", "email")


def by_mail(desk: Desk, *forms: FilledForm | FilledColumn, sender: str = "x@y.example", raw: bytes = b"") -> str:
    """A plain mail with forms in it; returns the submission, decided."""
    if not raw:
        (form,) = forms
        told = form if isinstance(form, FilledForm) else FilledForm(form)
        raw = mail.plain(told, mail.Letterhead(sender=sender))
    made = ledger.take_in(desk.store, Delivery("email", f"m{len(desk.sent)}", noon(TODAY), raw, "message/rfc822"))
    assert made is not None
    desk.sent.append(made)
    desk.run()
    return made


def waiting(desk: Desk) -> list[Message]:
    """What waits to be said."""
    with desk.store.read() as tx:
        return [one for one in outbox.waiting(tx) if one.kind == "answer"]


def said(desk: Desk) -> list[tuple[str, str, tuple[str, ...]]]:
    """(way, where to, corrections) of what waits."""
    return [(one.way, one.email or one.address, one.codes) for one in waiting(desk)]


def wrong(family: Family, **more: Any) -> FilledColumn:
    """The mother's column with a number whose check digits are wrong."""
    return column(family, family.mother, fnr=wrong_check_digit(family.mother.number), **more)


def test_a_mail_is_answered_at_the_address_known_before(desk: Desk) -> None:
    """Whoever it came from, and whatever address stands on the form, the answer goes to the list's."""
    family = desk.family(lists=KNOWN)
    by_mail(desk, column(family, family.mother, email="ny@adresse.example"), sender="Kari <noen@annet.example>")

    assert [("mail", family.mother.email, ())] == said(desk)
    assert ["nb"] == [one.language for one in waiting(desk)]


def test_an_address_from_an_earlier_form_is_not_written_to(desk: Desk) -> None:
    """Only the school's own list counts: what is stored of a loaded guardian came from a form once."""
    family = desk.family(lists=("mobile",))
    by_mail(desk, column(family, family.mother, email="min@egen.example"))
    by_mail(desk, column(family, family.mother))

    assert {"letter"} == {one.way for one in waiting(desk)}


@pytest.mark.parametrize("lists", [("mobile",), ()])
def test_a_mail_from_somebody_without_a_known_address_is_answered_by_letter(desk: Desk, lists: Sequence[str]) -> None:
    """No e-mail address known before: a letter to the list's address, whatever the mail says of where it came from."""
    family = desk.family(lists=lists)
    by_mail(desk, column(family, family.mother), sender=family.mother.email)

    assert [("letter", family.mother.address, ())] == said(desk)
    assert [family.mother.name] == [one.name for one in waiting(desk)]


def test_post_is_answered_by_letter(desk: Desk) -> None:
    """What came on paper is answered on paper, each guardian for the own column."""
    family = desk.family(lists=KNOWN)
    desk.decided(both(family))

    assert sorted(("letter", one.address, ()) for one in family.adults) == sorted(said(desk))


def test_a_correction_is_told_to_a_proven_sender_alone(desk: Desk) -> None:
    """The list's mobile on the form, or the list's address in From, proves enough to be told of the own number."""
    first, second, third = (desk.family(lists=KNOWN) for _ in range(3))
    by_mail(desk, wrong(first, email=""))
    by_mail(desk, wrong(second, mobile="", email=""), sender=second.mother.email)
    by_mail(desk, wrong(third, mobile="", email=""))

    told = {one.email: one.codes for one in waiting(desk)}
    assert {
        first.mother.email: ("fnr_checksum",),
        second.mother.email: ("fnr_checksum",),
        third.mother.email: (),
    } == told


def test_nobody_is_told_of_the_other_column(desk: Desk) -> None:
    """A fault in the mother's column is hers; the father is told that something was received."""
    family = desk.family(lists=KNOWN)
    by_mail(desk, FilledForm(wrong(family), column(family, family.father)))

    told = {one.email: one.codes for one in waiting(desk)}
    assert {family.mother.email: ("fnr_checksum",), family.father.email: ()} == told


@pytest.mark.parametrize("form", ["right", "wrong", "refusal"])
def test_protection_changes_nothing_in_what_is_said(desk: Desk, form: str) -> None:
    """A protected family is told the same words, at the same time, as any other."""
    said_to = []
    for shielded in (False, True):
        family = desk.family(lists=KNOWN, shielded=shielded)
        made = {
            "right": column(family, family.mother),
            "wrong": wrong(family),
            "refusal": refusal(family, family.mother),
        }
        by_mail(desk, made[form])
        (answer,) = (one for one in waiting(desk) if one.email == family.mother.email)
        said_to.append((answer.way, answer.codes, answer.language, answer.due_on, answer.kind, answer.address))

    assert said_to[0] == said_to[1]


def test_a_protected_address_is_on_no_sheet(desk: Desk) -> None:
    """The letters are printed by the whole office: a protected family's address is not among them."""
    family = desk.family(lists=KNOWN, shielded=True)
    desk.decided(column(family, family.mother))

    assert [] == said(desk)


def test_the_outcome_changes_nothing_in_what_is_said(desk: Desk) -> None:
    """Loaded, in doubt, refused: one and the same text."""
    texts = set()
    for change in ({}, {"fnr": ""}, {"refused": True, "fnr": ""}, {"mobile": "", "email": ""}):
        family = desk.family(lists=KNOWN)
        if change == {"fnr": ""}:
            change = {"fnr": family.father.number}
        by_mail(desk, column(family, family.mother, **change))
        texts.add(next((one.way, one.codes) for one in waiting(desk) if one.email == family.mother.email))

    assert {("mail", ())} == texts


def test_ordinary_mail_is_not_answered(desk: Desk) -> None:
    """What holds no form gets no answer, and leaves no trace in the outbox."""
    by_mail(desk, raw=mail.reply())

    assert [] == desk.rows(tables.outbox)


def test_lists_and_machines_are_not_answered(desk: Desk) -> None:
    """A form that came through a list, or in an automatic mail, is taken in and not answered, on paper neither."""
    family = desk.family(lists=KNOWN)
    raw = mail.plain(FilledForm(column(family, family.mother)))
    by_mail(desk, raw=b"List-Id: <foreldre.skolen.example>\r\n" + raw)
    by_mail(desk, raw=b"Auto-Submitted: auto-generated\r\n" + raw)

    assert [] == said(desk)
    assert desk.rows(tables.entries)


def test_an_unreadable_mail_is_answered_where_its_sender_is_on_the_list(desk: Desk) -> None:
    """Nobody could open it: who wrote from an address that the school knew is told what is wrong, others nothing."""
    family = desk.family(lists=KNOWN)
    desk.store.settings.email.__dict__["max_bytes"] = 2_000
    by_mail(desk, raw=mail.plain("x" * 5_000, mail.Letterhead(sender=family.mother.email)))
    by_mail(desk, raw=mail.plain("y" * 5_000, mail.Letterhead(sender="ukjent@y.example")))

    assert ["unreadable", "unreadable"] == [desk.outcomes(one)[0] for one in desk.sent]
    assert [("mail", family.mother.email, ("too_large",))] == said(desk)


def test_a_submission_is_answered_once(desk: Desk) -> None:
    """Processed again, or decided by a steward, it is not answered again: neither before nor after the answer went."""
    family = desk.family(lists=KNOWN)
    sent = by_mail(desk, wrong(family))
    desk.again(sent)
    assert 1 == len(waiting(desk))
    with desk.store.write() as tx:
        outbox.sent(tx, [one.id for one in outbox.waiting(tx)])
    desk.steward(sent, fnr=family.mother.number)

    assert [] == said(desk)


def test_who_was_not_known_at_first_is_not_answered_weeks_later(desk: Desk) -> None:
    """A pupil whom the roster learns of later makes no late answer, which would tell of it."""
    family = desk.family(lists=KNOWN)
    sent = by_mail(desk, column(family, family.mother, pupil="Ukjent Ukjentsen"))
    desk.steward(sent, pupil=family.pupil.name)

    assert [] == said(desk)


def test_ten_forms_are_answered_once(desk: Desk) -> None:
    """The same words wait for the same person only once, so that nobody can be flooded through the school."""
    family = desk.family(lists=KNOWN)
    for n in range(3):
        by_mail(desk, column(family, family.mother, mobile=family.mother.mobile), sender=f"x{n}@y.example")

    assert [("mail", family.mother.email, ())] == said(desk)


def test_an_answer_goes_with_the_contact_it_holds(desk: Desk) -> None:
    """When the list's guardians are erased, what waits for them is withdrawn, key and all."""
    family = desk.family(lists=KNOWN)
    by_mail(desk, column(family, family.mother, fnr=""))
    assert 1 == len(waiting(desk))
    with desk.store.write() as tx:
        known = tx.connection.execute(select(tables.pupils.c.known_id)).scalar_one()
        from store.erasure import erase

        erase(tx, known, "turned_18")

    assert [] == said(desk)
    assert [] == desk.rows(tables.data_keys, tables.data_keys.c.subject_id.startswith("O-"))
    assert [None] == [row.payload_ct for row in desk.rows(tables.outbox)]


def test_namesakes_on_the_list_get_no_answer(desk: Desk) -> None:
    """Father and son of one name: nobody can say whose column it is."""
    family = desk.family(lists=KNOWN)
    twice = tuple(KnownGuardian(family.mother.name, email=f"{n}@y.example", address="Veien 1") for n in range(2))
    with desk.store.write() as tx:
        told = RosterPupil(desk.key(), "Nils Navnebror", family.pupil.born, "2STA", "", False, (), twice)
        save_pupil(tx, told)
    by_mail(desk, column(family, family.mother, pupil="Nils Navnebror"))

    assert [] == said(desk)
