"""Mobile numbers and e-mail addresses: one spelling for what can be used, a code for the rest."""

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from schemas.contact import check_email, check_mobile, propose_email, same_email, same_mobile
from schemas.reasons import CATALOGUE


@pytest.mark.parametrize(
    "written",
    [
        "91234567",
        "912 34 567",
        "91 23 45 67",
        "912.34.567",
        "912-34-567",
        "912–34–567",
        "+47 912 34 567",
        "+4791234567",
        "+ 47 912 34 567",
        "(+47) 912 34 567",
        "0047 91234567",
        "4791234567",
        "912 34 567 (mor)",
        "912 34 567 (mor, helst etter kl 16)",
        "mor: 912 34 567",
        "Tlf. 91234567",
        "912 34 567 / 91234567",
        "912 34 567 eller 22 12 34 56",
        "９１２３４５６７",
        "912\u00a034\u00a0567\u200b",
    ],
)
def test_a_norwegian_mobile_is_read_however_it_is_written(written: str) -> None:
    """Prefixes, separators, notes and a landline beside it stand in nobody's way."""
    assert ("+4791234567", None) == check_mobile(written)


@pytest.mark.parametrize(
    ("e164", "written"),
    [
        ("+46701234567", "+46 70 123 45 67"),
        ("+48601234567", "0048 601 234 567"),
        ("+37060012345", "+370 600 12345"),
        ("+252612345678", "+252 61 2345678"),
        ("+447911123456", "+44 (0)7911 123456"),
        ("+12025550123", "+1 202 555 0123"),
    ],
)
def test_foreign_mobiles_are_kept(e164: str, written: str) -> None:
    """Many guardians have a number from elsewhere."""
    assert (e164, None) == check_mobile(written)


@pytest.mark.parametrize("written", ["42111109", "+47 421 11 109"])
def test_an_unallocated_mobile_is_kept_and_warned_of(written: str) -> None:
    """Right in form but in no range handed out yet: a warning, no rejection."""
    assert ("+4742111109", "mobile_invalid") == check_mobile(written)


@pytest.mark.parametrize("written", ["22 12 34 56", "+47 21 00 00 00", "815 00 000", "+44 20 7946 0958"])
def test_what_takes_no_sms_is_dropped(written: str) -> None:
    """A landline or service number is no way to log in."""
    assert (None, "mobile_no_sms") == check_mobile(written)


@pytest.mark.parametrize(
    "written",
    [
        *["ring meg", "12345678", "9123456", "580012345678", "41819077302", "912 34 567 / 987 65 432", "4" * 500],
        *["112", "9I234567", "0912 34 567 89"],
    ],
)
def test_what_is_no_mobile_is_dropped(written: str) -> None:
    """Too short, too long, machine numbers, an identity number, or two to choose from."""
    assert (None, "mobile_invalid") == check_mobile(written)


@pytest.mark.parametrize("written", [None, "", "  ", "-", "–", "."])
def test_an_empty_contact_field_is_no_fault(written: str | None) -> None:
    """Both fields are optional, and a dash is how people leave them empty."""
    assert (None, None) == check_mobile(written) == check_email(written)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("kari@skole.no", " kari@skole.no\n"),
        ("Kari.Nordmann@skole.no", "Kari.Nordmann@SKOLE.NO"),
        ("kari@skole.no", "mailto:kari@skole.no"),
        ("kari@skole.no", "<kari@skole.no>."),
        ("øystein@bø.no", "øystein@bø.no"),
        ("øystein@bø.no", "øystein@xn--b-5ga.no"),
        ("kari@gmail.com", "kari@gmail.com"),
        ("kari@ymail.com", "kari@ymail.com"),  # one letter from gmail.com, and real
        ("kari@skolen.example", "kari@skolen.example"),
    ],
)
def test_an_address_is_trimmed_and_its_domain_unified(address: str, written: str) -> None:
    """The part before the @ stays as it is written."""
    assert (address, None) == check_email(written)


@pytest.mark.parametrize(
    "written", ["kari", "kari@", "@skole.no", "kari@skole", "k ari@skole.no", "a@b.no, c@d.no", "x" * 999]
)
def test_what_is_no_address_is_dropped(written: str) -> None:
    """What cannot be written to is no address."""
    assert (None, "email_invalid") == check_email(written)


