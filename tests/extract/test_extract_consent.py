"""A pupil's consent to extend: read off paper, a filled-in file, or known by its heading; never a guardian's form."""

from typing import Any

import numpy as np
import pytest

from fixtures.boxed import printed, with_values
from fixtures.pages import packed, worn
from schemas.boxed import CONSENT_TITLES, Language
from schemas.documents import FIELDS, Opened, Part, ReadForm, Reading
from schemas.ids import new_id
from schemas.settings import Post, Settings
from tasks.extract.pdf import read_pdf
from tasks.extract.read import read_opened
from tasks.extract.scan import read_image, read_page
from tasks.extract.text import read_text
from tasks.provision.consent_pdf import consent_pdf
from tasks.provision.form_pdf import Pupil
from tasks.provision.words import LANGUAGES

POST = Post()
BOTH = {"consent_pupil": "Ola Nordmann", "consent_guardian_1": "Kari Nordmann", "consent_guardian_2": "Per Nordmann"}
SECOND = {"consent_pupil": "Ola Nordmann", "consent_guardian_2": "Per Nordmann", "consent_date": "15102026"}


def told(form: ReadForm) -> dict[int, dict[str, str]]:
    return {e.slot: {name: read.value for name in FIELDS if (read := e.get(name))} for e in form.entries}


def expected(values: dict[str, str]) -> dict[int, dict[str, str]]:
    named = {slot: values[f"consent_guardian_{slot}"] for slot in (1, 2) if f"consent_guardian_{slot}" in values}
    return {slot: {"pupil": values["consent_pupil"], "name": name} for slot, name in named.items()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("values", [BOTH, SECOND], ids=["both", "the second alone"])
def test_a_consent_filled_in_on_screen_names_whom_it_covers(language: Language, values: dict[str, str]) -> None:
    """An entry for each guardian that it covers, the pupil with each; the date and an empty sheet are none."""
    reading = read_pdf(with_values(consent_pdf(language), values), POST)

    assert [("consent", expected(values))] == [(form.kind, told(form)) for form in reading.forms]
    assert () == read_pdf(consent_pdf(language), POST).forms


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_consent_on_paper_is_read_by_its_marks(language: Language) -> None:
    """Printed, worn and scanned, as a picture or in a PDF: the same names, and the pupil's own code."""
    ident = new_id("P")
    own = consent_pdf(language, pupil=Pupil(ident, "Ola Nordmann", ""))
    grey = worn(printed(with_values(own, BOTH), dpi=200), np.random.default_rng(3), dpi=200, skew_degrees=1, noise=4)
    for reading in (
        read_image(packed([grey], dpi=200, fmt="jpeg"), POST),
        read_pdf(packed([grey], dpi=200, fmt="pdf"), POST),
    ):
        [form] = reading.forms
        assert ("consent", expected(BOTH), ident, ()) == (form.kind, told(form), form.reference, reading.faults)


def test_a_consent_of_which_only_the_code_is_whole_is_still_one() -> None:
    """With its corners torn off nothing is read, and the code says what sheet it was."""
    page = printed(consent_pdf("nb", pupil=Pupil(new_id("P"), "Ola Nordmann", "")), dpi=200)
    page[: round(200 * 200 / 25.4)] = 255
    form = read_page(page, POST).form

    assert form
    assert ("consent", ()) == (form.kind, form.entries)


@pytest.mark.parametrize("title", CONSENT_TITLES.values())
def test_a_consent_in_a_letter_is_known_by_its_heading(title: str) -> None:
    """Its names are for eyes, and it is never taken for a guardian's form, though it has the same labels."""
    letter = f"{title}\n\nElev: Ola Nordmann\nNavn: Kari Nordmann\nFødselsnr: 41819077302\n"
    assert (ReadForm((), "consent"),) == read_text(letter).forms
    inside = f"Jeg har lest om {title}.\nForesatte til: Ola Nordmann\nNavn: Kari Nordmann\nFødselsnr: 41819077302\n"
    assert ["guardian"] == [form.kind for form in read_text(inside).forms]


def test_a_consent_by_pen_is_a_proposal() -> None:
    """Of a hand nothing is accepted, on this sheet as on the other."""
    from fixtures.paperset import pen_places
    from schemas.boxed import CONSENT_GUARDIANS, CONSENT_PUPIL

    rng = np.random.default_rng(5)
    places: list[Any] = [(CONSENT_PUPIL, "Ola Nordmann"), (CONSENT_GUARDIANS[1], "Kari Nordmann")]
    page = pen_places(places, printed(consent_pdf("nb"), dpi=200), rng, 200)
    part = Part("side.png", "image/png", packed([page], dpi=200, fmt="png"))
    reading: Reading = read_opened(Opened("image", "not_encrypted", parts=(part,)), Settings(environment="test"))
    [form] = reading.forms

    assert ("consent", [1]) == (form.kind, [entry.slot for entry in form.entries])
    assert {"review"} == {read.decision for entry in form.entries for name in FIELDS if (read := entry.get(name))}


@pytest.mark.parametrize(
    "said",
    [
        f"{CONSENT_TITLES['nb']}\n\nElev: Ola Nordmann\nForesatt: Kari Nordmann",
        "Jeg samtykker til at Kari Nordmann beholder tilgangen til Visma etter at jeg fyller 18.\nOla Nordmann",
        "Eg samtykkjer til at mor mi framleis har tilgang.\nOla",
        "I consent to my mother keeping her access.\nOla",
        "Jeg trekker tilbake samtykket til at far har tilgang til Visma.\nOla",
    ],
)
def test_a_consent_in_a_pupils_own_words_reaches_a_person(said: str) -> None:
    """Given or taken back, under the sheet's heading or none; nothing of it is read."""
    assert (ReadForm((), "consent"),) == read_text(said).forms


@pytest.mark.parametrize(
    "said",
    [
        f"{CONSENT_TITLES['nb']}\n\nElev:\nForesatt 1:\nForesatt 2:",
        "Det vil være mulig for eleven å samtykke til å utvide foresatt-tilgangen.",
        "Jeg samtykker til at Ola kan være med på turen.\nKari Nordmann",
        "> Jeg samtykker til at mor har tilgang.\nHvorfor fikk jeg denne?",
        "Hvordan samtykker man til utvidet tilgang?",
    ],
)
def test_what_only_speaks_of_consent_is_none(said: str) -> None:
    """A sheet left empty, the school's own letter, another consent, a quotation, a question."""
    assert () == read_text(said).forms
