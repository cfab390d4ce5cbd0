"""Validating: what was read becomes judged entries, corrections laid over it, and one bad form harms no other."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from support_store import Desk, settings

from schemas.documents import Decision, Opened, ReadEntry, ReadField, ReadForm, Reading
from schemas.errors import NotReady
from schemas.numbers import check_digits
from schemas.outcomes import SubmissionOutcome
from schemas.settings import Settings
from schemas.verdicts import Entry, Fault, Verdict
from store.ledger import Claimed, Correction
from tasks.validate.step import check_switched_on, validate_batch

# Synthetic numbers, month + 80, and one of Skatteetaten's published vectors for the ordinary range.
NUMBER, OTHER = "12829499914", "12829499833"
ORDINARY_RANGE = "30108299920"
TODAY = datetime(2026, 10, 14, tzinfo=UTC).date()


def field(value: str, decision: Decision = "accepted") -> ReadField:
    """A cell as read."""
    return ReadField(value, 1.0, "line 1", decision)


def read(slot: int = 1, *, refused: bool = False, in_words: bool = False, **values: str | ReadField) -> ReadEntry:
    """A column as read: everything filled in unless said otherwise; "" is an empty cell."""
    told: dict[str, Any] = {"pupil": "Ola Modigmaur", "fnr": NUMBER, "name": "Kari Modigmaur"} | values
    cells = {name: field(value) if isinstance(value, str) else value for name, value in told.items() if value != ""}
    return ReadEntry(slot, **cells, refused=refused, refused_in_words=in_words)


def claimed(ident: str = "S-A", *corrections: Correction, channel: str = "digipost") -> Claimed:
    """A submission under our lease."""
    at = datetime(2026, 10, 14, tzinfo=UTC)
    return Claimed(ident, channel, at, b"x", "text/plain", "", 0, False, tuple(corrections))


def judge_all(
    readings: dict[str, Reading],
    *corrections: Correction,
    channel: str = "digipost",
    decryption: str = "decrypted",
    chosen: Settings | None = None,
) -> dict[str, Verdict]:
    """Validate a batch."""
    claims = [claimed(ident, *corrections, channel=channel) for ident in readings]
    opened = {ident: Opened("text", decryption) for ident in readings}  # type: ignore[arg-type]
    verdicts = validate_batch(claims, opened, readings, chosen or settings(), TODAY)
    return {verdict.submission: verdict for verdict in verdicts}


def judge(*columns: ReadEntry, **more: Any) -> Verdict:
    """Validate one form of these columns."""
    corrections = more.pop("corrections", ())
    return judge_all({"S-A": Reading((ReadForm(columns),))}, *corrections, **more)["S-A"]


def one(*columns: ReadEntry, **more: Any) -> Entry:
    """The one entry of a form."""
    [entry] = judge(*columns, **more).entries
    return entry


def codes(entry: Entry) -> list[str]:
    """Its reason codes."""
    return [fault.code for fault in entry.faults]


# --- the fields -------------------------------------------------------------------------------------------------------


def test_a_good_column_has_no_fault() -> None:
    """Values come out tidy: digits alone, E.164, one space between names."""
    entry = one(read(fnr="128294 99914", name="  Kari   Modigmaur ", mobile="912 34 567", email="kari@EXAMPLE.com "))

    assert (SubmissionOutcome.READ, []) == (judge(read()).outcome, codes(entry))
    assert (NUMBER, "Kari Modigmaur", "+4791234567", "kari@example.com") == tuple(
        entry.get(name) for name in ("fnr", "name", "mobile", "email")
    )


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "fnr_missing"),
        ("1282949991", "fnr_length"),
        ("128294999144", "fnr_length"),
        ("12829499913", "fnr_checksum"),
        ("12829499941", "fnr_checksum"),
        ("32829499914", "fnr_date"),
        (ORDINARY_RANGE, "fnr_real_in_test"),
        ("ABCDEFGHIJK", "fnr_length"),
        ("'; DROP TABLE guardians", "fnr_length"),
    ],
)
def test_a_bad_number_has_its_reason_and_is_never_repaired(number: str, code: str) -> None:
    """Check digits find a slip; nothing that is not right as it stands may be used."""
    entry = one(read(fnr=number, mobile="91234567"))

    assert [Fault("fnr", code)] == list(entry.faults)
    assert "" == entry.get("fnr")


def test_a_lost_leading_zero_is_named_and_not_put_back() -> None:
    """Ten digits that would fit with a zero in front: the sender is asked."""
    number = next(f"0182949{n}{ends}" for n in range(10, 99) if (ends := check_digits(f"0182949{n}")))
    entry = one(read(fnr=number[1:]))

    assert ("", ["fnr_lost_leading_zero"]) == (entry.get("fnr"), codes(entry))


def test_production_takes_no_synthetic_number() -> None:
    """What is right in a test store is a test number in production."""
    entry = one(read(), chosen=settings(environment="production"))

    assert ["fnr_synthetic_in_production"] == codes(entry)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("mobile", "123", "mobile_invalid"),
        ("mobile", "22 86 40 00", "mobile_no_sms"),
        ("email", "not an address", "email_invalid"),
        ("email", "kari@gmail.con", "email_looks_mistyped"),
    ],
)
def test_a_bad_contact_is_a_warning(name: str, value: str, code: str) -> None:
    """Mobile and e-mail are optional: the rest of the form is used, and the reason says which was not."""
    entry = one(read(**{name: value}))

    assert [Fault(name, code)] == list(entry.faults)
    assert NUMBER == entry.get("fnr")


@pytest.mark.parametrize("name", ["name", "pupil"])
@pytest.mark.parametrize("value", ["", "   ", "-", "…"])
def test_guardian_and_pupil_must_be_named(name: str, value: str) -> None:
    """Who it is about cannot be left out; a dash is an empty cell."""
    entry = one(read(**{name: value, "email": "kari@example.com"}))

    assert f"{name}_missing" in codes(entry)


def test_one_number_on_both_guardians_is_doubtful_for_both() -> None:
    """It can be only one's, so both entries say so, whatever space stands in it."""
    verdict = judge(read(1), read(2, fnr="128294 99914", name="Per Modigmaur"))

    assert [["fnr_same_on_both"], ["fnr_same_on_both"]] == [codes(entry) for entry in verdict.entries]


