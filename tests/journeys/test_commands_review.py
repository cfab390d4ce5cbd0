"""What a steward types to look at submissions, to decide them, and to look into a file.

Belongs here: `submissions`, `show`, `review`, `inspect`. Does not belong here: what the rules make of a form
(`test_whole_journey`).
"""

import json
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from support_office import FIELD_KEYS, NUMBER, SENT, Office, names, refused
from support_world import picture

from fixtures import mail, pages
from fixtures.filled import FilledForm, as_lines
from schemas.documents import FIELDS
from schemas.ids import is_id
from tasks.decrypt.keyring import generate_key, make_home, stop_agent

# ----------------------------------------------------------------------------------------------------- looking at them


def test_submissions_lists_without_values(office: Office) -> None:
    """Every submission with its entries, outcomes and reasons; no name, number or address of anybody."""
    ran = office("submissions", "--json").fine()
    keys = {"id", "channel", "received_at", "state", "outcome", "reasons", "entries"}

    assert len(SENT) == len(ran.json)
    assert all(keys <= set(one) and is_id(one["id"], "S") for one in ran.json)
    assert {"id", "slot", "ord", "outcome", "reasons"} <= set(ran.json[0]["entries"][0])
    assert [] == NUMBER.findall(ran.out)
    assert not [word for word in names(office) if word in ran.out]


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--outcome", "unreadable", {"wrong_key"}),
        ("--reason", "number_unproven", {"listed_by_name_only", "impostor"}),
        ("--channel", "post", {"scan_without_grid"}),
    ],
)
def test_submissions_can_be_narrowed(option: str, value: str, expected: set[str], office: Office) -> None:
    """By outcome, reason code and channel."""
    assert {office.of(case).id for case in expected} == {one["id"] for one in office.json("submissions", option, value)}


def test_without_json_lists_are_plain_text(office: Office) -> None:
    """Where no terminal is, a list is one line a row, separated by tabs, under its headings."""
    lines = office("submissions").fine().out.splitlines()

    assert ["submission", "channel", "received"] == lines[0].split("\t")[:3]
    assert {7} == {len(line.split("\t")) for line in lines}


def test_show_masks_until_asked(office: Office) -> None:
    """`show` gives every field masked; `--reveal` gives the values, and the audit remembers who looked and why."""
    case = office.cases["listed_by_name_only"]
    ident, written = office.of("listed_by_name_only").id, case.forms[0].first
    masked = office.json("show", ident)["entries"][0]["fields"]
    before = office.audit(ident)
    revealed = office.json("show", ident, "--reveal", "--by", "kari", "--why", "correct")["entries"][0]["fields"]

    assert "***********" == masked["fnr"]["value"]
    assert (written.fnr, written.name) == (revealed["fnr"]["value"], revealed["name"]["value"])
    assert {FIELD_KEYS} == {frozenset(told) for told in revealed.values()}
    assert [("kari", "revealed")] == office.audit(ident)[len(before) :]


def test_what_was_said_in_words_is_shown_to_whoever_may_see_it(office: Office) -> None:
    """A refusal in a mail has no fields to show: `show --reveal` gives the words of whatever came, also encrypted, and
    `show` alone does not. What was refused stays shut."""
    ident = office.of("misspelt_pupil").id
    column = office.cases["misspelt_pupil"].forms[0].first

    assert "texts" not in office.json("show", ident)
    said = office.json("show", ident, "--reveal", "--by", "kari", "--why", "answer")["texts"]
    assert any(column.name in text for text in said)
    assert column.name in office("show", ident, "--reveal", "--by", "kari", "--why", "answer").fine().out
    shut = office("show", office.of("plain_mail_refusal").id, "--reveal", "--by", "kari", "--why", "answer", "--json")
    refused(shut, 4, "by_school")


def test_nobody_looks_unnamed(office: Office) -> None:
    """Without a staff id nothing is revealed, also where nobody can be asked; nothing goes into the audit."""
    ident = office.of("listed_by_name_only").id
    before = office.audit(ident)
    ran = office("show", ident, "--reveal", "--json")

    refused(ran, 1, "stopped")
    assert [] == NUMBER.findall(ran.out + ran.err)
    refused(office("show", ident, "--reveal", "--by", "Kari Nordmann", "--why", "audit", "--json"), 2, "staff_id")
    assert before == office.audit(ident)


def test_show_knows_what_it_does_not_know(office: Office) -> None:
    """An id that is none is wrong use, and what was typed is not repeated."""
    ran = office("show", "12829499914", "--json")

    refused(ran, 2, "no_such_submission")
    assert "12829499914" not in ran.out + ran.err


