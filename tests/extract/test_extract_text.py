"""The form filled in a mail's own words. Every number is synthetic (month + 80)."""

# ruff: noqa: E501 -- the bodies are long lines of mail

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.filled import FilledColumn, FilledForm, as_lines
from fixtures.pages import LETTER_ABOVE, LETTER_BELOW
from schemas.documents import FIELDS, Reading
from schemas.form import COLUMNS, LABELS, REFUSAL_LABELS, ROWS, TITLE
from tasks.extract.text import MAX_CHARS, read_text

KARI, PER = "41819077302", "10915596784"
SEED = "\n\n".join(
    [
        TITLE,
        *(f"{heading}\n\n{text}".strip() for heading, text in LETTER_ABOVE),
        "Foresatte 1 Foresatte 2",
        *(label for _, label in ROWS),
        *LETTER_BELOW,
    ]
)


def plain(reading: Reading) -> list[dict[int, dict[str, Any]]]:
    """Forms as {slot: {field: value}}, flags among the fields."""
    forms = []
    for form in reading.forms:
        columns: dict[int, dict[str, Any]] = {}
        for entry in form.entries:
            columns[entry.slot] = {name: read.value for name in FIELDS if (read := entry.get(name))}
            columns[entry.slot] |= {"refused": True} if entry.refused else {}
            columns[entry.slot] |= {"in_words": True} if entry.refused_in_words else {}
        forms.append(columns)
    return forms


def kari(**more: Any) -> dict[str, Any]:
    return {"pupil": "Ola Nordmann", "fnr": KARI, "name": "Kari Nordmann"} | more


def per(**more: Any) -> dict[str, Any]:
    return {"pupil": "Ola Nordmann", "fnr": PER, "name": "Per Nordmann"} | more


