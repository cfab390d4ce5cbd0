"""The one-time code: what people may write wrong is found out, and nothing is mended."""

import pytest

from schemas.boxed import Reference, read_reference
from schemas.ids import new_id
from schemas.onetime import ALPHABET, LENGTH, find_code, new_code, read_code, written


def test_no_letter_is_taken_for_a_digit_and_none_is_one() -> None:
    """I, L and O are left out; a code never looks like an identity number."""
    assert set() == set(ALPHABET) & set("ILO0123456789")
    assert LENGTH == len(read_code(new_code()))


def test_every_wrong_letter_and_every_two_that_changed_places_are_found() -> None:
    """All of them, for one code: by arithmetic it holds for each, since 23 is a prime."""
    code = new_code()
    wrong = {code[:at] + letter + code[at + 1 :] for at in range(LENGTH) for letter in ALPHABET} - {code}
    for one in range(LENGTH):
        for two in range(one + 1, LENGTH):
            swapped = list(code)
            swapped[one], swapped[two] = swapped[two], swapped[one]
            wrong.add("".join(swapped))

    assert [] == [text for text in wrong - {code} if read_code(text)]


def test_a_code_is_written_in_groups_and_read_however_it_is_typed() -> None:
    """Capitals or not, hyphens, blanks or nothing between."""
    code = new_code()
    shown = written(code)

    assert 4 * [4] == [len(group) for group in shown.split("-")]
    assert {code} == {read_code(text) for text in (shown, shown.lower(), shown.replace("-", " "), f" {code}\n")}


@pytest.mark.parametrize(
    "line",
    ["Referanse: {}", "referanse {}", "> *Referanse:* {}", "Reference: {}", "Engangsreferanse: {}", "REFERANSE = {}",
     "Referansenummer: {}", "Hei\n\nDin referanse: {}\nHilsen Kari"],
)  # fmt: skip
def test_a_labelled_line_is_found_in_a_mail(line: str) -> None:
    """As the sheet says it, and as people write it."""
    code = new_code()

    assert code == find_code(line.format(written(code)))


def test_without_its_label_with_a_fault_or_beside_another_nothing_is_found() -> None:
    """No guess: a code in running text, one that is too long, and two different ones."""
    one, two = written(new_code()), written(new_code())
    texts = (one, f"Se {one}", f"Referanse: {one}X", f"Referanse: {one[:-1]}", f"Referanse: {one}\nReferanse: {two}")

    assert [""] * 5 == [find_code(text) for text in texts]


def test_the_qr_code_carries_it_and_one_without_is_as_before() -> None:
    """Read back as printed; a wrong check letter leaves the sheet's own id standing, and no code."""
    ident, code = new_id("P"), new_code()
    told = Reference("guardian", "nb", ident, onetime=code)
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % len(ALPHABET)]

    assert told == read_reference(told.text())
    assert f"FORESATT:1:G:NB:{ident}" == Reference("guardian", "nb", ident).text()
    assert Reference("guardian", "nb", ident) == read_reference(told.text().replace(code, wrong))
    assert code not in repr(told)