# ---------------------------------------------------------------------------------------------------------- a decision


def entry(told: dict[str, Any], slot: int = 1) -> dict[str, Any]:
    """That slot of a submission's document."""
    found: dict[str, Any] = next(one for one in told["entries"] if one["slot"] == slot)
    return found


def test_review_lists_what_is_open(office: Office) -> None:
    """Every open entry with its reasons; values masked."""
    ran = office("review", "list", "--json").fine()

    assert {"needs_review", "rejected"} == {one["outcome"] for one in ran.json}
    assert {"submission", "slot", "ord", "outcome", "reasons", "due"} <= set(ran.json[0])
    assert [] == NUMBER.findall(office("review", "list").fine().out)


def test_a_correction_is_read_from_standard_input(office: Office) -> None:
    """A field and its value on a line; the entry goes the same road at once, and the value is not repeated."""
    case = office.cases["bad_check_digit"]
    (right,) = [p.adults[0].number for p in office.school.pupils if p.name == case.forms[0].first.pupil]
    ident = office.of("bad_check_digit").id
    ran = office("review", "correct", ident, "--slot", "1", "--by", "kari", "--json", stdin=f"fnr {right}\n").fine()

    assert "loaded" == entry(ran.json)["outcome"]
    assert right not in ran.out + ran.err
    assert ("kari", "review") in office.audit(ident)


def test_a_wrong_correction_is_still_wrong(office: Office) -> None:
    """A correction is judged like anything that was read; the other slot, loaded already, stays as it is."""
    ident = office.of("bad_check_digit_second_only").id
    ran = office("review", "correct", ident, "--slot", "2", "--by", "kari", "--json", stdin="fnr 12829499915\n").fine()

    assert ("loaded", "rejected") == (entry(ran.json)["outcome"], entry(ran.json, 2)["outcome"])
    assert ["fnr_checksum"] == entry(ran.json, 2)["reasons"]


def test_a_page_that_nobody_could_read_is_typed_in(office: Office) -> None:
    """Where no field was found at all, a steward types the column in and confirms it."""
    ident, written = office.of("scan_without_grid").id, office.cases["scan_without_grid"].forms[0].first
    typed = f"pupil {written.pupil}\nfnr: {written.fnr}\nname={written.name}\n"
    told = office.json("review", "correct", ident, "--slot", "1", "--by", "kari", "--confirm", stdin=typed)

    assert ("loaded", "kari") == (entry(told)["outcome"], entry(told)["decided_by"])


def test_a_confirmation_loads_and_names_who_confirmed(office: Office) -> None:
    """What only a person could prove is loaded on that person's word."""
    ident = office.of("listed_by_name_only").id
    told = office.json("review", "confirm", ident, "--slot", "1", "--by", "kari", "--reason", "called")

    assert ("loaded", "kari") == (entry(told)["outcome"], entry(told)["decided_by"])
    again = office("review", "confirm", ident, "--slot", "1", "--by", "kari", "--json")
    refused(again, 2, "already_decided")


def test_a_rejection_takes_a_code_of_the_catalogue(office: Office) -> None:
    """Rejected for a reason that the catalogue knows; any other word is wrong use."""
    told = ("review", "reject", office.of("guardian_not_on_the_list").id, "--slot", "1", "--by", "kari", "--json")

    refused(office(*told, "--reason", "because"), 2, "bad_reason")
    found = entry(office(*told, "--reason", "guardian_not_on_roster").fine().json)
    assert ("rejected", "kari") == (found["outcome"], found["decided_by"])


def test_a_refusal_that_a_steward_knows_of_counts(office: Office) -> None:
    """The number on the form is not kept, and the pair is on the analogue register."""
    ident, name = office.of("impostor").id, office.cases["impostor"].forms[0].first.name
    told = office.json("review", "refuse", ident, "--slot", "1", "--by", "kari")

    assert "refused" == entry(told)["outcome"]
    assert name in [one["guardian"] for one in office.json("analogue", "list")]