BODIES: dict[str, tuple[str, list[dict[int, dict[str, Any]]]]] = {
    "bokmål, one guardian in the form's own words": (
        f"Foresatte 1\nForesatte til: Ola Nordmann\nFødselsnr (11 Siffer): {KARI}\nNavn: Kari Nordmann\n"
        "Mobil: 912 34 567\nE-post: kari@example.no\n",
        [{1: kari(mobile="912 34 567", email="kari@example.no")}],
    ),
    "labels in another order, capitals, no headings": (
        "Hei!\n\nNAVN: Kari Nordmann\nMOBIL: 91234567\nFØDSELSNUMMER: 418190 77302\nFORESATT TIL: Ola Nordmann\n\nMvh Kari",
        [{1: kari(mobile="91234567")}],
    ),
    "nynorsk": (
        f"Føresett til: Ola Nordmann\nFødselsnummer: {KARI}\nNamn: Kari Nordmann\nMobiltelefon: 91234567\nEpost: kari@example.no",
        [{1: kari(mobile="91234567", email="kari@example.no")}],
    ),
    "English": (
        f"Guardian of: Ola Nordmann\nFull name: Kari Nordmann\nNational identity number: {KARI}\nPhone: +47 912 34 567\n"
        "E-mail: kari@example.no\n\nBest regards\nKari Nordmann",
        [{1: kari(mobile="+47 912 34 567", email="kari@example.no")}],
    ),
    "a table pasted with tabs, one cell of each row empty": (
        f"\tForesatte 1\tForesatte 2\nForesatte til:\tOla Nordmann\tOla Nordmann\nFødselsnr (11 Siffer):\t{KARI}\t{PER}\n"
        "Navn:\tKari Nordmann\tPer Nordmann\nMobil:\t\t41234567\nE-post:\tkari@example.no\t",
        [{1: kari(email="kari@example.no"), 2: per(mobile="41234567")}],
    ),
    "tabs, the headings without the empty corner": (
        f"Foresatte 1\tForesatte 2\nForesatte til:\tOla Nordmann\tOla Nordmann\nFnr\t{KARI}\t{PER}\nNavn\tKari Nordmann\t"
        "Per Nordmann\nMobil\t\t41234567",
        [{1: kari(), 2: per(mobile="41234567")}],
    ),
    "a table with bars": (
        "|  | Foresatte 1 | Foresatte 2 |\n|---|---|---|\n| Foresatte til: | Ola Nordmann | Ola Nordmann |\n"
        f"| Fødselsnr | {KARI} | {PER} |\n| Navn: | Kari Nordmann | Per Nordmann |\n| Mobil: |  | 41234567 |",
        [{1: kari(), 2: per(mobile="41234567")}],
    ),
    "columns held apart by blanks": (
        "                        Foresatte 1          Foresatte 2\n"
        "Foresatte til:          Ola Nordmann         Ola Nordmann\n"
        f"Fødselsnr (11 Siffer):  {KARI}          {PER}\n"
        "Navn:                   Kari Nordmann        Per Nordmann\n"
        "Mobil:                                       41234567\n"
        "E-post:                 kari@example.no\n",
        [{1: kari(email="kari@example.no"), 2: per(mobile="41234567")}],
    ),
    "only the second column is filled": (
        "                        Foresatte 1          Foresatte 2\n"
        "Foresatte til:                               Ola Nordmann\n"
        f"Fødselsnr (11 Siffer):                       {PER}\n"
        "Navn:                                        Per Nordmann\n",
        [{2: per()}],
    ),
    "single blanks between two columns: numbers part by shape": (
        f"Foresatte 1 Foresatte 2\nForesatte til: Ola Nordmann Ola Nordmann\nFødselsnr (11 Siffer): {KARI} {PER}\n"
        "Navn: Kari Nordmann Per Nordmann\nMobil: 91234567 41234567\nE-post: kari@example.no per@example.no",
        [{1: kari(mobile="91234567", email="kari@example.no"), 2: per(mobile="41234567", email="per@example.no")}],
    ),
    "single blanks, one guardian with four names": (
        f"Foresatte 1 Foresatte 2\nForesatte til: Ola Nordmann\nFødselsnr (11 Siffer): {KARI}\nNavn: Kari Anne Berg Nordmann",
        [{1: kari(name="Kari Anne Berg Nordmann")}],
    ),
    "each cell on a line of its own": (
        "Foresatte 1\nForesatte 2\nForesatte til:\nOla Nordmann\nOla Nordmann\nFødselsnr (11 Siffer):\n"
        f"{KARI}\n{PER}\nNavn:\nKari Nordmann\nPer Nordmann\nMobil:\nE-post:\n{LETTER_BELOW[0]}",
        [{1: kari(), 2: per()}],
    ),
    "the value below its label, with blank lines": (
        f"Foresatte til:\n\nOla Nordmann\n\nFødselsnr (11 Siffer):\n\n{KARI}\n\nNavn:\n\nKari Nordmann\n\nMobil:\n\nE-post:\n\n"
        "Hilsen Kari",
        [{1: kari()}],
    ),
    "all on one line": (
        "Hei, navn: Kari Nordmann, fnr: 418190 77302, mobil: 912 34 567, foresatt til: Ola Nordmann",
        [{1: kari(mobile="912 34 567")}],
    ),
    "a reply below quoted lines": (
        f"> Foresatte 1\n> Foresatte til: Ola Nordmann\n> Fødselsnr (11 Siffer): {KARI}\n> Navn: Kari Nordmann\n>\n> Mobil:\n",
        [{1: kari()}],
    ),
    "the filled form above, the school's letter quoted below": (
        as_lines(FilledForm(FilledColumn("Ola Nordmann", KARI, "Kari Nordmann", "", "")))
        + "\n\nFra: Skolen\nEmne: Fødselsnummer\n"
        + "\n".join(f"> {line}" for line in SEED.splitlines()),
        [{1: kari()}],
    ),
    "the same form twice, once quoted": (
        f"Fnr: {KARI}\nNavn: Kari Nordmann\nForesatt til: Ola Nordmann\n\nMvh\nKari\n\n> Fødselsnummer: 418190-77302\n"
        "> Navn: Kari  Nordmann\n> Foresatt til: Ola Nordmann",
        [{1: kari()}],
    ),
    "blocks, the second guardian refuses": (
        f"Foresatte 1:\nForesatte til: Ola Nordmann\nFødselsnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 2:\n"
        "Foresatte til: Ola Nordmann\nNavn: Per Nordmann\n☒ Jeg avslår å tillate skolen å benytte fødselsnummeret",
        [{1: kari(), 2: {"pupil": "Ola Nordmann", "name": "Per Nordmann", "refused": True}}],
    ),
    "boxes in two columns, one ticked": (
        f"\tForesatte 1\tForesatte 2\nForesatte til:\tOla Nordmann\tOla Nordmann\nFnr:\t{KARI}\t\nNavn:\tKari Nordmann\t"
        f"Per Nordmann\n\t[ ] {REFUSAL_LABELS[0]}\t[X] {REFUSAL_LABELS[0]}",
        [{1: kari(), 2: {"pupil": "Ola Nordmann", "name": "Per Nordmann", "refused": True}}],
    ),
    "boxes in a row of the table": (
        "\tForesatte 1\tForesatte 2\nForesatte til:\tOla Nordmann\tOla Nordmann\nNavn:\tKari Nordmann\tPer Nordmann\n"
        f"Fnr:\t\t{PER}\n{REFUSAL_LABELS[0]}\t☑\t☐",
        [{1: {"pupil": "Ola Nordmann", "name": "Kari Nordmann", "refused": True}, 2: per()}],
    ),
    "unticked boxes are no refusal": (
        f"Foresatte til: Ola Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann\n☐ {REFUSAL_LABELS[0]}",
        [{1: kari()}],
    ),
    "a ticked box in English": (
        f"Parent of: Ola Nordmann\nName: Kari Nordmann\n[x] {REFUSAL_LABELS[2]}",
        [{1: {"pupil": "Ola Nordmann", "name": "Kari Nordmann", "refused": True}}],
    ),
    "a tick that could be either guardian's is a person's to place": (
        f"Foresatte 1\nForesatte til: Ola Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 2\nForesatte til: Ola Nordmann\n"
        f"Fnr: {PER}\nNavn: Per Nordmann\n\n[x] {REFUSAL_LABELS[0]}",
        [{1: kari(in_words=True), 2: per(in_words=True)}],
    ),
    "a refusal in words in place of the number": (
        "Foresatt til: Ola Nordmann\nNavn: Kari Nordmann\nFødselsnr: ønsker ikke å oppgi",
        [{1: {"pupil": "Ola Nordmann", "name": "Kari Nordmann", "in_words": True}}],
    ),
    "a refusal in words alone": (
        "Hei. Jeg avslår at skolen bruker fødselsnummeret mitt i Visma.\nHilsen Kari Nordmann",
        [{1: {"in_words": True}}],
    ),
    "two guardians without headings": (
        f"Foresatt til: Ola Nordmann\nNavn: Kari Nordmann\nFnr: {KARI}\n\nForesatt til: Ola Nordmann\nNavn: Per Nordmann\nFnr: {PER}",
        [{1: kari(), 2: per()}],
    ),
    "the column in the label": (
        f"Elev: Ola Nordmann\nForesatt 1 navn: Kari Nordmann\nForesatt 1 fødselsnummer: {KARI}\nForesatt 2 navn: Per Nordmann\n"
        f"Foresatt 2 fødselsnummer: {PER}",
        [{1: kari(), 2: per()}],
    ),
    "the pupil above both guardians": (
        f"Elevens navn: Ola Nordmann\n\nForesatt 1\nNavn: Kari Nordmann\nFnr: {KARI}\n\nForesatt 2\nNavn: Per Nordmann\nFnr: {PER}",
        [{1: kari(), 2: per()}],
    ),
    "mother and father": (
        f"Elev: Ola Nordmann\n\nMor\nNavn: Kari Nordmann\nFnr: {KARI}\n\nFar\nNavn: Per Nordmann\nFnr: {PER}",
        [{1: kari(), 2: per()}],
    ),
    "the pupil's own number is not the guardian's": (
        f"Navn: Kari Nordmann\nFødselsnummer: {KARI}\nElevens navn: Ola Nordmann\nElevens fødselsnummer: {PER}",
        [{1: kari()}],
    ),
    "siblings in one cell stay one cell": (
        f"Foresatt til: Ola Nordmann og Eva Nordmann\nNavn: Kari Nordmann\nFnr: {KARI}",
        [{1: kari(pupil="Ola Nordmann og Eva Nordmann")}],
    ),
    "a link that the mail program made": (
        f"Foresatt til: Ola Nordmann\nNavn: Kari Nordmann\nFnr: {KARI}\nE-post: kari@example.no<mailto:kari@example.no>",
        [{1: kari(email="kari@example.no")}],
    ),
    "stars, bullets and dotted lines": (
        f"* **Foresatte til:** Ola Nordmann\n- Navn ......... Kari Nordmann\n• Fnr = {KARI}\nMobil: __________",
        [{1: kari()}],
    ),
    "no-break and wide blanks, full-width digits": (
        "Foresatte til:\u00a0Ola\u00a0Nordmann\nNavn:\u2003Kari Nordmann\nFødselsnr: \uff14\uff11\uff18\uff11\uff19\uff10 77302",
        [{1: kari()}],
    ),
    "a change of mobile without a number": (
        "Foresatt til: Ola Nordmann\nNavn: Kari Nordmann\nNytt mobilnummer: 91234567\nMobil: 91234567",
        [{1: {"pupil": "Ola Nordmann", "name": "Kari Nordmann", "mobile": "91234567"}}],
    ),
    "two forms that contradict each other": (
        f"Foresatte 1\nForesatte til: Ola Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 1\nForesatte til: Ola Nordmann\n"
        f"Fnr: {PER}\nNavn: Kari Nordmann",
        [{1: kari()}, {1: kari(fnr=PER)}],
    ),
    "the number is kept as it was written where it is no number": (
        "Foresatt til: Ola Nordmann\nNavn: Kari Nordmann\nFnr: har ikke norsk nummer",
        [{1: kari(fnr="har ikke norsk nummer")}],
    ),
    "blanks and commas alone after the labels": (
        f"Foresatte 1: Kari Nordmann, fødselsnr {KARI}, tlf 91234567, foresatt til Ola Nordmann",
        [{1: kari(mobile="91234567")}],
    ),
    "answers written between the quoted labels": (
        f"> Foresatte 1 Foresatte 2\n>\n> Foresatte til:\nOla Nordmann\n> Fødselsnr (11 Siffer):\n{KARI}\n> Navn:\nKari Nordmann",
        [{1: kari()}],
    ),
    "two languages in one label": (
        f"Navn / Name: Kari Nordmann\nFødselsnr/ID number: {KARI}\nForesatt til / Guardian of: Ola Nordmann",
        [{1: kari()}],
    ),
    "a table lying on its side": (
        f"\tForesatte til\tFødselsnr\tNavn\nForesatte 1\tOla Nordmann\t{KARI}\tKari Nordmann\nForesatte 2\tOla Nordmann\t{PER}\tPer Nordmann",
        [{1: kari(), 2: per()}],
    ),
    "a label broken over two lines": (
        f"Foresatte til: Ola Nordmann\nNavn: Kari Nordmann\nFødselsnr (11\nSiffer): {KARI}",
        [{1: kari()}],
    ),
    "no separators at all": (
        f"Navn Kari Nordmann\nFnr {KARI}\nForesatt til Ola Nordmann\nMobil 912 34 567",
        [{1: kari(mobile="912 34 567")}],
    ),
    "nynorsk blocks, a no in words closes the second": (
        f"FØRESETTE 1\nFØRESETT TIL: Ola Nordmann\nNAMN: Kari Nordmann\nFØDSELSNUMMER: {KARI}\n\nFØRESETTE 2\n"
        "FØRESETT TIL: Ola Nordmann\nNAMN: Per Nordmann\nEg avslår å la skolen bruke fødselsnummeret",
        [{1: kari(), 2: {"pupil": "Ola Nordmann", "name": "Per Nordmann", "in_words": True}}],
    ),
    "two forms for two siblings": (
        f"Foresatte 1\nForesatte til: Ola Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 1\nForesatte til: Eva Nordmann\n"
        f"Fnr: {KARI}\nNavn: Kari Nordmann",
        [{1: kari()}, {1: kari(pupil="Eva Nordmann")}],
    ),
    "two numbers in sentences, whose is not said": (
        f"Hei, våre fødselsnumre er {KARI} og {PER}. Vi er foreldre til Ola Nordmann.",
        [{1: {"pupil": "Ola Nordmann", "fnr": KARI}, 2: {"pupil": "Ola Nordmann", "fnr": PER}}],
    ),
    "a letter in sentences is only proposed": (
        "Hei, jeg heter Kari Nordmann og er mor til Ola Nordmann. Fødselsnummeret mitt er 418190 77302.\nHilsen Kari",
        [{1: kari()}],
    ),
}  # fmt: skip

