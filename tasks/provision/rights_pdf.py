"""The report about one person on paper: the form's design, tagged, as many pages as it takes.

Belongs here: where things stand. Does not belong here: what is told (`store.dossier`), the words (`rights_words`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from schemas.boxed import Language
from tasks.provision import rights_words as w
from tasks.provision.form_pdf import LEFT, WIDE
from tasks.provision.sheet import QUIET, Sheets, lines_of

_TOP: Final = 27.0
_FOOT: Final = 280.0
_SIZE: Final = 9.5
_LEADING: Final = 4.7
_INDENT: Final = 42.0


def rights_pdf(told: Mapping[str, Any], language: Language, school: str, day: date) -> bytes:
    """The report `told` (`Dossier.as_json`) as PDF. Nothing about the person stands in the file's properties."""
    return _Report(language, school).draw(told, day)


def as_lines(told: Mapping[str, Any], language: Language, day: date) -> list[tuple[str, str]]:
    """The same as (kind, text), kind H1, H2 or P: what the page and the screen both show."""
    proof = w.word("proof", told["proven_by"], language)
    lines = [("H1", w.said(w.TITLE, language)), ("P", w.said(w.INTRO, language))]
    lines.append(("P", w.said(w.MADE, language).format(day=day.isoformat(), by=told["made_by"], proof=proof)))
    for one in told["held"]:
        lines.append(("H2", w.word("what", one["what"], language)))
        lines += [("P", f"{name}\t{value}") for name, value in _rows(one, language)]
    if told["unsure"]:
        lines.append(("P", w.said(w.UNSURE, language).format(count=told["unsure"])))
    for heading, looks in ((w.LOOKED, told["looked"]), (w.LISTS, told["lists"])):
        if looks:
            lines.append(("H2", w.said(heading, language)))
            lines += [
                ("P", f"{one['at'][:16].replace('T', ' ')}\t{one['by']}: {w.word('action', one['action'], language)}")
                for one in looks
            ]
    lines.append(("P", w.said(w.RIGHTS, language)))
    return lines


def _rows(one: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    rows = [(w.word("field", name, language), value) for name, value in one["values"].items()]
    source = one["source"]
    came = " ".join(filter(None, (w.word("channel", source["channel"], language), source.get("at", ""))))
    rows.append((w.said(w.SOURCE, language), came))
    rows.append((w.said(w.PURPOSE, language), w.word("purpose", one["purpose"], language)))
    rows.append((w.said(w.BASIS, language), w.word("basis", one["basis"], language)))
    until = w.word("until", one["until_why"], language) if one["until_why"] else ""
    rows.append((w.said(w.UNTIL, language), ", ".join(filter(None, (one["until"], until)))))
    if one["withheld"]:
        fields = ", ".join(w.word("field", name, language) for name in one["withheld"])
        rows.append(("", w.said(w.WITHHELD, language).format(fields=fields)))
    if one["details"]:
        rows.append((w.said(w.DETAILS, language), ", ".join(f"{k}: {v}" for k, v in one["details"].items())))
    rows.append((w.said(w.NUMBER, language), source.get("submission") or one["id"]))
    return rows


class _Report:
    """The sheets while they are drawn."""

    def __init__(self, language: Language, school: str) -> None:
        self._language, self._school = language, school
        self._sheets = Sheets(w.said(w.TITLE, language), language)
        self._y = _TOP

    def draw(self, told: Mapping[str, Any], day: date) -> bytes:
        """All of it."""
        self._head()
        for kind, text in as_lines(told, self._language, day):
            if kind == "H1":
                self._y = self._sheets.paragraph(LEFT, self._y, text, WIDE, 13, 6, weight="Semibold", kind="H1") + 1
            elif kind == "H2":
                self._room(5 * _LEADING)
                self._y += 3
                self._y = self._sheets.paragraph(LEFT, self._y, text, WIDE, 10.5, 5.2, weight="Semibold", kind="H2")
            elif "\t" in text:
                self._row(*text.split("\t", 1))
            else:
                self._room(len(lines_of(text, _SIZE, WIDE)) * _LEADING)
                self._y = self._sheets.paragraph(LEFT, self._y, text, WIDE, _SIZE, _LEADING) + 1.5
        return self._sheets.finished()

    def _row(self, name: str, value: str) -> None:
        lines = lines_of(" ".join(value.split()), _SIZE, WIDE - _INDENT) or [""]
        for at, line in enumerate(lines):
            self._room(_LEADING)
            with self._sheets.tag("P"), self._sheets.content():
                if name and at == 0:
                    self._sheets.line(LEFT, self._y, name, 8.5, grey=QUIET)
                self._sheets.line(LEFT + _INDENT, self._y, line, _SIZE)
            self._y += _LEADING

    def _room(self, height: float) -> None:
        if self._y + height > _FOOT:
            self._sheets.next_page()
            self._head()
            self._y = _TOP

    def _head(self) -> None:
        with self._sheets.artefact():
            self._sheets.line(LEFT, 17.0, self._school, 8.5, grey=QUIET)