def test_one_number_for_two_siblings_in_one_column_is_no_fault() -> None:
    """The same guardian for both of them."""
    verdict = judge(read(pupil="Ola og Kari Modigmaur"))

    assert [[], []] == [codes(entry) for entry in verdict.entries]


def test_one_number_in_two_submissions_is_no_fault() -> None:
    """What one form says has no bearing on another's."""
    form = Reading((ReadForm((read(),)),))
    other = Reading((ReadForm((read(2),)),))

    assert [[], []] == [codes(v.entries[0]) for v in judge_all({"S-A": form, "S-B": other}).values()]


# --- which entries ----------------------------------------------------------------------------------------------------


def test_a_column_naming_two_pupils_is_two_entries() -> None:
    """The same slot, told apart by their order; the surname given once goes to both."""
    verdict = judge(read(2, pupil="Ola og Kari Modigmaur"))

    assert [(2, 0, "Ola Modigmaur"), (2, 1, "Kari Modigmaur")] == [
        (entry.slot, entry.ord, entry.get("pupil")) for entry in verdict.entries
    ]


@pytest.mark.parametrize(
    "blank",
    [
        ReadEntry(2),
        ReadEntry(2, pupil=field("Ola Modigmaur")),
    ],
    ids=["nothing", "the pupil's name alone"],
)
def test_an_empty_column_is_no_entry(blank: ReadEntry) -> None:
    """Many write the pupil's name in both columns and are alone."""
    assert [1] == [entry.slot for entry in judge(read(1), blank).entries]


