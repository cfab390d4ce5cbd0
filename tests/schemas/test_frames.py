"""Entries are judged by the models: one check a rule, a code for every fault, and nothing a form says raises."""

from datetime import date
from typing import Any, get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.frames import (
    BASES,
    STATIONS,
    EntriesAsRead,
    EntriesJudged,
    EntriesReconciled,
    EntriesValidated,
    Failures,
)
from schemas.identity import classify
from schemas.judging import judge
from schemas.numbers import check_digits
from schemas.outcomes import EntryOutcome
from schemas.reasons import CATALOGUE
from schemas.settings import Settings
from schemas.stations import build, check, misfits, rules
from schemas.verdicts import Basis

TODAY = date(2026, 11, 23)
TEST = Settings(environment="test")
MOTHER, FATHER = "41819077302", "12829499914"  # published synthetic vectors
FIELDS = ("pupil", "fnr", "name", "mobile", "email")


def row(slot: int = 1, ord_: int = 0, submission: str = "S-A", **changes: Any) -> dict[str, Any]:
    """One entry, filled in without a fault."""
    told = {"pupil": "Ola Maur", "fnr": MOTHER if slot == 1 else FATHER, "name": "Kari Maur", "refused": False}
    contacts = {"mobile": f"9123456{slot}", "email": f"kari{slot}@example.com"}
    return {"submission": submission, "slot": slot, "ord": ord_, **told, **contacts, **changes}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Entries as extract hands them over."""
    return build(EntriesAsRead, **{name: [one[name] for one in rows] for name in row()})


def told(*rows: dict[str, Any], chosen: Settings = TEST, today: date = TODAY) -> list[tuple[int, str]]:
    """(slot, code) of everything that is wrong."""
    failures = judge(frame(*rows), chosen, today).failures
    return list(zip(failures["slot"], failures["code"], strict=True))


# --- one field --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("fnr_missing", {"fnr": None}),
        ("fnr_length", {"fnr": "4181907730"}),
        ("fnr_lost_leading_zero", {"fnr": "1810000186"}),
        ("fnr_date", {"fnr": "41934063587"}),
        ("fnr_checksum", {"fnr": "41819077303"}),
        ("fnr_kind_no_login", {"fnr": "81234567802"}),
        ("fnr_real_in_test", {"fnr": "30108299920"}),
        ("fnr_folded", {"fnr": "４１８１９０７７３０２"}),
        ("refusal_and_number", {"refused": True}),
        ("pupil_missing", {"pupil": None}),
        ("pupil_missing", {"pupil": "-"}),
        ("name_missing", {"name": None}),
        ("name_missing", {"name": " . "}),
        ("mobile_invalid", {"mobile": "9123"}),
        ("mobile_no_sms", {"mobile": "22 12 34 56"}),
        ("email_invalid", {"email": "har ingen"}),
        ("email_looks_mistyped", {"email": "kari@gmail.con"}),
    ],
)
def test_each_fault_of_a_field_has_its_code(code: str, changes: dict[str, Any]) -> None:
    """One thing wrong, one reason."""
    assert [(1, code)] == told(row(**changes))


def test_a_synthetic_number_is_a_fault_in_production() -> None:
    """The environment is the settings'."""
    assert [(1, "fnr_synthetic_in_production")] == told(row(), chosen=Settings(environment="production"))


def test_a_form_filled_in_well_has_no_fault() -> None:
    """Nothing is found where nothing is wrong, empty contacts included."""
    assert [] == told(row(1), row(2, mobile=None, email=None))


def test_the_faults_of_a_batch_keep_to_their_rows() -> None:
    """Each failure is a row of submission, slot, ord, field and code, in the order of the entries."""
    rows = [row(1), row(2, name=None, mobile="x"), row(1, submission="S-B", fnr="1"), row(1, 1, "S-B", pupil=None)]
    failures = judge(frame(*rows), TEST, TODAY).failures

    assert [
        ("S-A", 2, 0, "name", "name_missing"),
        ("S-A", 2, 0, "mobile", "mobile_invalid"),
        ("S-B", 1, 0, "fnr", "fnr_length"),
        ("S-B", 1, 1, "pupil", "pupil_missing"),
    ] == list(failures.itertuples(index=False, name=None))