NO_FORM = {
    "empty": "",
    "the school's own letter, unfilled": SEED,
    "the letter quoted": "\n".join(f"> {line}" for line in SEED.splitlines()),
    "absence with a signature": "Ola er syk i dag.\n\nMvh\nKari Nordmann\nMobil: 912 34 567\nE-post: kari@example.no",
    "absence with the pupil named": "Elev: Ola Nordmann\nKlasse: 2B\nMobil: 91234567\nOla er hos tannlegen.",
    "a no to something else": "Vi må avslå invitasjonen. We decline the offer, and refuse to pay.",
    "what a guardian may do": "Du kan avslå at skolen bruker fødselsnummeret. You may refuse to give the number.",
    "a name under an empty label at the end": "Navn:\n\nMed vennlig hilsen\nKari",
    "an auto-reply": "Takk for din e-post. Jeg er tilbake mandag. Ring 912 34 567 ved behov.",
    "someone else's letter with a number in a quoted line": f"> Jeg er mor til Ola, fødselsnummer {KARI}",
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES.keys())
def test_a_filled_form_is_read_however_it_was_typed(body: str, expected: list[Any]) -> None:
    """Labels in any spelling and order, columns, blocks and tables give the same fields."""
    assert expected == plain(read_text(body))


@pytest.mark.parametrize("body", NO_FORM.values(), ids=NO_FORM.keys())
def test_what_is_no_form_gives_no_entry(body: str) -> None:
    """Ordinary mail, signatures and the unfilled letter hold no form."""
    assert [] == plain(read_text(body))