@pytest.mark.parametrize(
    ("argv", "stdin", "code"),
    [
        (("confirm", "S-" + "A" * 26, "--slot", "1", "--by", "kari"), "", "no_such_submission"),
        (("confirm", "ID", "--slot", "3", "--by", "kari"), "", "usage"),
        (("confirm", "ID", "--slot", "1"), "", "usage"),
        (("confirm", "ID", "--slot", "1", "--by", "12829499914"), "", "staff_id"),
        (("confirm", "ID", "--slot", "1", "--by", "kari", "--reason", "hunch"), "", "bad_reason"),
        (("correct", "ID", "--slot", "1", "--by", "kari"), "\n", "bad_correction"),
        (("correct", "ID", "--slot", "1", "--by", "kari"), "shoe 43\n", "bad_correction"),
        (("correct", "ID", "--slot", "1", "--by", "kari"), "fnr\n", "bad_correction"),
        (("correct", "ID", "--slot", "1", "--by", "kari", "fnr", "12829499914"), "", "usage"),
    ],
)
def test_wrong_use_of_review_decides_nothing(argv: tuple[str, ...], stdin: str, code: str, office: Office) -> None:
    """Wrong use is exit 2 and changes nothing; a value is never taken as an argument."""
    ident = office.of("misspelt_pupil").id
    before = picture(office.home)
    ran = office("review", *(ident if word == "ID" else word for word in argv), "--json", stdin=stdin)

    refused(ran, 2, code)
    assert before == picture(office.home)


# ------------------------------------------------------------------------------------------------------------- inspect


@pytest.fixture
def files(office: Office, tmp_path: Path) -> list[Path]:
    """A mail, a PDF, a text, an encrypted mail of somebody else's, an empty file and one that is not there."""
    form: FilledForm = office.cases["mail_mime_both_1"].forms[0]
    ring = make_home(office.home.parent / f"ring{len(list(office.home.parent.glob('ring*')))}")
    key = generate_key(ring, "Annen <annen@annen.example>")
    for name, content in (
        ("mail.eml", mail.plain(form)),
        ("skjema.pdf", pages.typed_pdf(form)),
        ("skjema.txt", as_lines(form).encode()),
        ("annen.eml", mail.pgp_mime(form, home=ring, recipients=[key])),
        ("tom.pdf", b""),
    ):
        (tmp_path / name).write_bytes(content)
    keys = tmp_path / "keys"
    keys.mkdir()
    argv = ["gpg", "--homedir", str(ring), "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
    exported = run([*argv, "--armor", "--export-secret-keys"], check=True, capture_output=True, timeout=60).stdout
    (keys / "annen.asc").write_bytes(exported)
    stop_agent(ring)
    return [tmp_path / name for name in ("mail.eml", "skjema.pdf", "skjema.txt", "annen.eml", "tom.pdf", "borte.pdf")]


def test_inspect_answers_a_line_a_file(office: Office, files: list[Path]) -> None:
    """One compact document a line and file, in order, for every kind; what cannot be read is a result; nothing is
    stored, and nothing is shown unmasked."""
    before = picture(office.home)
    ran = office("inspect", "--json", *files).fine()
    told = [json.loads(line) for line in ran.out.splitlines()]
    keys = {"file", "container", "decryption", "subject", "parts", "forms", "verdicts"}

    assert [str(file) for file in files] == [one["file"] for one in told]
    assert ran.out == "".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in told)
    assert all(keys <= set(one) for one in told)
    assert ["plain", "pdf", "text", "pgp_mime", "text", "plain"] == [one["container"] for one in told]
    verdicts = ["not_encrypted", "not_encrypted", "not_encrypted", "wrong_key", "damaged", "damaged"]
    assert verdicts == [one["decryption"]["verdict"] for one in told]
    assert {"verdict", "signature", "detail"} == {key for one in told for key in one["decryption"]}
    assert [] == NUMBER.findall(ran.out)
    assert before == picture(office.home)


def test_inspect_says_what_would_be_decided(office: Office, files: list[Path]) -> None:
    """Each column with its fields, where they were read and how surely, and the outcome that intake would give."""
    told = json.loads(office("inspect", "--json", "--reveal", files[1]).fine().out)
    written: FilledForm = office.cases["mail_mime_both_1"].forms[0]
    entries = told["forms"][0]["entries"]

    assert ["unchanged", "unchanged"] == [one["outcome"] for one in entries]
    assert {"slot", "outcome", "refused", *FIELDS} == set(entries[0])
    assert {FIELD_KEYS} == {frozenset(entries[0][name]) for name in FIELDS}
    assert [written.first.fnr, written.second.fnr] == [one["fnr"]["value"] for one in entries]
    assert {"name", "type", "charset", "bytes", "sha256"} <= set(told["parts"][0])


def test_inspect_takes_other_keys(office: Office, files: list[Path]) -> None:
    """With `--keyring` the keys of a folder open what the home's cannot, and nothing of them stays."""
    told = json.loads(office("inspect", "--json", "--keyring", files[0].parent / "keys", files[3]).fine().out)

    assert "decrypted" == told["decryption"]["verdict"]
    assert [] == list(Path("/dev/shm").glob("fs-*"))  # noqa: S108