def test_what_may_be_used_has_one_spelling() -> None:
    """Number, names, mobile and address are cleaned; what cannot be used is missing."""
    clean = judge(
        frame(
            row(fnr="418190 77302", name="Maur, Kari", mobile="912 34 567 (mor)", email=" Kari@GMAIL.com "),
            row(2, fnr="４１８１９０-77302", pupil="-", mobile="22 12 34 56", email="x"),
        ),
        TEST,
        TODAY,
    ).clean

    assert ["Ola Maur", MOTHER, "Kari Maur", "+4791234567", "Kari@gmail.com"] == clean.loc[0, list(FIELDS)].tolist()
    assert MOTHER == clean.loc[1, "fnr"]
    assert clean.loc[1, ["pupil", "mobile", "email"]].isna().all()


def test_contacts_that_are_only_warned_of_are_kept() -> None:
    """A mobile in no range yet and an address that looks mistyped are used as they are written."""
    clean = judge(frame(row(mobile="42111109", email="kari@gmail.con")), TEST, TODAY).clean

    assert ["+4742111109", "kari@gmail.con"] == clean.loc[0, ["mobile", "email"]].tolist()


# --- two columns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "field", "first", "second"),
    [
        ("fnr_same_on_both", "fnr", MOTHER, "418190-77302"),
        ("mobile_same_on_both", "mobile", "912 34 567", "+4791234567"),
        ("email_same_on_both", "email", "Kari@example.com", "kari@EXAMPLE.com"),
    ],
)
def test_what_stands_in_both_columns_is_told_of_both(code: str, field: str, first: str, second: str) -> None:
    """The same number, mobile or address, however it is spelt, is a fault of either entry."""
    assert [(1, code), (2, code)] == told(row(1, **{field: first}), row(2, **{field: second}))


@pytest.mark.parametrize("field", ["fnr", "mobile", "email"])
def test_what_is_shared_by_others_is_no_fault(field: str) -> None:
    """One guardian for two pupils, two forms, or two submissions may say the same twice; two empty cells too."""
    same = {"fnr": MOTHER, "mobile": "91234567", "email": "kari@example.com"}[field]
    siblings = [row(1, 0, **{field: same}), row(1, 1, **{field: same})]
    forms = [row(1, 0, **{field: same}), row(2, 10, **{field: same})]
    senders = [row(1, **{field: same}), row(2, submission="S-B", **{field: same})]

    for rows in (siblings, forms, senders, [row(1, mobile=None, email=None), row(2, mobile=None, email=None)]):
        assert [] == told(*rows)


def test_a_number_that_cannot_be_used_is_not_also_the_same() -> None:
    """Two copies of a faulty number are faulty, and that is enough to say."""
    assert [(1, "fnr_checksum"), (2, "fnr_checksum")] == told(row(1, fnr="41819077303"), row(2, fnr="41819077303"))


def test_a_refusal_is_not_judged_on_its_number() -> None:
    """Whoever refuses has given no number: it is neither faulty nor the other's, nor kept."""
    judged = judge(frame(row(1), row(2, fnr=MOTHER, refused=True), row(1, 1, fnr="1", refused=True)), TEST, TODAY)

    assert ["refusal_and_number"] * 2 == list(judged.failures["code"])
    assert [MOTHER] == judged.clean["fnr"].dropna().tolist()


def young(born: date) -> str:
    """A synthetic number with this birth date."""
    nines = (f"{born.day:02}{born.month + 80}{born.year % 100:02}{series}" for series in range(500, 1000))
    return next(nine + checks for nine in nines if (checks := check_digits(nine)))


@pytest.mark.parametrize(
    ("minor", "born", "today"),
    [
        (True, date(2008, 11, 24), TODAY),
        (False, date(2008, 11, 23), TODAY),
        (True, date(2008, 2, 29), date(2026, 2, 27)),
        (False, date(2008, 2, 29), date(2026, 2, 28)),
        (True, date(2030, 1, 1), TODAY),
    ],
)
def test_a_guardian_under_18_by_the_hint_is_warned_of(minor: bool, born: date, today: date) -> None:
    """By the one rule of when somebody is 18; the number stays usable, since a hint decides nothing."""
    number = young(born)

    assert ([(1, "guardian_maybe_minor")] if minor else []) == told(row(fnr=number), today=today)
    assert number == judge(frame(row(fnr=number)), TEST, today).clean.loc[0, "fnr"]


