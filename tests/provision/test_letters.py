"""Whom the school's paper goes to, and the letters to those who get no login."""

from dataclasses import replace
from datetime import date

import pypdfium2
import pytest
from sqlalchemy import update
from support_sheets import fonts, reader
from support_store import DAY, TODAY, Desk, both, noon, refusal

from fixtures.filled import FilledForm, as_lines
from schemas.due import Enrolment
from store import analogue
from store.tables import pupils
from tasks.provision import merge
from tasks.provision.form_pdf import Sender
from tasks.provision.labels import labels_pdf
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


def test_a_protected_family_is_on_no_general_list(desk: Desk) -> None:
    """Neither name nor address: only the view of the restricted role shows them, and that shows nobody else."""
    family, other = desk.family(), desk.family()
    desk.decided(refusal(family, family.mother))
    desk.decided(refusal(other, other.mother))
    with desk.store.write() as tx:
        tx.connection.execute(update(pupils).where(pupils.c.id == family.pupil_id).values(shielded=True))
        everyone, restricted = merge.on_paper(tx), merge.on_paper(tx, restricted=True)

    assert [other.mother.name] == [one.name for one in everyone]
    assert [(family.mother.name, True)] == [(one.name, bool(one.address)) for one in restricted]


def test_a_missing_address_is_a_dated_task(desk: Desk) -> None:
    """Five working days to find it; the school's list ends the task as soon as it has one."""
    family = desk.family()
    details = {"why": "refused", "submission": "S-A", "arrived": noon(TODAY)}
    with desk.store.write() as tx:
        analogue.add(tx, family.pupil_id, name="Ingen Adresse", address="", **details)
        analogue.add(tx, family.pupil_id, name=family.mother.name, address="", **details)
        found = {one.name: (one.address, one.find_by) for one in merge.on_paper(tx)}

    # 14 October is a Wednesday: Wednesday the 21st.
    assert {"Ingen Adresse": ("", date(2026, 10, 21)), family.mother.name: (family.mother.address, None)} == found
    for day, count in ((date(2026, 10, 21), 0), (date(2026, 10, 22), 1)):
        desk.on(day)
        with desk.store.read() as tx:
            assert count == merge.late_addresses(tx)


def test_whoever_said_no_is_not_asked_again_under_another_spelling(desk: Desk) -> None:
    """The register has the name as the form wrote it, the school's list another way: it is the same person. And where
    the list names nobody, two refusals are both guardians."""
    family, unlisted = desk.family(), desk.family()
    details = {"why": "refused", "address": "", "submission": "S-A", "arrived": noon(TODAY)}
    with desk.store.write() as tx:
        for who in family.adults:
            turned = f"{who.name.split()[-1]}, {' '.join(who.name.split()[:-1])}"
            analogue.add(tx, family.pupil_id, name=turned, **details)
        tx.connection.execute(
            update(pupils).where(pupils.c.id == unlisted.pupil_id).values(known_id=None, known_ct=None)
        )
        analogue.add(tx, unlisted.pupil_id, name="Kari Nei", **details)
        assert [unlisted.pupil_id] == [pupil.ident for pupil in merge.of_class(tx, "2STA")]
        analogue.add(tx, unlisted.pupil_id, name="Per Nei", **details)

        assert [] == merge.of_class(tx, "2STA")


def test_each_family_is_written_to_in_its_own_language() -> None:
    """That of their form, where it is known; else the school's."""
    drawn = pages(letters_pdf([replace(KARI, language="en"), AAGE], "nn", SENDER, own_language=True))

    assert "Information on paper" in drawn[0]
    assert "Gjeld:" in drawn[1]


def test_the_language_of_the_form_is_kept_with_the_refusal(desk: Desk) -> None:
    """A form in bokmål stands on the register as such; one that says nothing of its language as none."""
    family, other = desk.family(), desk.family()
    desk.decided(
        f"Hei, jeg har fylt ut skjemaet, vennlig hilsen.\n\n{as_lines(FilledForm(refusal(family, family.mother)))}"
    )
    with desk.store.write() as tx:
        analogue.add(tx, other.pupil_id, why="refused", name="A B", address="", submission="S-A", arrived=noon(TODAY))
        told = {one.pupil_id: one.language for one in analogue.of_pupil(tx)}

    assert {family.pupil_id: "nb", other.pupil_id: None} == told


# --------------------------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize(("sheet", "a_sheet"), [("3x8", 24), ("3x7", 21), ("2x7", 14)])
def test_labels_fill_a_sheet_and_go_on(sheet: str, a_sheet: int) -> None:
    """As many as the sheet has, the rest on the next; name and address, neither pupil nor class."""
    people = [replace(KARI, name=f"Kari {'abcdefghijklmnopqrstuvwxyz'[n]}") for n in range(a_sheet + 1)]
    drawn = pages(labels_pdf(people, sheet=sheet))

    assert [a_sheet, 1] == [page.count("Blåbærveien 3") for page in drawn]
    assert not any(word in page for page in drawn for word in ("Ola", "2STA"))


def test_used_labels_are_left_out() -> None:
    """With 23 used, one fits on the first sheet, in its last place."""
    document = pypdfium2.PdfDocument(labels_pdf([KARI, AAGE], skip=23))
    first, second = (page.get_textpage() for page in document)
    places = [text.get_charbox(text.get_text_range().index(name)) for text, name in ((first, "Kari"), (second, "Åge"))]

    # Points from the lower left: the last label's column begins at 140 mm, its row ends at the sheet's foot.
    assert places[0][0] > 140 / 25.4 * 72
    assert places[0][1] < 37.125 / 25.4 * 72
    assert places[1][1] > (297 - 37.125) / 25.4 * 72


def test_every_label_stays_within_its_own() -> None:
    """A long name and a long address are broken and cut rather than printed over the neighbour's."""
    long = Recipient("Kari " * 12, "Etellerannetlangtstedsnavnveien 123, " * 6, "Ola", "2STA")
    page = pypdfium2.PdfDocument(labels_pdf([long] * 24))[0]
    text = page.get_textpage()
    boxes = [text.get_charbox(n) for n in range(text.count_chars())]
    width, height = 70 / 25.4 * 72, 37.125 / 25.4 * 72

    crossed = [b for b in boxes if b[2] > b[0] and int(b[0] // width) != int(b[2] // width)]
    assert [] == crossed
    assert [] == [b for b in boxes if b[3] > b[1] and int(b[1] // height) != int(b[3] // height)]


def test_labels_for_nobody_are_refused() -> None:
    """No labels is no sheet; nor is a place that a sheet does not have."""
    for told in ({"recipients": []}, {"recipients": [KARI], "skip": 24}, {"recipients": [KARI], "sheet": "9x9"}):
        with pytest.raises(ValueError, match=r"nobody|no such place"):
            labels_pdf(**told)  # type: ignore[arg-type]
