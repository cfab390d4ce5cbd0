"""Addresses that print cannot tell apart go to a person, unless the letters are the guardian's own name."""

import pytest

from tasks.extract.addresses import unclear


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("jan_liel@example.org", "Jan Lie"),
        ("mor1@example.no", "Kari Berg"),
        ("paul.berg@example.no", "Kari Berg"),
        ("bjom.aasen@example.no", "Bjørn Aasen"),
        ("lda@example.no", "Ida Aas"),
        ("m10@example.no", "Kari Berg"),
        ("kari@skolel.example", "Kari Berg"),
        ("karlnordmann@example.no", "Kari Nordmann"),
        ("emil@example.no", ""),
    ],
)
def test_what_may_be_another_address_is_unclear(address: str, name: str) -> None:
    """A 1 that may be an l, letters that are nearly the own name."""
    assert unclear(address, name)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("jan_lie1@example.org", "Jan Lie"),
        ("paul@example.no", "Paul Berg"),
        ("kari.nordmann84@gmail.com", "Kari Nordmann"),
        ("per-erik.odegard@example.no", "Per-Erik Ødegård"),
        ("aase.naess@example.no", "Åse Næss"),
        ("karinordmann@example.no", "Kari Nordmann"),
        ("familien.berg@online.no", "Kari Berg"),
        ("ab@hotmail.com", "Kari Berg"),
    ],
)
def test_the_own_name_is_clear(address: str, name: str) -> None:
    """Whatever stands round it; so are letters without a twin, and domains that many write from."""
    assert not unclear(address, name)
