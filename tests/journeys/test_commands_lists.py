"""What a steward types to keep the lists: roster, work list, consents, analogue register, answers.

Belongs here: `roster`, `worklist`, `consent`, `analogue`, `answers`. Does not belong here: which lines there are
(`test_whole_journey`).
"""

import csv
import io
import re
from pathlib import Path

import pytest
from sqlalchemy import select
from support_office import NUMBER, Office, names, refused
from support_world import Town, picture, reading

from console.state import account
from fixtures.smtp import PASSWORD, USER, mail_server
from store.tables import audit

# ------------------------------------------------------------------------------------------------ roster and work list


def test_a_roster_can_be_tried_first(office: Office, homes: Town, tmp_path: Path) -> None:
    """`--dry-run` says what a list would change and changes nothing; the real thing says the same."""
    home, file = homes.home("c-roster"), tmp_path / "elever.csv"
    lines = homes.school.roster_csv().decode().splitlines(keepends=True)
    first = lines[1].split(";")[0]
    file.write_text("".join(line for line in lines if not line.startswith(f"{first};")), "utf-8")
    before = picture(home)
    tried = office.runs("roster", "import", file, "--dry-run", "--json", home=home).fine().json

    assert (1, 0, True) == (tried["missing"], tried["added"], tried["dry_run"])
    assert before == picture(home)
    done = office.runs("roster", "import", file, "--json", home=home).fine().json
    assert {**tried, "dry_run": False, "erased": done["erased"], "run": done["run"]} == done


@pytest.mark.parametrize("kept", [0, 60])
def test_a_roster_that_suddenly_shrank_is_refused(kept: int, homes: Town, office: Office, tmp_path: Path) -> None:
    """A list without its pupils, or with half of them, is exit 4, and nothing changes but that it is noted and held."""
    home, file = homes.home(f"c-shrank-{kept}"), tmp_path / "elever.csv"
    before = picture(home)
    with reading(home) as tx:
        assert tx.settings.roster.max_gone_count < 50
    lines = homes.school.roster_csv().decode().splitlines(keepends=True)
    file.write_text("".join(lines[: kept + 1]), "utf-8")
    ran = office.runs("roster", "import", file, "--json", home=home)

    assert 4 == ran.code, ran.out
    assert {"code", "message", "next"} == set(ran.json["error"])
    after = picture(home)
    assert {name: after[name] for name in ("links", "guardians", "paper", "lines")} == {
        name: before[name] for name in ("links", "guardians", "paper", "lines")
    }
    newest = office.runs("roster", "runs", "--json", home=home).fine().json["runs"][0]
    expected = ("held", "roster_shrank") if kept else ("refused", "roster_empty")
    assert expected == (newest["state"], newest["why"])


def test_a_list_with_other_columns_is_understood_and_its_mapping_saved(
    homes: Town, office: Office, tmp_path: Path
) -> None:
    """A dry run says what was taken as what and what cannot be read, and saves it for an editor; then it is read so."""
    home, file = homes.home("c-mapping"), tmp_path / "liste.txt"
    names = {"elev_id": "Elevnr.", "navn": "Namn", "født": "Fødd", "foresatt1_mobil": "Føresett 1 – mobilnr"}
    head, *rows = homes.school.roster_csv().decode().splitlines(keepends=True)
    for ours, theirs in names.items():
        head = head.replace(f"{ours};", f"{theirs};", 1)
    file.write_text("".join([head, *rows]), "utf-16")
    told = ("roster", "import", file, "--dry-run", "--save-mapping", "skolen")
    tried = office.runs(*told, "--json", home=home).fine().json
    assert ("Namn", "UTF-16", ";", 0) == (
        tried["understood"]["navn"], tried["understood"]["encoding"], tried["understood"]["separator"], tried["added"],
    )  # fmt: skip
    assert 'navn = "Namn"' in (home / "mappings" / "skolen.toml").read_text("utf-8")
    assert 0 == office.runs("roster", "import", file, "--mapping", "skolen", "--json", home=home).fine().json["changed"]
    assert "Namn" in office.runs("roster", "mappings", "skolen", home=home).fine().out

    file.write_text("".join([head, rows[0].replace(";20", ";x0"), *rows[1:]]), "utf-8")
    broken = office.runs("roster", "import", file, "--dry-run", home=home)
    assert 2 == broken.code
    assert "line 2, column Fødd" in broken.out
    assert rows[0].split(";")[1] not in broken.out