@pytest.mark.parametrize(
    ("meant", "written"),
    [
        ("kari@gmail.com", "kari@gmail.con"),
        ("kari@gmail.com", "kari@gmial.com"),
        ("kari@gmail.com", "kari@gmail.co"),
        ("kari@hotmail.com", "kari@hotmial.com"),
        ("kari@outlook.com", "kari@outlok.com"),
        ("kari@firma.com", "kari@firma.con"),
        ("kari@firma.no", "kari@firma.nno"),
    ],
)
def test_an_obvious_slip_is_warned_of_and_never_changed(meant: str, written: str) -> None:
    """The address is kept as written; what was meant is a proposal for a person's eyes."""
    assert (written, "email_looks_mistyped") == check_email(written)
    assert meant == propose_email(written)


@pytest.mark.parametrize("written", ["kari@gmailcom", "kari@gmail,com", "kari@hotmailcom"])
def test_a_missing_dot_is_told_as_a_slip(written: str) -> None:
    """Without its dot it cannot be used; the code says what to look at."""
    assert (None, "email_looks_mistyped") == check_email(written)
    assert propose_email(written)


def test_mobiles_are_the_same_by_e164() -> None:
    """Spelling makes no difference; two empty or bad ones are no evidence."""
    assert same_mobile("912 34 567 (mor)", "+4791234567")
    assert not same_mobile("912 34 567", "912 34 568")
    assert not same_mobile("", None)
    assert not same_mobile("22 12 34 56", "22 12 34 56")


def test_addresses_are_the_same_whatever_the_case() -> None:
    """Case makes no difference; two empty or bad ones are no evidence."""
    assert same_email("Kari@Skole.no", "kari@SKOLE.NO ")
    assert same_email("øystein@bø.no", "Øystein@xn--b-5ga.no")
    assert not same_email("kari@skole.no", "kari@skole.com")
    assert not same_email("", "")
    assert not same_email("kari", "kari")


@given(st.none() | st.text(max_size=60) | st.text(alphabet="+0123456789 ()-./mor", max_size=30))
def test_no_text_breaks_the_mobile(written: str | None) -> None:
    """Any text gets a verdict; what is kept reads as itself."""
    e164, code = check_mobile(written)

    assert code is None or code in CATALOGUE
    assert e164 is None or (e164, code) == check_mobile(e164)


@given(st.none() | st.text(max_size=60) | st.from_regex(r"\A[a-zæøå.]{0,9}@[a-zæøå.,]{0,12}\Z") | st.emails())
def test_no_text_breaks_the_address(written: str | None) -> None:
    """Any text gets a verdict; what is kept reads as itself."""
    address, code = check_email(written)

    assert code is None or code in CATALOGUE
    assert address is None or (address, code) == check_email(address)
    assert (propose_email(written) is not None) == (code == "email_looks_mistyped")


# ------------------------------------------------------------------------------------ common ones, without a parser


def test_norwegian_mobiles_are_those_of_the_library() -> None:
    """Every range of four digits is judged as phonenumbers judges it, whether or not its parser was asked."""
    for prefix in [*range(4000, 5000), *range(9000, 10_000)]:
        digits = f"{prefix}{prefix % 89 + 10}{prefix % 67 + 20}"
        number = phonenumbers.parse(digits, "NO")

        expected = None if phonenumbers.is_valid_number(number) else "mobile_invalid"
        assert (f"+47{digits}", expected) == check_mobile(digits) == check_mobile(f"0047 {digits[:3]} {digits[3:]}")


@given(
    st.from_regex(r"[A-Za-z0-9._+\-]{1,70}", fullmatch=True),
    st.sampled_from(["gmail.com", "Hotmail.NO", "online.no", "example.com"]),
)
def test_common_addresses_are_those_of_the_library(local: str, domain: str) -> None:
    """An address at a well-known domain is taken where email-validator takes it, and in its spelling."""
    try:
        expected = validate_email(f"{local}@{domain}", check_deliverability=False).normalized
    except EmailNotValidError:
        expected = None

    assert expected == check_email(f"{local}@{domain}")[0]