def test_two_forms_in_one_delivery_are_a_persons_to_sort_out() -> None:
    """Both are kept, told apart by their order, and marked."""
    reading = Reading((ReadForm((read(),)), ReadForm((read(fnr=OTHER, name="Per"),))))
    verdict = judge_all({"S-A": reading})["S-A"]

    assert (Fault("document", "form_ambiguous"),) == verdict.faults
    assert [(1, 0), (1, 10)] == [(entry.slot, entry.ord) for entry in verdict.entries]


def _stack(*pupils: str, references: tuple[str, ...] = ()) -> Verdict:
    """What a scanned file with a form for each of these pupils is judged as."""
    said = [*references, *([""] * len(pupils))]
    forms = tuple(
        ReadForm((read(pupil=pupil),), machine_read=True, reference=told)
        for pupil, told in zip(pupils, said, strict=False)
    )
    return judge_all({"S-A": Reading(forms)}, channel="post")["S-A"]


def test_a_stack_fed_through_the_scanner_is_a_form_for_each_pupil() -> None:
    """Sheets of different pupils in one file stand each by itself; references tell them apart where names cannot."""
    verdict = _stack("Ola Modigmaur", "Åse Bækkelund", "Jonas Li")
    assert ((), [0, 10, 20]) == (verdict.faults, [entry.ord for entry in verdict.entries])
    assert () == _stack("Ola Modigmaur", "Ole Modigmaur", references=("R-ONE", "R-TWO")).faults


@pytest.mark.parametrize(
    ("pupils", "references"),
    [
        (("Ola Modigmaur", "Ola Modigmaur"), ()),
        (("Ola Modigmaur", "Åse Bækkelund", "Ole Modigmaur"), ()),
        (("Ola Modigmaur", ""), ()),
        (("Ola Modigmaur", "Åse Bækkelund"), ("R-ONE", "R-ONE")),
    ],
    ids=["one pupil", "names alike", "no name", "one reference"],
)
def test_two_sheets_that_may_be_one_pupils_are_a_persons(pupils: tuple[str, ...], references: tuple[str, ...]) -> None:
    """Which of them holds is not ours to guess, nor whether a name was misread."""
    assert (Fault("document", "form_ambiguous"),) == _stack(*pupils, references=references).faults


def test_ordinary_post_is_not_a_form() -> None:
    """No form, no fault of a document, nothing."""
    verdict = judge_all({"S-A": Reading()})["S-A"]

    assert (SubmissionOutcome.NOT_A_FORM, (), ()) == (verdict.outcome, verdict.faults, verdict.entries)


@pytest.mark.parametrize("fault", ["layout_not_found", "two_layers_disagree", "handwritten"])
def test_what_looks_like_a_form_goes_to_a_person(fault: str) -> None:
    """It is never thrown away as ordinary post, though nothing could be read off it."""
    verdict = judge_all({"S-A": Reading(faults=(fault,))})["S-A"]

    assert (SubmissionOutcome.READ, (Fault("document", fault),)) == (verdict.outcome, verdict.faults)


@pytest.mark.parametrize("fault", ["damaged", "password_only", "unsupported", "too_large"])
def test_a_file_that_nobody_can_read_is_unreadable(fault: str) -> None:
    """The sealed original is kept, and the sender can send it otherwise."""
    verdict = judge_all({"S-A": Reading(faults=(fault,))})["S-A"]

    assert (SubmissionOutcome.UNREADABLE, (Fault("document", fault),)) == (verdict.outcome, verdict.faults)


@pytest.mark.parametrize(
    "verdict", ["wrong_key", "integrity_failed", "damaged", "too_large", "password_only", "unsupported"]
)
def test_what_did_not_open_has_no_entries(verdict: str) -> None:
    """Nothing of a message that could not be trusted is used, whatever was read off it."""
    found = judge(read(), decryption=verdict)

    assert (SubmissionOutcome.UNREADABLE, (Fault("document", verdict),), ()) == (
        found.outcome,
        found.faults,
        found.entries,
    )