def test_a_held_roster_waits_for_a_name(homes: Town, office: Office, tmp_path: Path) -> None:
    """`check` says so, `roster runs` shows it, and it is taken in by whoever releases it."""
    home, file = homes.home("c-held"), tmp_path / "elever.csv"
    lines = homes.school.roster_csv().decode().splitlines(keepends=True)
    file.write_text("".join(lines[:60]), "utf-8")
    assert 4 == office.runs("roster", "import", file, "--json", home=home).code
    run = office.runs("roster", "runs", "--held", "--json", home=home).fine().json["runs"][0]["run"]
    checked = office.runs("check", "--json", home=home).json
    assert run in office.runs("roster", "runs", home=home).fine().out
    assert "roster" in checked["error"]["message"]
    released = office.runs("roster", "release", run, "--by", "kari", "--json", home=home).fine().json

    assert (0, 0) == (released["added"], released["ended"])
    assert [] == office.runs("roster", "runs", "--held", "--json", home=home).fine().json["runs"]


def test_the_work_list_from_first_look_to_signature(office: Office) -> None:
    """Lines masked on the list, revealed one by one with an audit row, signed by name, gone from the list then."""
    office.json("provision")
    listed = office("worklist", "--json").fine()
    line = listed.json[0]["line"]
    keys = {"line", "do", "why", "due", "overdue", "guardian", "pupil", "class", "fnr", "mobile", "email", "note"}
    shown = office.json("worklist", "reveal", line, "--by", "kari")
    signed = office.json("worklist", "sign", line, "--as", "done", "--by", "kari")

    assert keys == set(listed.json[0]) == set(shown)
    assert [] == NUMBER.findall(listed.out)
    assert NUMBER.fullmatch(shown["fnr"])
    assert {"line": line, "signed_as": "done"} == signed
    assert [("kari", "line_revealed"), ("kari", "line_signed")] == office.audit(line)
    assert line not in [one["line"] for one in office.json("worklist", "list")]
    assert line in [one["line"] for one in office.json("worklist", "list", "--signed")]
    refused(office("worklist", "sign", line, "--as", "done", "--by", "kari", "--json"), 2, "no_such_line")


def test_the_work_list_as_a_file(office: Office, tmp_path: Path) -> None:
    """CSV with semicolons, masked; with numbers only by name and with an audit row; never over an existing file."""
    office.json("provision")
    rows = list(csv.DictReader(io.StringIO(office("worklist", "export").fine().out), delimiter=";"))
    file = tmp_path / "liste.csv"
    with_numbers = office("worklist", "export", "--reveal", "--by", "kari", "--out", file, "--json").fine()

    assert len(rows) == with_numbers.json["lines"] > 0
    assert [] == NUMBER.findall("".join(row["fnr"] for row in rows))
    assert len([row for row in rows if row["do"] != "REMOVE"]) == len(NUMBER.findall(file.read_text("utf-8-sig")))
    assert 0o600 == file.stat().st_mode & 0o777
    refused(office("worklist", "export", "--reveal", "--json"), 2, "by_missing")
    refused(office("worklist", "export", "--out", file, "--json"), 2, "file_exists")
    with reading(office.home) as tx:
        exported = tx.connection.execute(select(audit.c.actor).where(audit.c.action == "worklist_exported")).scalars()
        assert [account(), "kari"] == list(exported)


def test_signing_as_not_done_needs_a_reason(office: Office) -> None:
    """`not_done` takes a code, the other words take none."""
    office.json("provision")
    line = office.json("worklist")[0]["line"]
    sign = ("worklist", "sign", line, "--by", "kari", "--json", "--as")

    refused(office(*sign, "not_done"), 2, "sign_reason")
    refused(office(*sign, "done", "--reason", "wait"), 2, "sign_reason")
    refused(office(*sign, "perhaps"), 2, "usage")


def test_a_consent_from_list_to_withdrawal(office: Office) -> None:
    """Who could be covered is listed by ids and initials; a consent is pending until confirmed and can be withdrawn."""
    possible = office.json("consent", "list")["possible"]
    told = ("--pupil", possible[0]["pupil_id"], "--guardian", possible[0]["guardian_id"], "--by", "kari")
    given = office.json("consent", "record", *told)
    states = [given["state"]]
    states.append(office.json("consent", "confirm", given["consent"], "--by", "ola")["state"])
    listed = [one for one in office.json("consent", "list")["consents"] if one["consent"] == given["consent"]]
    states.append(office.json("consent", "withdraw", given["consent"], "--by", "kari")["state"])

    assert ["pending", "confirmed", "withdrawn"] == states
    assert [("kari", "ola")] == [(one["recorded_by"], one["confirmed_by"]) for one in listed]
    assert {True} == {bool(re.fullmatch(r"(\w\. ?)+", one["guardian"])) for one in possible}
    refused(
        office("consent", "record", "--pupil", "Ola", "--guardian", "Kari", "--by", "kari", "--json"), 2, "not_linked"
    )


