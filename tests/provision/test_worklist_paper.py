"""The work list on paper, and encrypted to one person: masked unless asked, and never in clear on a disk."""

from datetime import date
from pathlib import Path

import gnupg
import pypdfium2
import pytest
from support_sheets import fonts, reader
from support_store import TODAY

from schemas.boxed import Language
from schemas.errors import NotReady, UsageFault
from store.worklist import Line
from tasks.decrypt.keyring import generate_key, make_home, stop_agent
from tasks.provision.encrypted import encrypt, find_key
from tasks.provision.form_pdf import Sender
from tasks.provision.lists import FIELDS
from tasks.provision.words import LANGUAGES
from tasks.provision.worklist_pdf import worklist_pdf

SENDER = Sender("Prøveskolen")


def line(**changes: object) -> Line:
    told: dict[str, object] = {
        "id": "L-ABC", "kind": "add", "why": "loaded", "due_on": TODAY, "state": "open", "person_too": False,
        "overdue": False, "guardian": "Kari Modigmaur", "pupil": "Ola Modigmaur", "class_name": "2STA",
        "values": {"fnr": "12829499914", "mobile": "+4791234567", "email": "kari@example.com"},
    }  # fmt: skip
    return Line(**{**told, **changes})  # type: ignore[arg-type]


def drawn(lines: list[Line], language: Language = "nb", **told: object) -> bytes:
    return worklist_pdf(lines, language, SENDER, **{"fields": FIELDS, "today": TODAY, **told})  # type: ignore[arg-type]


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    finally:
        document.close()


def test_numbers_stand_on_paper_only_where_asked() -> None:
    """Masked by default, and the sheet says so; in clear with `reveal`, and the sheet says to shred it."""
    (masked,), (clear,) = pages(drawn([line()])), pages(drawn([line()], reveal=True))

    assert ("Kari Modigmaur" in masked, "12829499914" in masked, "91234567" in masked) == (True, False, False)
    assert "skjult" in masked
    assert "12829499914" in clear
    assert "makuler" in clear


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_what_to_do(language: Language) -> None:
    """Removal of link and person, how late, and no number of anybody: in each of the three languages, every font
    embedded."""
    gone = line(kind="remove", values={}, person_too=True, overdue=True, days_late=3, due_on=date(2026, 10, 9))
    pdf = drawn([gone], language, reveal=True)
    (text,) = pages(pdf)
    said = {
        "nb": ("Fjern", "3 virkedager over fristen", "fjern koblingen og personen"),
        "nn": ("Fjern", "3 verkedagar over fristen", "fjern koplinga og personen"),
        "en": ("Remove", "3 working days late", "remove the link and the person"),
    }

    assert [] == [words for words in said[language] if words not in text]
    assert "L-ABC" in text
    assert "nyere i VIS" not in text
    assert [] == [font for font in fonts(reader(pdf)) if "/FontFile2" not in font["/FontDescriptor"].get_object()]


def test_fields_follow_the_order_of_the_screen() -> None:
    """The settings' order is that of the sheet."""
    (text,) = pages(drawn([line()], fields=("fnr", "email", "mobile", "guardian", "class", "pupil"), reveal=True))
    places = [text.index(one) for one in ("12829499914", "kari@example.com", "+4791234567", "Kari M", "2STA", "Ola M")]

    assert sorted(places) == places


def test_many_lines_take_many_pages_and_none_is_lost() -> None:
    """Every line once, in order; an empty list says that there is nothing to do."""
    lines = [line(id=f"L-{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n]}X") for n in range(20)]
    found = pages(drawn(lines))

    assert len(found) == 3
    assert [one.id for one in lines] == [word for word in " ".join(found).split() if word.startswith("L-")]
    assert "ingenting å gjøre" in pages(drawn([]))[0]


# ----------------------------------------------------------------------------------------------- for one named person


@pytest.fixture(scope="module")
def staff(short: Path) -> Path:
    """A ring with Kari's key, one that has expired, and one that only signs; Kari's own keyring is in `kari`."""
    home, ring = make_home(short / "kari"), short / "ring"
    ring.mkdir()
    gpg = gnupg.GPG(gnupghome=str(home))
    for name, expires in (("kari", "0"), ("old", "1d")):
        made = generate_key(home, f"{name} <{name}@example.org>", expires=expires)
        (ring / f"{name}.asc").write_text(gpg.export_keys(made))
    told = gpg.gen_key_input(key_type="EDDSA", key_curve="ed25519", name_real="signer", no_protection=True)
    (ring / "signer.asc").write_text(gpg.export_keys(gpg.gen_key(told).fingerprint))
    yield ring
    stop_agent(home)


def test_only_that_person_can_open_it(staff: Path) -> None:
    """Found by staff id and by fingerprint; what GnuPG made opens with Kari's own key to the same bytes."""
    key = find_key(staff, "kari")
    sealed, armoured = encrypt(b"%PDF liste", key), encrypt(b"%PDF liste", key, armour=True)
    opened = gnupg.GPG(gnupghome=str(staff.parent / "kari")).decrypt(sealed)

    assert key == find_key(staff, key.fingerprint.lower())
    assert b"%PDF liste" == opened.data
    assert armoured.startswith(b"-----BEGIN PGP MESSAGE")
    assert b"liste" not in sealed


def test_a_key_that_cannot_be_used_is_refused(staff: Path, tmp_path: Path) -> None:
    """Unknown, for signing only, a secret key, two keys in one file, rubbish: said, and nothing is encrypted."""
    with pytest.raises(UsageFault, match="no_staff_key"):
        find_key(staff, "ola")
    with pytest.raises(UsageFault, match="no_staff_keys"):
        find_key(tmp_path / "none", "kari")
    with pytest.raises(NotReady, match="staff_key_unusable"):
        find_key(staff, "signer")
    secret = gnupg.GPG(gnupghome=str(staff.parent / "kari"))
    fingerprint = find_key(staff, "kari").fingerprint
    (tmp_path / "secret.asc").write_text(secret.export_keys(fingerprint, secret=True, expect_passphrase=False))
    (tmp_path / "two.asc").write_text((staff / "kari.asc").read_text() + (staff / "old.asc").read_text())
    (tmp_path / "rubbish.asc").write_text("no key")
    for name in ("secret", "two", "rubbish"):
        with pytest.raises(NotReady, match="staff_key_unclear"):
            find_key(tmp_path, name)


def test_an_expired_key_is_refused(staff: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days on, the key of one day opens no file for anybody."""
    from tasks.provision import encrypted

    assert "old" == find_key(staff, "old").staff
    real = encrypted._gpg
    monkeypatch.setattr(
        encrypted, "_gpg", lambda argv, data=b"": real(["--faked-system-time", "20991231T000000", *argv], data)
    )
    with pytest.raises(NotReady, match="staff_key_unusable"):
        find_key(staff, "old")