def test_a_number_without_a_hint_warns_of_nothing() -> None:
    """A number by the rule of 2032 alone says nothing of age."""
    early = Settings.model_validate({"environment": "test", "identity": {"accept_2032_from": "2026-01-01"}})
    nine = "028132999"  # 2 January 2032 by the old table
    judged = classify([f"{nine}{k:02}" for k in range(100)], environment="test", on=TODAY)
    number = f"{nine}{judged.index[judged['scheme'].eq('2032')][0]:02}"

    assert [(1, "fnr_checksum")] == told(row(fnr=number))
    assert [] == told(row(fnr=number), chosen=early)


# --- the models themselves --------------------------------------------------------------------------------------------


def test_every_rule_about_a_form_is_a_reason_of_the_catalogue() -> None:
    """What a rule is called is the code that is told; the rules of the frame itself are the others."""
    named = {one.name for one in rules(EntriesJudged)}

    assert {"slot_counts", "ord_counts", "place_once"} == named - set(CATALOGUE)
    assert 20 == len(named & set(CATALOGUE))


def test_judged_entries_hold_no_value() -> None:
    """The frame that the rules stand on has only codes, counts and truths beside the place."""
    types = {name: str(column.dtype) for name, column in EntriesJudged.to_schema().columns.items()}
    text = {name for name, dtype in types.items() if dtype not in ("int64", "bool")}

    assert {"submission", "number_reason", "mobile_reason", "email_reason"} == text


@pytest.mark.parametrize("model", STATIONS, ids=lambda model: model.__name__)
def test_no_model_has_an_object_column(model: Any) -> None:
    """Text is pandas' own `str`; everything else is a whole number or a truth."""
    assert {"str", "int64", "bool"} >= {str(column.dtype.type) for column in model.to_schema().columns.values()}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.astype({"fnr": object}),
        lambda f: f.astype({"fnr": "string"}),
        lambda f: f.astype({"fnr": "category"}),
        lambda f: f.astype({"slot": "float64"}),
        lambda f: f.astype({"refused": object}),
        lambda f: f.drop(columns="email"),
        lambda f: f.assign(more=1),
        lambda f: f.assign(submission=pd.Series([None], dtype="str")),
        lambda f: f.assign(slot=-1),
        lambda f: pd.concat([f, f]),
    ],
)
def test_a_frame_that_is_not_as_the_model_says_is_refused(spoil: Any) -> None:
    """Types are exact, columns are the declared ones, places are there and unique; the message holds no value."""
    with pytest.raises(TypeError, match="EntriesAsRead") as raised:
        judge(spoil(frame(row())), TEST, TODAY)

    assert not any(value in str(raised.value) for value in (MOTHER, "Kari", "Ola", "9123", "example.com"))
    assert (None, None) == (raised.value.__cause__, raised.value.__context__)


def test_an_empty_batch_is_judged_too() -> None:
    """Nothing in, nothing out, with all columns."""
    judged = judge(frame(), TEST, TODAY)

    assert (0, 0) == (len(judged.clean), len(judged.failures))
    check(EntriesValidated, judged.clean)
    check(Failures, judged.failures)


def test_the_index_of_a_frame_makes_no_difference() -> None:
    """Rows are told by position: a frame cut out of another is judged as if it were whole."""
    whole = frame(row(1), row(2, fnr="1"), row(1, submission="S-B", name=None))
    part = whole.iloc[[2, 1]]

    assert [("S-B", "name_missing"), ("S-A", "fnr_length")] == list(
        judge(part, TEST, TODAY).failures[["submission", "code"]].itertuples(index=False, name=None)
    )


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("outcome_known", {"outcome": "maybe"}),
        ("basis_known", {"basis": "rumour"}),
        ("nothing_without_evidence", {"basis": None}),
        ("nothing_without_evidence", {"pupil_id": None}),
        ("nothing_without_evidence", {"outcome": "refused", "basis": None, "holds_number": False}),
        ("nothing_without_evidence", {"outcome": "no_login", "pupil_id": None, "holds_number": False}),
        ("loaded_with_number", {"holds_number": False}),
        ("erased_at_once", {"outcome": "refused"}),
        ("erased_at_once", {"outcome": "no_login"}),
        ("erased_at_once", {"outcome": "not_applicable", "basis": None}),
        ("not_applicable_to_whom", {"outcome": "not_applicable", "pupil_id": None, "holds_number": False}),
        ("slot_counts", {"slot": -1}),
    ],
)
def test_a_decision_that_may_not_be_is_found(rule: str, changes: dict[str, Any]) -> None:
    """Nothing is loaded without pupil, number and evidence; what is refused or erased carries no number."""
    place = {"submission": "S-A", "slot": 1, "ord": 0}
    sound = {**place, "pupil_id": "P-A", "outcome": "loaded", "basis": "roster", "holds_number": True}

    assert [] == misfits(EntriesReconciled, build(EntriesReconciled, **{k: [v] for k, v in sound.items()}))
    broken = {**sound, **changes}
    assert [rule] == [
        m.rule for m in misfits(EntriesReconciled, build(EntriesReconciled, **{k: [v] for k, v in broken.items()}))
    ]


