"""Whom the school's paper goes to, and the letters to those who get no login."""

from datetime import date

import pypdfium2
import pytest
from support_sheets import fonts, reader
from support_store import DAY, TODAY, Desk, both, refusal

from schemas.due import Enrolment
from tasks.provision import merge
from tasks.provision.form_pdf import Sender
from tasks.provision.letters import letters_pdf
from tasks.provision.merge import Recipient

SENDER = Sender("Prøveskolen")
KARI = Recipient("Kari Ødegård", "Blåbærveien 3, 0123 Oslo", "Ola Ødegård", "2STA")
AAGE = Recipient("Åge Bjørk", "Furua 1\n0456 Oslo", "Mari Bjørk", "1STB")


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    finally:
        document.close()


def test_each_recipient_has_a_letter_of_their_own() -> None:
    """A page each: name, address, whose guardian; nobody else's name, and every font embedded."""
    drawn = letters_pdf([KARI, AAGE], "nn", SENDER)
    first, second = pages(drawn)

    assert "Kari Ødegård Blåbærveien 3 0123 Oslo" in first
    assert "Gjeld: Mari Bjørk, 1STB" in second
    assert not any(word in second for word in ("Kari", "Ola", "Blåbærveien"))
    assert [] == [font for font in fonts(reader(drawn)) if "/FontFile2" not in font["/FontDescriptor"].get_object()]


def test_the_schools_own_text_takes_the_place_of_the_standing_words() -> None:
    """Paragraphs apart by an empty line, as many pages as the text needs, nothing of it lost."""
    words = [f"ord{number}" for number in range(1_500)]
    text = "Kjære foresatte.\n\n" + " ".join(words)
    drawn = pages(letters_pdf([KARI], "nb", SENDER, text))

    assert len(drawn) >= 3
    assert words == [word for word in " ".join(drawn).split() if word.startswith("ord")]
    assert "Du trenger ikke å gjøre noe" not in " ".join(drawn)


def test_a_letter_to_nobody_is_refused() -> None:
    """No pages is no document."""
    with pytest.raises(ValueError, match="nobody"):
        letters_pdf([])


def test_a_class_leaves_out_whom_the_school_does_not_ask(desk: Desk) -> None:
    """Handed a form: the one of 16 and the one who starts in August. Not: of 18 today, who has left, both refused."""
    asked = desk.family()
    coming = desk.family()
    later = desk.child("Kommande", coming.adults, stays=(Enrolment(TODAY + 200 * DAY, None),))
    desk.family(born=date(TODAY.year - 18, TODAY.month, TODAY.day))
    desk.child("Borte", coming.adults, stays=(Enrolment(TODAY - 900 * DAY, TODAY - DAY),))
    refusing, one_refuses = desk.family(), desk.family()
    for adult in refusing.adults:
        desk.decided(refusal(refusing, adult))
    desk.decided(refusal(one_refuses, one_refuses.father))
    with desk.store.read() as tx:
        chosen = {pupil.ident for pupil in merge.of_class(tx, "2STA")}
        assert ["2STA"] == merge.classes(tx)
        assert [] == merge.of_class(tx, "9STA")

    assert {asked.pupil_id, coming.pupil_id, later.pupil_id, one_refuses.pupil_id} == chosen


def test_one_pupil_is_found_by_id_alone(desk: Desk) -> None:
    """The id gives name and class; an id that nobody has gives nothing."""
    family = desk.family()
    with desk.store.read() as tx:
        found = merge.one_pupil(tx, family.pupil_id)

        assert found is not None
        assert (family.pupil.name, "2STA") == (found.name, found.class_name)
        assert merge.one_pupil(tx, "P-" + "A" * 26) is None


def test_letters_go_to_the_register_and_to_nobody_else(desk: Desk) -> None:
    """Whoever refused gets paper; whoever was loaded does not."""
    loaded, paper = desk.family(), desk.family()
    desk.decided(both(loaded))
    desk.decided(refusal(paper, paper.mother))
    with desk.store.read() as tx:
        found = merge.on_paper(tx)

    assert [(paper.mother.name, paper.pupil.name, "2STA")] == [(one.name, one.pupil, one.class_name) for one in found]


def test_a_protected_address_is_never_printed(desk: Desk) -> None:
    """A shielded pupil's family looks like any family whose address is missing."""
    from sqlalchemy import update

    from store.tables import pupils

    family = desk.family()
    desk.decided(refusal(family, family.mother))
    with desk.store.write() as tx:
        before = merge.on_paper(tx)[0].address
        tx.connection.execute(update(pupils).where(pupils.c.id == family.pupil_id).values(shielded=True))
        after = merge.on_paper(tx)[0].address

    assert before != ""
    assert "" == after