def test_the_analogue_register_names_who_gets_paper(office: Office) -> None:
    """Class, pupil, guardian, why, address and until when; no number, mobile or e-mail."""
    ran = office("analogue", "list", "--json").fine()
    family = office.cases["plain_mail_refusal"].forms[0].first

    assert {"class", "pupil", "guardian", "why", "address", "until", "id"} == set(ran.json[0])
    assert (family.pupil, "refused") in {(one["pupil"], one["why"]) for one in ran.json}
    assert [] == NUMBER.findall(ran.out)
    assert "@" not in ran.out


def test_paper_for_the_register_and_for_a_class(office: Office, tmp_path: Path) -> None:
    """Letters by name with an audit row, a form a pupil of a class; new files of mode 0600, never over an old one."""
    letters, forms = tmp_path / "brev.pdf", tmp_path / "klasse.pdf"
    written = office.json("analogue", "letters", "--out", letters, "--by", "kari")
    register = office.json("analogue", "list")
    class_name = office.json("consent", "list")["possible"][0]["class"]
    printed = office.json("form", "--lang", "nn", "--class", class_name, "--out", forms)

    assert len(register) == written["letters"] + written["address_missing"]
    assert len([one for one in register if "ADDRESS MISSING" in one["address"]]) == written["address_missing"]
    assert printed["pages"] > 1
    assert {0o600} == {file.stat().st_mode & 0o777 for file in (letters, forms)}
    refused(office("form", "--class", class_name, "--out", forms, "--json"), 2, "file_exists")
    refused(office("form", "--class", "9XYZ", "--out", tmp_path / "x.pdf", "--json"), 2, "no_such_class")
    refused(office("form", "--pupil", "P-X", "--out", tmp_path / "x.pdf", "--json"), 2, "no_such_pupil")
    with reading(office.home) as tx:
        noted = tx.connection.execute(select(audit.c.actor).where(audit.c.action == "letters_printed")).scalars()
        assert ["kari"] == list(noted)


# ------------------------------------------------------------------------------------------------------------- answers


def test_answers_are_listed_and_printed_once(office: Office, tmp_path: Path) -> None:
    """The list shows ways and codes, and no address or name; the letters come as one private file, by name in the
    audit, and do not wait any more then."""
    ran = office("answers", "list", "--json").fine()
    letters = [one["message"] for one in ran.json if one["way"] == "letter"]
    file = tmp_path / "answers.pdf"
    printed = office.json("answers", "print", "--out", file, "--by", "kari")
    again = office.json("answers", "print", "--out", tmp_path / "none.pdf", "--by", "kari")

    assert {"message", "kind", "way", "since", "attempts", "language", "corrections"} == set(ran.json[0])
    assert {"mail", "letter"} <= {one["way"] for one in ran.json}
    assert "@" not in ran.out
    assert set() == {word for word in names(office) if word in ran.out}
    assert ({"letters": len(letters)}, {"letters": 0}) == (printed, again)
    assert (0o600, b"%PDF") == (file.stat().st_mode & 0o777, file.read_bytes()[:4])
    assert not (tmp_path / "none.pdf").exists()
    with reading(office.home) as tx:
        query = select(audit.c.actor, audit.c.detail).where(audit.c.action == "answers_printed")
        assert [("kari", f"count={len(letters)}")] == [tuple(row) for row in tx.connection.execute(query)]
    refused(office("answers", "print", "--out", str(file), "--by", "kari", "--json"), 2, "file_exists")


def test_mails_are_sent_by_hand_where_a_server_is_set_up(office: Office, tmp_path: Path) -> None:
    """Without a server that is said, and the mails wait; with one they go, and the list is empty of them."""
    refused(office("answers", "send", "--json"), 1, "smtp_off")
    waiting = [one for one in office.json("answers", "list") if one["way"] == "mail"]
    with mail_server(tmp_path) as server:
        smtp = {"HOST": "localhost", "PORT": str(server.port), "CA_FILE": str(server.ca), "USER": USER, "SENDER": USER}
        told = {f"FORESATT_SMTP_{name}": value for name, value in smtp.items()} | {"FORESATT_SMTP_PASSWORD": PASSWORD}
        checked = office.json("check", env={**office.inbox.environ, **told})
        sent = office.json("answers", "send", env={**office.inbox.environ, **told})

    assert "the mail server takes us in" in {one["detail"] for one in checked["checks"]}
    assert (len(waiting), len(waiting)) == (sent["sent"], len(server.mails))
    assert [] == [one for one in office.json("answers", "list") if one["way"] == "mail"]
    said = " ".join(server.bodies())
    assert set() == {word for word in names(office) if word in said}
    assert [] == NUMBER.findall(said)
