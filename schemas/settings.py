"""The settings model: every choice a school makes, with its default and its bounds.

Reading it from TOML and the environment is `store.config`. Secrets are never values here: a setting names the file or
the environment variable that holds one.
"""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Environment = Literal["production", "test"]
Language = Literal["nb", "nn", "en"]


class Section(BaseModel):
    """A part of the settings; an unknown key is a mistake and is said so."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class School(Section):
    """Who the school is."""

    name: str = "Skolen"
    language: Language = Field("nb", description="Language of reasons and lists.")


class Email(Section):
    """The mail channel."""

    source: Path | None = Field(None, description="A Maildir, or a folder of .eml. Default: the home's own Maildir.")
    read_only: bool = Field(False, description="Never move or delete anything at the source.")
    max_bytes: int = Field(25_000_000, gt=0, description="A larger mail is `too_large`, unopened.")
    max_plaintext_bytes: int = Field(60_000_000, gt=0)
    gpg_cpu_seconds: int = Field(20, gt=0)
    gpg_wall_seconds: int = Field(60, gt=0)
    max_depth: int = Field(20, gt=0, description="Depth of nested MIME containers.")
    max_parts: int = Field(200, gt=0)


class Digipost(Section):
    """The Digipost organisation inbox; off while `url` is empty."""

    url: str = Field("", description="API base, for example https://api.digipost.no.")
    broker_id: int = Field(0, ge=0, description="The account that signs.")
    sender_id: int = Field(0, ge=0, description="Whose inbox.")
    key_file: Path | None = Field(None, description="PEM file with the RSA key registered at Digipost; mode 0600.")
    content_hosts: tuple[str, ...] = Field(
        ("digipostdata.no", "digipost.no"), description="Where content may be fetched."
    )
    timeout_seconds: float = Field(10.0, gt=0)
    max_bytes: int = Field(25_000_000, gt=0)


class Post(Section):
    """The scan folder."""

    folder: Path | None = Field(None, description="Where the scanner puts files. Default: the home's own folder.")
    read_only: bool = False
    max_bytes: int = Field(50_000_000, gt=0)
    stable_seconds: float = Field(2.0, ge=0, description="A file that changed more recently is still being written.")
    tessdata: Path = Field(Path("/usr/share/tesseract-ocr/5/tessdata"), description="Tesseract's language files.")
    max_pages: int = Field(20, gt=0)
    max_pixels: int = Field(60_000_000, gt=0, description="Pixels of one page.")


class Evidence(Section):
    """What may prove that a guardian and a number belong to a pupil, in the domain's order. A steward always may."""

    roster: bool = True
    register_on: bool = Field(False, description="Folkeregisteret. Not built yet: switching it on is refused.")


class Identity(Section):
    """How identity numbers are judged."""

    accept_2032_from: date = date(2032, 1, 1)
    plus40: Literal["h_number", "nav"] | None = None


class Retention(Section):
    """How long, and which reading of the calendar."""

    leap_day: Literal["28_february", "1_march"] = Field("28_february", description="When 29 February turns 18.")
    between_years_until: str = Field("09-01", pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
    originals_days: int = Field(30, ge=0, le=90)
    held_days: int = Field(90, ge=1, le=90)
    source_copy_days: int | Literal["leave"] = Field(7, description="0 to 7, or leave.")
    reduce_number_after_signoff: bool = True
    tombstone_months: int = Field(13, ge=1)


class Worklist(Section):
    """The Visma InSchool work list."""

    show_days_ahead: int = Field(14, ge=0)


class Intake(Section):
    """The queue's numbers."""

    batch_size: int = Field(200, gt=0)
    lease_seconds: int = Field(600, gt=0)
    max_attempts: int = Field(3, gt=0)


class RosterGuard(Section):
    """When a roster looks broken rather than changed."""

    max_gone_share: float = Field(0.02, ge=0, le=1)
    max_gone_count: int = Field(10, ge=0, description="More than the larger of the two stops the import.")


class Prefect(Section):
    """The orchestrator; with no `api_url` foresatt starts a server of its own on loopback."""

    api_url: str = ""
    api_auth_env: str = Field("FORESATT_PREFECT_AUTH", description="Environment variable holding user:password.")
    history_days: int = Field(30, ge=1)


class Settings(Section):
    """All of them."""

    environment: Environment = "production"
    school: School = School()
    email: Email = Email()
    digipost: Digipost = Digipost()
    post: Post = Post()
    evidence: Evidence = Evidence()
    identity: Identity = Identity()
    retention: Retention = Retention()
    worklist: Worklist = Worklist()
    intake: Intake = Intake()
    roster: RosterGuard = RosterGuard()
    prefect: Prefect = Prefect()