@pytest.mark.parametrize(
    ("channel", "decryption", "holds", "marked"),
    [
        ("email", "not_encrypted", True, True),
        ("email", "not_encrypted", False, False),
        ("email", "decrypted", True, True),
        ("email", "decrypted", False, False),
        ("post", "not_encrypted", True, False),
        ("digipost", "not_encrypted", True, False),
    ],
)
def test_only_plain_mail_with_a_number_arrived_unencrypted(
    channel: str, decryption: str, holds: bool, marked: bool
) -> None:
    """Post and Digipost never get this code, nor mail whose numbers were all encrypted; an encrypted mail with a number
    beside the encryption does."""
    reading = Reading((ReadForm((read(),)),), holds_number=holds)
    verdict = judge_all({"S-A": reading}, channel=channel, decryption=decryption)["S-A"]

    assert marked == (Fault("document", "arrived_unencrypted") in verdict.faults)
    assert 1 == len(verdict.entries)


def test_a_number_in_plain_mail_without_a_form_is_a_deviation_too() -> None:
    """It is kept for a person, not left as ordinary mail."""
    reading = Reading(holds_number=True)
    verdict = judge_all({"S-A": reading}, channel="email", decryption="not_encrypted")["S-A"]

    assert (SubmissionOutcome.READ, (Fault("document", "arrived_unencrypted"),)) == (verdict.outcome, verdict.faults)


def test_one_bad_form_harms_no_other() -> None:
    """A batch with nonsense in it gives every good form what it would get alone."""
    nonsense = read(fnr="\ud800\x00" * 50, name="\u202e" * 300, pupil="/" * 1000, mobile="9" * 5000, email="@" * 400)
    good = Reading((ReadForm((read(),)),))
    verdicts = judge_all({"S-A": good, "S-B": Reading((ReadForm((nonsense,)),)), "S-C": good, "S-D": Reading()})

    alone = judge_all({"S-A": good})["S-A"].entries[0]
    assert [alone.clean] * 2 == [verdicts[ident].entries[0].clean for ident in ("S-A", "S-C")]
    assert [[], []] == [codes(verdicts[ident].entries[0]) for ident in ("S-A", "S-C")]
    assert "fnr_length" in codes(verdicts["S-B"].entries[0])
    assert list(verdicts) == ["S-A", "S-B", "S-C", "S-D"]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_ticked_refusal_drops_the_number_unread() -> None:
    """Valid or not, the number is in neither the values nor the clean ones, and is not judged."""
    for number in (NUMBER, "12829499913", ORDINARY_RANGE):
        entry = one(read(fnr=number, refused=True))

        assert (True, ["refusal_and_number"]) == (entry.refused, codes(entry))
        assert "fnr" not in entry.values
        assert "" == entry.get("fnr")


def test_a_refusal_without_a_number_has_no_fault() -> None:
    """A missing number is what a refusal is about."""
    assert [] == codes(one(read(fnr="", refused=True)))


def test_a_refusal_in_words_is_not_a_refusal_yet() -> None:
    """It is passed on as such, for a steward; confirmed by one, it is a refusal and keeps no number."""
    entry = one(read(in_words=True))
    assert (False, True, NUMBER) == (entry.refused, entry.refused_in_words, entry.get("fnr"))
    decided = one(read(in_words=True), corrections=[Correction(1, 0, "decision", "confirm kari seen")])

    assert (True, "") == (decided.refused, decided.get("fnr"))


# --- corrections ------------------------------------------------------------------------------------------------------


def test_a_correction_lies_over_what_was_read() -> None:
    """The corrected field is judged anew, as read by a steward; the others stay."""
    entry = one(read(fnr="12829499913"), corrections=[Correction(1, 0, "fnr", NUMBER)])

    assert (NUMBER, [], (1.0, "steward", "accepted")) == (entry.get("fnr"), codes(entry), entry.sources["fnr"])
    assert "Kari Modigmaur" == entry.get("name")


