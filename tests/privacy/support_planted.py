"""A town in which some people bear names, addresses and numbers that nothing else in the world holds.

Belongs here: planting them in every place that a sender can write in. Does not belong here: looking for them
(`support_sweep`), running (`test_leaks`).
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import formataddr
from pathlib import Path

from support_world import TODAY, Inbox

from fixtures import mail, pages
from fixtures.casebook import OSLO, Casebook
from fixtures.cases import misspelt, wrong_check_digit
from fixtures.digipost import Letter
from fixtures.filled import FilledForm, as_lines
from fixtures.people import Person, Pupil
from fixtures.school import School
from tasks.decrypt.keyring import secret_keys

FAMILIES = 7
GIVEN = ("Qvinnelyn", "Zophrøda", "Wexelbård")
SURNAMES = ("Ångstrømqvæ", "Bjørkezwåg", "Czardåsgren", "Dræggewik", "Erlqvåsbø", "Fjøsezwill", "Gæsteqvam", "Hvælvzåk")


def planted(school: School) -> School:
    """The same school, with other names and addresses for the first ordinary families and for a pupil who turns 18
    tomorrow."""
    chosen = [*school.roles["ordinary"][:FAMILIES], school.roles["turns_18_tomorrow"][0]]
    pupils = list(school.pupils)
    for at, surname in zip(chosen, SURNAMES, strict=True):
        pupil = pupils[at]
        people = [_named(who, given, surname) for who, given in zip((pupil.person, *pupil.adults), GIVEN, strict=True)]
        listed = tuple(replace(one, person=who) for one, who in zip(pupil.guardians, people[1:], strict=True))
        pupils[at] = replace(pupil, person=people[0], guardians=listed)
    return replace(school, pupils=tuple(pupils))


def _named(who: Person, given: str, surname: str) -> Person:
    """Given name and surname tell a family's members apart; the address of each is found by either."""
    return replace(
        who,
        name=f"{given} {surname}",
        email=who.email and f"{given.lower()[:5]}.{who.mobile[:4]}@{_ascii(surname)}.example",
        address=who.address and f"{surname}veien 7, 0001 Hvalrosshamn",
    )


def _ascii(surname: str) -> str:
    return "".join(c if c.isascii() else "x" for c in surname.lower())


def people(school: School) -> list[Pupil]:
    """The planted pupils, family by family; the last turns 18 tomorrow."""
    return [*school.group("ordinary")[:FAMILIES], school.pupil("turns_18_tomorrow")]


def values(school: School) -> list[str]:
    """Every planted value: names as words, numbers, mobiles, e-mails, addresses, and the words said about them."""
    found: list[str] = [*GIVEN, WORD]
    for pupil in people(school):
        found += [pupil.name.split()[-1], pupil.person.number]
        for adult in pupil.adults:
            found += [adult.number, adult.mobile, adult.email]
    return [value for value in dict.fromkeys(found) if value]


WORD = "Hvalrosshamn"
"""Stands in subjects, file names, ordinary letters and addresses."""


@dataclass(frozen=True)
class Planter:
    """Lays deliveries that hold planted people into the sources of a home."""

    school: School
    home: Path
    inbox: Inbox

    def sow(self) -> None:
        """Ten deliveries: read and loaded, with a wrong number, about an unknown pupil, unencrypted, by S/MIME, by
        Digipost and by post, no form, damaged."""
        book, (first, second, third, fourth, fifth, sixth, _, turning) = Casebook(self.school), people(self.school)
        keys = {"home": self.home / "gnupg", "recipients": [secret_keys(self.home / "gnupg")[0].fingerprint]}
        when = self._hours()
        both = book.both(first)
        pdf = mail.Attachment(self._told(first, ".pdf"), pages.typed_pdf(both))
        head = self._head(first, next(when))
        self._mail(mail.pgp_mime(f"{WORD} {first.name}", head, [pdf], hide_subject=True, **keys), head)
        wrong = book.one(second, fnr=wrong_check_digit(second.adults[0].number))
        head = self._head(second, next(when))
        self._mail(mail.pgp_inline(wrong, head, around=self._told(second), **keys), head)
        head = self._head(third, next(when))
        self._mail(mail.pgp_mime(book.one(third, pupil=misspelt(third.name)), head, **keys), head)
        head = self._head(fourth, next(when))
        self._mail(mail.plain(book.both(fourth), head, html=f"<p>{as_lines(book.both(fourth))}</p>"), head)
        head = self._head(sixth, next(when))
        self._mail(mail.plain(f"Hei, jeg heter {sixth.adults[0].name} og spør om {WORD}.", head), head)
        head = self._head(sixth, next(when))
        self._mail(mail.broken_armour(book.both(sixth), head, **keys), head)
        school = mail.certificate(self.home / "gnupg" / "smime" / "2026.pem", "Skolen")
        head = self._head(sixth, next(when))
        with tempfile.TemporaryDirectory() as own:  # the guardian's, who bears a planted name in the certificate too
            signer = mail.certificate(Path(own) / "signer.pem", sixth.adults[0].name)
            self._mail(mail.smime(book.both(sixth), head, recipient=school, signer=signer), head)
        letter = pages.typed_pdf(book.both(fifth)), self._told(fifth), f"{fifth.adults[0].name} {WORD}"
        ordinary = f"Hei, jeg heter {self._told(sixth)} og spør om {WORD}.".encode(), *letter[1:], "text/plain"
        self.inbox.standin.add(Letter(*letter, delivered_at=next(when)), Letter(*ordinary, delivered_at=next(when)))
        self._scan(turning, ".pdf", as_lines(book.both(turning)).encode(), next(when))

    def sow_scan(self) -> None:
        """One more, which takes OCR."""
        pupil = people(self.school)[-2]
        form: FilledForm = Casebook(self.school).both(pupil)
        self._scan(pupil, ".png", pages.scanned(form, seed=3, fmt="png"), next(self._hours()))

    def _hours(self) -> Iterator[datetime]:
        start = datetime(TODAY.year, TODAY.month, TODAY.day, 8, tzinfo=OSLO) - timedelta(days=2)
        return (start + timedelta(hours=number) for number in range(20))

    def _told(self, pupil: Pupil, suffix: str = "") -> str:
        who = pupil.adults[0]
        return f"{who.name} {who.number} {who.mobile} {pupil.name} {WORD}{suffix}"

    def _head(self, pupil: Pupil, when: datetime) -> mail.Letterhead:
        who = pupil.adults[0]
        return mail.Letterhead(formataddr((who.name, who.email)), "post@skolen.example", self._told(pupil), when)

    def _mail(self, raw: bytes, head: mail.Letterhead) -> None:
        mail.deliver(self.home / "mail", raw, head.date)

    def _scan(self, pupil: Pupil, suffix: str, content: bytes, when: datetime) -> None:
        path = self.home / "scans" / self._told(pupil, suffix)
        path.write_bytes(content)
        os.utime(path, (when.timestamp(), when.timestamp()))