def test_the_model_of_decisions_knows_every_basis() -> None:
    """The words for what proves a link are the same in both places."""
    assert set(get_args(Basis)) == set(BASES)
    assert "loaded" in {outcome.value for outcome in EntryOutcome}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("eleven_digits", {"fnr": "4181907730"}),
        ("eleven_digits", {"fnr": "４１８１９０７７３０２"}),
        ("e164", {"mobile": "91234567"}),
        ("one_address", {"email": "kari"}),
        ("names_fit", {"name": "x" * 201}),
        ("refusal_drops_number", {"refused": True}),
    ],
)
def test_a_value_that_was_not_cleaned_is_found(rule: str, changes: dict[str, Any]) -> None:
    """The last look before anything is decided on a value: it is in the one spelling, or it stops the batch."""
    sound = row(mobile="+4791234567")
    assert [] == misfits(EntriesValidated, build(EntriesValidated, **{k: [v] for k, v in sound.items()}))
    broken = {**sound, **changes}

    with pytest.raises(TypeError, match=rule):
        check(EntriesValidated, build(EntriesValidated, **{k: [v] for k, v in broken.items()}))


# --- properties -------------------------------------------------------------------------------------------------------

CELL = st.none() | st.text(max_size=40) | st.text(alphabet="0123456789+ -.@()４abæ,;/\ud800", max_size=24)
ENTRY = st.fixed_dictionaries({**dict.fromkeys(FIELDS, CELL), "refused": st.booleans()})
few = settings(max_examples=6, deadline=None)
"""A frame costs a tenth of a second however short it is, so: few examples of many rows. `make fuzz` goes deep."""


@few
@given(st.lists(ENTRY, max_size=30))
def test_any_frame_of_text_gives_verdicts(entries: list[dict[str, Any]]) -> None:
    """Whatever stands in the cells, every row gets values that may be used or reasons, and none is lost or moved."""
    rows = [{"submission": f"S-{at // 2}", "slot": at % 2 + 1, "ord": 0, **one} for at, one in enumerate(entries)]
    judged = judge(frame(*rows), TEST, TODAY)
    faulty = set(judged.failures[["submission", "slot"]].itertuples(index=False, name=None))

    assert [(r["submission"], r["slot"]) for r in rows] == list(
        judged.clean[["submission", "slot"]].itertuples(index=False, name=None)
    )
    for at, one in enumerate(rows):
        usable = judged.clean.loc[at, ["pupil", "name"]].notna().all() and (
            one["refused"] or pd.notna(judged.clean.loc[at, "fnr"])
        )
        assert usable or (one["submission"], one["slot"]) in faulty


@few
@given(st.lists(ENTRY, min_size=1, max_size=30))
def test_judging_what_was_judged_changes_nothing(entries: list[dict[str, Any]]) -> None:
    """The values that may be used are their own cleaned form."""
    rows = [{"submission": "S-A", "slot": 1, "ord": at, **one} for at, one in enumerate(entries)]
    once = judge(frame(*rows), TEST, TODAY).clean

    pd.testing.assert_frame_equal(once, judge(once, TEST, TODAY).clean)


@few
@given(st.lists(ENTRY, min_size=2, max_size=30), st.integers(0, 30))
def test_rows_do_not_disturb_each_other(entries: list[dict[str, Any]], cut: int) -> None:
    """Entries of different submissions are judged together as they would be apart."""
    rows = [{"submission": f"S-{at}", "slot": 1, "ord": 0, **one} for at, one in enumerate(entries)]
    together = judge(frame(*rows), TEST, TODAY).failures
    apart = [judge(frame(*part), TEST, TODAY).failures for part in (rows[:cut], rows[cut:])]

    pd.testing.assert_frame_equal(together, pd.concat(apart, ignore_index=True))