@pytest.mark.parametrize("name", FIELDS)
def test_every_label_of_the_catalogue_is_known(name: Any) -> None:
    """A value stands under each spelling in `schemas.form.LABELS`, with a colon and in capitals."""
    value = {"fnr": PER, "mobile": "91234567", "email": "per@example.no"}.get(name, "Per Berg")
    rest = {"pupil": "Foresatte til: Ola", "fnr": f"Fnr: {KARI}", "name": "Navn: Kari", "mobile": "", "email": ""}
    for label in LABELS[name]:
        lines = [line for other, line in rest.items() if other != name and line] + [f"{label.upper()}: {value}"]
        assert value == plain(read_text("\n".join(lines)))[0][1][name], label


@pytest.mark.parametrize("label", REFUSAL_LABELS)
@pytest.mark.parametrize("box", ["[x]", "[X]", "[ x ]", "☒", "☑", "(x)"])
def test_every_ticked_box_is_a_refusal(box: str, label: str) -> None:
    """A tick before one of the refusal labels refuses, also with nothing else filled in."""
    assert [{1: {"refused": True}}] == plain(read_text(f"{box} {label.capitalize()}"))


def test_forms_as_most_people_return_them_come_back_whole() -> None:
    """What `fixtures.filled.as_lines` writes is read back cell by cell, empty cells left out."""
    first = FilledColumn("Ola Nordmann", KARI, "Kari Nordmann", "91234567", "kari@example.no")
    second = FilledColumn("Ola Nordmann", "", "Per Nordmann", "", "", refused=True)
    expected = {1: kari(mobile="91234567", email="kari@example.no")}
    expected[2] = {"pupil": "Ola Nordmann", "name": "Per Nordmann", "refused": True}
    assert [expected] == plain(read_text(as_lines(FilledForm(first, second))))