def test_the_last_correction_of_a_field_holds() -> None:
    """Whoever put it right last."""
    told = [Correction(1, 0, "name", "Kari M"), Correction(1, 0, "name", "Kari Snillmaur")]

    assert "Kari Snillmaur" == one(read(), corrections=told).get("name")


def test_a_correction_concerns_its_own_entry() -> None:
    """Neither the other column nor the sibling in the same column."""
    told = [Correction(1, 1, "pupil", "Kari Snillmaur")]
    verdict = judge(read(1, pupil="Ola og Kari Modigmaur"), read(2, fnr=OTHER, name="Per"), corrections=told)

    assert {(1, 0): "Ola Modigmaur", (1, 1): "Kari Snillmaur", (2, 0): "Ola Modigmaur"} == {
        (entry.slot, entry.ord): entry.get("pupil") for entry in verdict.entries
    }


def test_a_wrong_correction_is_judged_like_a_form() -> None:
    """A steward's slip is found as a guardian's is."""
    entry = one(read(), corrections=[Correction(1, 0, "fnr", "12829499913")])

    assert ["fnr_checksum"] == codes(entry)


def test_a_column_that_no_reader_found_can_be_typed_in() -> None:
    """Off a page without a layout, a steward types the whole column."""
    told = [Correction(2, 0, name, value) for name, value in (("pupil", "Ola"), ("fnr", NUMBER), ("name", "Kari"))]
    verdict = judge_all({"S-A": Reading(faults=("layout_not_found",))}, *told)["S-A"]

    assert [(2, 0, NUMBER, [])] == [(e.slot, e.ord, e.get("fnr"), codes(e)) for e in verdict.entries]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("confirm kari seen", ("confirm", "kari", "seen")),
        ("refuse kari seen", ("refuse", "kari", "seen")),
        ("reject kari fnr_missing", ("reject", "kari", "fnr_missing")),
        ("open", (None, None, None)),
        ("erase kari seen", (None, None, None)),
        ("confirm", (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_a_stewards_word_is_one_of_three(text: str, expected: tuple[str | None, ...]) -> None:
    """Anything else decides nothing."""
    entry = one(read(), corrections=[Correction(1, 0, "decision", text)])

    assert expected == (entry.decided_as, entry.decided_by, entry.decided_reason)


def test_a_later_word_takes_back_the_earlier() -> None:
    """A decision was about the values as they were: once something is corrected, it is open again."""
    told = [Correction(1, 0, "decision", "confirm kari seen"), Correction(1, 0, "decision", "open")]

    assert one(read(), corrections=told).decided_as is None


# --- the guard --------------------------------------------------------------------------------------------------------


def test_validation_that_is_switched_off_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandera has a variable that makes every form pass: with it, nothing is validated and nothing loaded."""
    check_switched_on(settings())
    for off in ("False", "0", "no"):
        monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", off)
        with pytest.raises(NotReady, match="validation_off"):
            judge(read())


def test_validation_that_is_switched_off_decides_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came in stays undecided and is decided by the next run."""
    from store import ledger

    sent = desk.send("a form")
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    with pytest.raises(NotReady):
        desk.run()
    assert 1 == ledger.undecided(desk.store)
    monkeypatch.delenv("PANDERA_VALIDATION_ENABLED")
    desk.run()

    assert ["not_a_form"] == desk.outcomes(sent)


def test_nothing_of_an_entry_shows_by_accident() -> None:
    """Entries, verdicts, claims and corrections print without what the form says."""
    entry = one(read())
    shown = (
        f"{entry!r}{judge(read())!r}{claimed('S-A', Correction(1, 0, 'name', 'Kari'))!r}{dataclasses.replace(entry)!r}"
    )

    assert [] == [word for word in (NUMBER, "Kari", "Ola", "Modigmaur") if word in shown]
