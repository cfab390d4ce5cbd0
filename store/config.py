"""Reading settings: TOML first, the environment over it, then one look at the whole by `schemas.settings`.

Order for the file: `--config`, FORESATT_CONFIG, `foresatt.toml` in the working folder, the home's own, the user's
config folder. Order for the home: `--home`, FORESATT_HOME, the folder of the settings file that `init` wrote, else
`~/.local/share/foresatt`.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from schemas.errors import UsageFault
from schemas.settings import Settings
from store.home import Home

RESERVED: Final = frozenset(
    {
        "FORESATT_CONFIG",
        "FORESATT_FINT_CLIENT_SECRET",
        "FORESATT_FINT_PASSWORD",
        "FORESATT_HOME",
        "FORESATT_IMAP_PASSWORD",
        "FORESATT_KEYS_SECRET",
        "FORESATT_PREFECT_AUTH",
        "FORESATT_FOLKEREGISTER_PASSWORD",
        "FORESATT_SMTP_PASSWORD",
        "FORESATT_STORE_PASSWORD",
        "FORESATT_TRANSIT_TOKEN",
    }
)

LISTS: Final = frozenset({"content_hosts", "fields", "parts", "restricted"})
"""Settings that are several words; in the environment with commas between."""


@dataclass(frozen=True, slots=True)
class House:
    """Where this run lives and how it is set."""

    home: Home
    settings: Settings
    config: Path | None


def load(config: Path | None = None, home: Path | None = None, environ: Mapping[str, str] = os.environ) -> House:
    """The settings and the home of this run. Raises `UsageFault` naming the setting that is wrong, never its value."""
    home_given = home or (Path(environ["FORESATT_HOME"]) if environ.get("FORESATT_HOME") else None)
    file = _config_file(config, home_given, environ)
    values = _read(file) if file else {}
    home_in_file = values.pop("home", None)
    if home_given is None and isinstance(home_in_file, str) and file is not None:
        home_given = file.parent / Path(home_in_file).expanduser()
    root = (home_given or Path.home() / ".local" / "share" / "foresatt").absolute()
    if file is None and (root / "foresatt.toml").is_file():
        file = root / "foresatt.toml"
        values = _read(file)
        values.pop("home", None)
    _overlay(values, environ)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as fault:
        wrong = [
            (".".join(map(str, e["loc"])), e["type"]) for e in fault.errors(include_input=False, include_url=False)
        ]
        listed = ", ".join(f"{where} ({kind})" for where, kind in wrong)
        raise UsageFault(
            "setting_wrong", f"settings that cannot be: {listed}", "see docs/operators/settings.md"
        ) from None
    return House(Home(root), settings, file)


def _config_file(config: Path | None, home: Path | None, environ: Mapping[str, str]) -> Path | None:
    named = config or (Path(environ["FORESATT_CONFIG"]) if environ.get("FORESATT_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise UsageFault("config_missing", "the settings file named does not exist", "check --config")
        return named.absolute()
    folders = (
        [home] if home else [Path.cwd(), Path(environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "foresatt"]
    )
    return next((f / "foresatt.toml" for f in folders if (f / "foresatt.toml").is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UsageFault(
            "config_unreadable", "the settings file is not valid TOML", "mend it, or run init anew"
        ) from None


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """FORESATT_ENVIRONMENT sets a top-level value, FORESATT_EMAIL_SOURCE the `source` of the section `email`."""
    sections = {n: f.annotation for n, f in Settings.model_fields.items()}
    for name, value in environ.items():
        if not name.startswith("FORESATT_") or name in RESERVED:
            continue
        key = name.removeprefix("FORESATT_").lower()
        if key == "environment":
            values[key] = value
            continue
        section, _, field = key.partition("_")
        kind = sections.get(section)
        fields = getattr(kind, "model_fields", {})
        if field not in fields:
            raise UsageFault("setting_unknown", f"{name} names no setting", "see docs/operators/settings.md")
        if not isinstance(values.setdefault(section, {}), dict):
            raise UsageFault("setting_wrong", f"settings that cannot be: {section}", "see docs/operators/settings.md")
        values[section][field] = [v for v in value.split(",") if v] if field in LISTS else value


TEMPLATE: Final = """\
# foresatt: settings. Every value can also come from the environment: FORESATT_SECTION_KEY.
# Secrets never stand here; a setting names the file or the variable that holds one.

environment = "{environment}"   # production takes real identity numbers only, test only synthetic ones
home = "."

[school]
name = "{school}"
language = "nb"             # nb, nn or en

[store]
# url = "postgresql://foresatt@db.skole.no/foresatt"   # default: an SQLite file in the home

[email]
# source = "/path/to/Maildir"   # default: the home's own Maildir

[imap]                        # the mailbox on a mail server, instead of a Maildir
# host = "imap.example.org"
# user = "skjema@example.org"
# password_file = "keys/imap.password"

[smtp]                        # who hands on the answers; without it they wait
# host = "smtp.example.org"
# user = "skjema@example.org"
# sender = "skjema@example.org"
# password_file = "keys/smtp.password"

[digipost]
# url = "https://api.digipost.no"
# broker_id = 0
# sender_id = 0
# key_file = "keys/digipost.pem"

[post]
# folder = "/path/to/scans"     # default: the home's own folder

[staff]
# restricted = ["kari"]         # staff ids of those who take care of protected families

[folkeregister]                 # Folkeregisteret; see docs/operators/register.md before you switch it on
on = false
# legal_basis = "..."         # the provision that lets the school ask
# decided_by = "rektor"
# decided_on = 2026-08-17
# client_id = "..."           # at Maskinporten
# key_file = "keys/maskinporten.pem"
# key_id = "..."

[evidence]
roster = true               # the school's own list may prove a link, with number, mobile or e-mail

[roster]                      # what the nightly run takes in; see docs/operators/roster.md
# file = "/path/to/elever.csv"
# mapping = "skolen"
# year_starts = 2026-08-17    # for lists that do not say when an enrolment starts

[retention]
leap_day = "28_february"    # when somebody born on 29 February turns 18
originals_days = 30
held_days = 90
source_copy_days = 7        # 0 to 7, or "leave"
"""