def test_what_stands_under_its_label_is_accepted() -> None:
    """Confidence 1.0, decision `accepted`, and the line it was read from."""
    entry = read_text(f"Hei\nForesatt til: Ola\nNavn: Kari\nFnr: {KARI}").forms[0].entries[0]
    assert entry.fnr is not None
    assert (KARI, 1.0, "line 4", "accepted") == (
        entry.fnr.value,
        entry.fnr.confidence,
        entry.fnr.source,
        entry.fnr.decision,
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (f"Foresatte 1 Foresatte 2\nFnr: {KARI} {PER}\nNavn: Kari Nordmann Per Berg", "name"),
        (f"Hei, jeg er mor til Ola Nordmann, og mitt fødselsnummer er {KARI}.", "fnr"),
        (f"Mor: Kari Nordmann\nFnr: {KARI}", "name"),
        (f"          Foresatte 1          Foresatte 2\nNavn:     Kari     Per\nFnr:              {KARI}", "fnr"),
        (f"Foresatt til: Ola\nFnr: {KARI}\nNavn:\nkari nordmann", "name"),
    ],
    ids=[
        "names between single blanks",
        "a sentence",
        "a heading's own name",
        "between the columns",
        "lower case below a label",
    ],
)
def test_what_is_guessed_is_left_to_a_person(body: str, field: Any) -> None:
    """A value that no label of its own vouches for has a lower confidence and the decision `review`."""
    read = read_text(body).forms[0].entries[0].get(field)
    assert read is not None
    assert ("review", True) == (read.decision, read.confidence < 0.9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (KARI, True),
        ("418190 77302", True),
        ("41.81.90-77302", True),
        ("4 1 8 1 9 0 7 7 3 0 2", True),
        ("fnr41819077302x", True),
        ("912 34 567 418190 77302", True),
        ("41819077303", False),
        ("418190773021", False),
        ("KID 00041819077302", False),
        ("912 34 567 og 413 45 678", False),
    ],
)
def test_an_identity_number_is_found_however_it_is_spaced(text: str, expected: bool) -> None:
    """Any 11 digits whose check digits hold, also in groups and beside a telephone number; longer runs are none."""
    assert expected == read_text(f"Hei, {text} hilsen Kari").holds_number


