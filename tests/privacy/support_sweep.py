"""Finding a planted value in whatever bytes it may have got into, and in whatever form.

Belongs here: the forms and the search. Does not belong here: who is planted, and where one must not be found.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np

SHORTEST = 5
"""Needles are told apart by their first bytes; a shorter one would be found everywhere."""


@dataclass(frozen=True, order=True)
class Found:
    """A planted value where it must not be. The value itself is not shown: a test's report is kept."""

    where: str
    kind: str
    number: int


def forms(value: str) -> dict[str, bytes]:
    """Kind -> `value` as it may have been written: plain and cased, in other encodings, reversed, escaped, packed."""
    made: dict[str, bytes] = {}
    for case, text in (("", value), ("lower ", value.lower()), ("upper ", value.upper()), ("reversed ", value[::-1])):
        raw = text.encode()
        made |= {f"{case}plain": raw, f"{case}latin-1": text.encode("latin-1", "replace")}
        made |= {f"{case}utf-16": text.encode("utf-16-le"), f"{case}utf-16-be": text.encode("utf-16-be")}
        made |= {f"{case}decomposed": unicodedata.normalize("NFD", text).encode()}
        made |= {f"{case}base64 at {at}": part for at, part in enumerate(_base64(raw))}
        made |= {f"{case}base64url at {at}": part.translate(_URL) for at, part in enumerate(_base64(raw))}
        made |= {f"{case}percent": quote(text, safe="").encode(), f"{case}form": quote_plus(text).encode()}
        made |= {f"{case}percent lower": re.sub("%..", lambda m: m[0].lower(), quote(text, safe="")).encode()}
        escaped = text.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00")
        made |= {f"{case}json": escaped, f"{case}json in json": escaped.replace(b"\\", b"\\\\")}
        made |= {f"{case}bytes": repr(raw)[2:-1].encode(), f"{case}markup": text.encode("ascii", "xmlcharrefreplace")}
        made |= {f"{case}quoted-printable": b"".join(b"=%02X" % c if c > 126 or c == 61 else bytes([c]) for c in raw)}
        made |= {f"{case}quoted-printable _": made[f"{case}quoted-printable"].replace(b" ", b"_")}
        made |= {f"{case}hex": raw.hex().encode(), f"{case}HEX": raw.hex().upper().encode()}
    if value.isdigit():
        made |= {"spaced": b" ".join([value[:6].encode(), value[6:].encode()]) if len(value) > 8 else _pairs(value)}
        made |= {"integer": int(value).to_bytes(6, "big"), "int64": int(value).to_bytes(8, "little")}
    return {kind: needle for kind, needle in made.items() if len(needle) >= SHORTEST}


_URL = bytes.maketrans(b"+/", b"-_")


def _pairs(value: str) -> bytes:
    return b" ".join(value[at : at + 2].encode() for at in range(0, len(value), 2))


def _base64(raw: bytes) -> Iterator[bytes]:
    """The part that is the same whatever stands before and after, for each of the three alignments."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        yield whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


class Sweep:
    """A search for many values at once."""

    def __init__(self, values: Iterable[str]) -> None:
        self._needles: dict[bytes, tuple[str, int, str]] = {}
        for number, value in enumerate(values):
            for kind, needle in forms(value).items():
                self._needles.setdefault(needle, (kind, number, value))
        self._by_start: dict[bytes, list[bytes]] = {}
        for needle in self._needles:
            self._by_start.setdefault(needle[:4], []).append(needle)
        self._first, self._second = np.zeros(65536, bool), np.zeros(65536, bool)
        for start in self._by_start:
            self._first[int.from_bytes(start[:2], "big")] = True
            self._second[int.from_bytes(start[2:], "big")] = True

    def data(self, data: bytes, where: str) -> set[Found]:
        """What is found in `data`, line breaks in it or not."""
        found = self._once(data, where)
        if b"\n" in data:
            found |= self._once(re.sub(rb"=?\r?\n", b"", data), where)
        return found

    def folders(self, *folders: Path, but: Iterable[Path] = ()) -> tuple[set[Found], int]:
        """What is found in every file below these folders and in the files' names, except below `but`; and how many
        bytes were looked at."""
        left_out, found, size = set(but), set(), 0
        for folder in folders:
            assert folder.is_dir(), folder
            for path in [folder, *folder.rglob("*")]:
                if any(one in left_out for one in (path, *path.parents)):
                    continue
                found |= self.data(bytes(path.relative_to(folder)), f"the name of a file in {folder.name}")
                if path.is_file() and not path.is_symlink():
                    data = path.read_bytes()
                    size += len(data)
                    found |= self.data(data, str(path.relative_to(folder.parent)))
        return found, size

    def _once(self, data: bytes, where: str) -> set[Found]:
        if len(data) < SHORTEST:
            return set()
        raw = np.frombuffer(data, np.uint8).astype(np.uint16)
        pairs = raw[:-1] << 8 | raw[1:]
        found = set()
        for at in np.flatnonzero(self._first[pairs[:-2]] & self._second[pairs[2:]]).tolist():
            for needle in self._by_start.get(data[at : at + 4], ()):
                if data.startswith(needle, at) and not _part_of_a_longer_number(data, at, needle):
                    kind, number, _ = self._needles[needle]
                    found.add(Found(where, kind, number))
        return found


def _part_of_a_longer_number(data: bytes, at: int, needle: bytes) -> bool:
    """A moment in microseconds holds any eight digits sooner or later. A number with a country code is still found."""
    if not needle.isdigit():
        return False
    before = re.search(rb"\d*\Z", data[max(0, at - 20) : at])
    after = re.match(rb"\d*", data[at + len(needle) : at + len(needle) + 20])
    assert before and after
    return bool(after[0]) or (bool(before[0]) and not re.fullmatch(rb"(00)?47", before[0]))


def identity_numbers(data: bytes) -> set[bytes]:
    """Runs of exactly eleven digits whose check digits hold, whoever's they are."""
    found = set()
    for run in re.findall(rb"(?<![0-9A-Za-z])\d{11}(?![0-9A-Za-z])", data):
        digits = [c - 48 for c in run]
        first = sum(w * d for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), digits, strict=False)) % 11
        second = sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), digits, strict=True)) % 11
        if first == second == 0:
            found.add(run)
    return found
