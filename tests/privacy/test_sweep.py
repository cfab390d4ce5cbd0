"""The sweep finds what it is there to find: a search that cannot find anything would prove nothing."""

import base64
import json
import pickle
import quopri
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from support_sweep import Sweep, identity_numbers

VALUES = ("Åsmundkvæø", "Tirilzwåg Ørneflækk", "12829499914", "91234567", "tirilzwåg@hvalrøss.example")
NOISE = random.Random(5).randbytes(200_000)

WAYS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "latin-1": lambda v: v.encode("latin-1"),
    "upper": lambda v: v.upper().encode(),
    "lower": lambda v: v.lower().encode(),
    "reversed": lambda v: v[::-1].encode(),
    "utf-16 with mark": lambda v: v.encode("utf-16"),
    "utf-16-be": lambda v: v.encode("utf-16-be"),
    "base64": lambda v: base64.b64encode(v.encode()),
    "base64 after one": lambda v: base64.b64encode(b"x" + v.encode()),
    "base64 after two": lambda v: base64.b64encode(b"xx" + v.encode() + b"yy"),
    "base64 in lines": lambda v: base64.encodebytes(b"x" * 50 + v.encode() + b"y" * 50),
    "base64url": lambda v: base64.urlsafe_b64encode(v.encode()),
    "base64 of a pickle": lambda v: base64.b64encode(pickle.dumps({"told": ValueError(v)})),
    "percent": lambda v: quote(v).encode(),
    "form": lambda v: quote_plus(v).encode(),
    "quoted-printable": lambda v: quopri.encodestring(v.encode()),
    "quoted-printable in lines": lambda v: quopri.encodestring(b"x" * 60 + v.encode() + b"y" * 60),
    "json": lambda v: json.dumps(v).encode(),
    "json in json": lambda v: json.dumps(json.dumps({"v": v})).encode(),
    "repr of bytes": lambda v: repr(v.encode()).encode(),
    "hex": lambda v: v.encode().hex().encode(),
    "pickle": pickle.dumps,
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("way", WAYS)
def test_a_planted_value_is_found(way: str, value: str) -> None:
    """Every planted value is found in every form, in the midst of noise."""
    data = NOISE[:1000] + b"~" + WAYS[way](value) + b"~" + NOISE[1000:2000]

    assert {VALUES.index(value)} <= {found.number for found in Sweep(VALUES).data(data, "here")}


def test_nothing_is_found_where_nothing_is() -> None:
    """Noise, other people's values, and a moment that happens to hold the digits of a mobile give no alarm."""
    others = b"Kari Nordmann 12829499915 kari@example.org 1791234567891 2026-11-23T09:12:34.567912"

    assert set() == Sweep(VALUES).data(NOISE + others, "here")


def test_numbers_are_found_as_numbers() -> None:
    """An identity number kept as an integer, or spaced, or a mobile with its country code, is found."""
    number, mobile = 12829499914, b"+4791234567"

    assert {2} == {found.number for found in Sweep(VALUES).data(b"\0" + number.to_bytes(6, "big") + b"\0", "")}
    assert {2} == {found.number for found in Sweep(VALUES).data(b"\0" + number.to_bytes(8, "little"), "")}
    assert {2} == {found.number for found in Sweep(VALUES).data(b"nr 128294 99914.", "")}
    assert {3} == {found.number for found in Sweep(VALUES).data(mobile, "")}
    assert {3} == {found.number for found in Sweep(VALUES).data(b"tlf 91 23 45 67.", "")}


def test_every_file_and_name_is_looked_at(tmp_path: Path) -> None:
    """Files at any depth are read, their names too, and only what was left out is left out."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "left").mkdir()
    (tmp_path / "a" / "b" / "log").write_bytes(NOISE + VALUES[0].encode())
    (tmp_path / "left" / "log").write_text(VALUES[1])
    (tmp_path / f"{VALUES[3]}.txt").touch()
    found, size = Sweep(VALUES).folders(tmp_path, but=[tmp_path / "left"])

    assert {0, 3} == {one.number for one in found}
    assert len(NOISE) < size


def test_packed_data_would_hide_a_value() -> None:
    """The sweep does not see into compressed data: whoever starts to compress what is stored must teach it to."""
    assert set() == Sweep(VALUES).data(zlib.compress(b"".join(value.encode() for value in VALUES)), "")


def test_any_identity_number_is_found_by_its_check_digits() -> None:
    """Eleven digits with right check digits are found, with one wrong they are not, nor inside a longer run."""
    data = b'{"a": "12829499914", "b": 12829499915, "c": 112829499914, "d": "x12829499914"}'

    assert {b"12829499914"} == identity_numbers(data)