def test_a_text_beyond_the_bound_is_read_as_far_as_the_bound() -> None:
    """The rest is not read, and the fault `too_large` says so."""
    reading = read_text(f"Foresatt til: Ola\nNavn: Kari\nFnr: {KARI}\n" + "x\n" * MAX_CHARS)
    assert (("too_large",), KARI) == (reading.faults, plain(reading)[0][1]["fnr"])


PIECES = st.sampled_from(
    [
        *COLUMNS,
        *(label for _, label in ROWS),
        "Navn",
        "Mor:",
        "Elev",
        "[x]",
        "☐",
        REFUSAL_LABELS[0],
        "\t",
        "\n",
        "\n\n",
        "   ",
        " | ",
        "> ",
        KARI,
        PER,
        "91234567",
        "kari@example.no",
        "Kari Nordmann",
        "avslår",
        "Mvh",
        ":",
        "Fnr",
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map("".join), st.lists(PIECES).map(" ".join)))
def test_no_text_whatever_raises(text: str) -> None:
    """Any text gives a reading whose entries are filled, and never more than two columns."""
    for form in read_text(text).forms:
        assert form.entries
        assert {1, 2} >= {entry.slot for entry in form.entries}
        assert not any(entry.empty for entry in form.entries)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_letter_stays_unfilled_however_it_is_broken(data: st.DataObject) -> None:
    """The school's own letter, wrapped, indented and quoted anyhow, never gives an entry."""
    width = data.draw(st.integers(20, 120))
    prefix = data.draw(st.sampled_from(["", "> ", ">> ", "    ", "\t"]))
    import textwrap

    lines = [piece for line in SEED.splitlines() for piece in textwrap.wrap(line, width) or [""]]
    assert [] == plain(read_text("\n".join(prefix + line for line in lines)))


def test_reading_text_loads_no_picture_library() -> None:
    """Mails are read without OpenCV, Tesseract, PDFium or numpy where they hold no number to check."""
    code = (
        "import sys; from tasks.extract.read import read_opened; from tasks.extract.text import read_text; read_text('Navn: Kari');"
        "print(sorted({'cv2', 'numpy', 'pandas', 'tesserocr', 'pypdfium2', 'PIL'} & set(sys.modules)))"
    )
    house = Path(__file__).parents[2]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=house)
    assert "[]" == out.stdout.strip()
