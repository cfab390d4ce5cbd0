"""The settings model: every choice a school makes, with its default and its bounds.

Reading it from TOML and the environment is `store.config`. Secrets are never values here: a setting names the file or
the environment variable that holds one.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

REGISTER_PARTS = (
    "identifikasjonsnummer", "navn", "foedsel", "status", "doedsfall", "foreldreansvar", "adressebeskyttelse",
    "falskIdentitet", "vergemaalEllerFremtidsfullmakt",
)  # fmt: skip
"""What the rule of guardianship looks at, and nothing else."""
Environment = Literal["production", "test"]
Language = Literal["nb", "nn", "en"]
WorklistField = Literal["pupil", "class", "guardian", "mobile", "email", "fnr"]


class Section(BaseModel):
    """A part of the settings; an unknown key is a mistake and is said so."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class School(Section):
    """Who the school is."""

    name: str = Field("Skolen", description="The school's name.")
    digipost: str = Field("wang#V16M", description="The school's Digipost address, as the form gives it.")
    email: str = Field("info@wang.no", description="Where encrypted e-mail goes, as the form gives it.")
    language: Language = Field("nb", description="Language of reasons and next steps: bokmål, nynorsk or English.")


class Email(Section):
    """The mail channel."""

    source: Path | None = Field(
        None,
        description="A Maildir, or a folder of .eml or an mbox file (which are never touched). Goes before `imap`. "
        "Default: `mail` in the home.",
    )
    read_only: bool = Field(False, description="Never move, flag or delete a mail.")
    max_bytes: int = Field(25_000_000, gt=0, description="A larger mail is `too_large` and is not opened.")
    max_plaintext_bytes: int = Field(60_000_000, gt=0, description="All that one mail may hold once decrypted.")
    gpg_cpu_seconds: int = Field(20, gt=0, description="Processor time of one GnuPG call.")
    gpg_wall_seconds: int = Field(60, gt=0, description="Time for opening one mail, all its parts together.")
    max_depth: int = Field(20, gt=0, description="Depth of nested MIME containers.")
    max_parts: int = Field(200, gt=0, description="Parts of one mail.")


class Imap(Section):
    """The mailbox on an IMAP server; off while `host` is empty. Always over TLS, the certificate checked."""

    host: str = Field("", description="The mail server's name, as its certificate says it.")
    port: int = Field(993, gt=0, lt=65536, description="Where it speaks IMAP over TLS.")
    ca_file: Path | None = Field(None, description="PEM file of the authorities to trust instead of the system's.")
    user: str = Field("", description="The mailbox: mostly its address.")
    login: Literal["password", "xoauth2"] = Field(
        "password", description="How to log in: with a password, or with a token as Microsoft 365 asks for."
    )
    password_env: str = Field("FORESATT_IMAP_PASSWORD", description="Environment variable that holds the password.")
    password_file: Path | None = Field(
        None, description="File (mode 0600) that holds the password; goes before the variable."
    )
    tenant: str = Field("", description="With a token: the organisation's id at Microsoft, or its domain.")
    client_id: str = Field("", description="With a token: the id of the registered program.")
    key_file: Path | None = Field(None, description="With a token: PEM file (mode 0600) with the program's RSA key.")
    certificate_file: Path | None = Field(None, description="With a token: PEM file with the certificate of that key.")
    scope: str = Field("https://outlook.office365.com/.default", description="With a token: what it is to open.")
    token_url: str = Field("", description="Where tokens are given. Default: Microsoft's address for the tenant.")
    token_ca_file: Path | None = Field(None, description="As `ca_file`, for where tokens are given.")
    folder: str = Field("INBOX", description="The folder that is read.")
    done_folder: str = Field("Ferdig", description="Where a mail is moved once it is taken in and decided.")
    review_folder: str = Field("Til skolen", description="The same, where a person has to look at what it holds.")
    since: date | None = Field(None, description="Mail that came before this day is not looked at.")
    timeout_seconds: float = Field(30.0, gt=0, description="Patience with one answer.")
    poll_seconds: float = Field(
        300.0, gt=0, description="`intake email --watch` looks at least this often, whether the server tells or not."
    )


class Smtp(Section):
    """The mail server that answers are handed to; off while `host` is empty. Always over TLS, the certificate
    checked."""

    host: str = Field("", description="The mail server's name, as its certificate says it.")
    port: int = Field(587, gt=0, lt=65536, description="Where it takes mail from its users.")
    security: Literal["starttls", "tls"] = Field(
        "starttls", description="TLS after a greeting (port 587), or from the first byte (port 465)."
    )
    ca_file: Path | None = Field(None, description="PEM file of the authorities to trust instead of the system's.")
    user: str = Field("", description="Who logs in; nobody while empty.")
    password_env: str = Field("FORESATT_SMTP_PASSWORD", description="Environment variable that holds the password.")
    password_file: Path | None = Field(
        None, description="File (mode 0600) that holds the password; goes before the variable."
    )
    sender: str = Field("", description="The address that answers come from.")
    timeout_seconds: float = Field(30.0, gt=0, description="Patience with one answer.")


class Digipost(Section):
    """The Digipost organisation inbox; off while `url` is empty."""

    url: str = Field("", description="Base address of the API, for example https://api.digipost.no.")
    broker_id: int = Field(0, ge=0, description="The Digipost account that signs the requests.")
    sender_id: int = Field(0, ge=0, description="The Digipost account whose inbox is read.")
    key_file: Path | None = Field(
        None, description="PEM file (mode 0600) with the RSA key whose certificate is registered at Digipost."
    )
    content_hosts: tuple[str, ...] = Field(
        ("digipostdata.no", "digipost.no"),
        description="Hosts, with those below them, from which content may be fetched.",
    )
    timeout_seconds: float = Field(10.0, gt=0, description="Patience with one answer.")
    max_bytes: int = Field(25_000_000, gt=0, description="A larger document is `too_large`.")


class Post(Section):
    """The scan folder. The bounds on pages and pixels also hold for documents that came by mail and Digipost."""

    folder: Path | None = Field(None, description="Where the scanner puts its files. Default: `scans` in the home.")
    read_only: bool = Field(False, description="Never move or delete a scan.")
    max_bytes: int = Field(50_000_000, gt=0, description="A larger file is `too_large`.")
    stable_seconds: float = Field(2.0, ge=0, description="A file that changed more recently waits for the next run.")
    done_suffix: str = Field(
        "",
        pattern=r"^(\.[A-Za-z0-9_-]+)?$",
        description="How a scanner's done-markers end: with `.done`, `a.pdf` waits for `a.pdf.done` or `a.done`.",
    )
    tessdata: Path = Field(
        Path("/usr/share/tesseract-ocr/5/tessdata"), description="Folder of Tesseract's language files."
    )
    max_pages: int = Field(20, gt=0, description="Pages of one document.")
    max_pixels: int = Field(60_000_000, gt=0, description="Pixels of one page.")
    read_seconds: float = Field(120.0, gt=0, description="Time for reading one document; then it is `too_large`.")
    read_memory_mb: int = Field(4_000, ge=2_000, description="Address space of the process that reads documents.")


class Folkeregister(Section):
    """Folkeregisteret, by Maskinporten; off by default, since an independent school often has no right to ask it. It is
    asked only once the legal basis, who decided and when are filled in too."""

    on: bool = Field(False, description="Whether Folkeregisteret may be asked, and may prove a link.")
    legal_basis: str = Field("", description="The provision that lets the school ask it, in its own words.")
    decided_by: str = Field("", description="Who at the school decided that: a role or a staff id.")
    decided_on: date | None = Field(None, description="The day on which it was decided.")
    url: str = Field(
        "",
        description="Where the register answers: https. Default: Skatteetaten's own, for test in a test store. KS "
        "Fiks: https://api.fiks.ks.no.",
    )
    prefix: str = Field(
        "folkeregisteret/offentlig-med-hjemmel/api",
        description="The path before `v1/`, by the rights package. KS Fiks: folkeregister/api/v1/ and the role's id.",
    )
    parts: tuple[str, ...] = Field(
        REGISTER_PARTS,
        description="What is asked for of each person: these at least. An address part (bostedsadresse, …) adds its "
        "own grading to the check, and brings addresses that are not needed.",
    )
    scope: str = Field(
        "folkeregister:deling/offentligmedhjemmel", description="The right that Maskinporten gives. KS Fiks: ks:fiks."
    )
    client_id: str = Field("", description="The id of the school's client at Maskinporten.")
    key_file: Path | None = Field(None, description="PEM file (mode 0600) with the client's RSA key.")
    key_id: str = Field("", description="The id (kid) under which that key is registered at Maskinporten.")
    certificate_file: Path | None = Field(
        None, description="Instead of `key_id`: PEM file with the company certificate of the key and its whole chain."
    )
    consumer_org: str = Field(
        "",
        pattern=r"^(\d{9})?$",
        description="The school's organisation number, where a supplier's client asks for it.",
    )
    issuer: str = Field(
        "", description="Who gives tokens. Default: https://maskinporten.no/, in a test store its test environment."
    )
    token_ca_file: Path | None = Field(None, description="PEM file of the authorities to trust there.")
    ca_file: Path | None = Field(None, description="PEM file of the authorities to trust for `url`.")
    integration_id: str = Field("", description="KS Fiks: IntegrasjonId, sent as a header.")
    integration_password_env: str = Field(
        "FORESATT_FOLKEREGISTER_PASSWORD", description="KS Fiks: environment variable that holds IntegrasjonPassord."
    )
    integration_password_file: Path | None = Field(
        None, description="File (mode 0600) that holds it; goes before the variable."
    )
    timeout_seconds: float = Field(30.0, gt=0, description="Patience with one answer.")


class Evidence(Section):
    """What else may prove that a guardian and a number belong to a pupil. Folkeregisteret goes before it, and a steward
    always may."""

    roster: bool = Field(
        True, description="The school's list may: it names the guardian, and the number, mobile or e-mail agrees."
    )
    reference_days: int = Field(
        90,
        ge=1,
        le=365,
        description="Days that the one-time reference in a letter to a guardian is worth something: with it, the list's"
        " name is enough. Never past the pupil's own due date.",
    )


class Identity(Section):
    """How identity numbers are judged."""

    accept_2032_from: date = Field(
        date(2032, 1, 1), description="Numbers that only the check-digit rule of 2032 allows are taken from this day."
    )
    plus40: Literal["h_number", "nav"] | None = Field(
        None, description="What a number with 40 added to the month is. Unset: well formed, and never taken."
    )


class Retention(Section):
    """How long, and which reading of the calendar."""

    leap_day: Literal["28_february", "1_march"] = Field(
        "28_february", description="When somebody born on 29 February turns 18."
    )
    between_years_until: str = Field(
        "09-01",
        pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        description="Month and day until which a pupil whose school year ended in summer is waited for.",
    )
    originals_days: int = Field(
        30, ge=0, le=90, description="Days that a sealed original is kept after the last decision on it."
    )
    held_days: int = Field(
        90, ge=1, le=90, description="Days after receipt that an open or unreadable form is kept at most."
    )
    source_copy_days: Annotated[int, Field(ge=0, le=7)] | Literal["leave"] = Field(
        7,
        description="Days after the decision that the copy at its source is deleted: 0 to 7, or `leave`.",
    )
    reduce_number_after_signoff: bool = Field(
        True, description="Once an ADD line is signed off, keep only the number's keyed look-up value."
    )
    tombstone_months: int = Field(
        13,
        ge=1,
        description="Months that outcome and keyed digest of a delivery are kept. Longer than any backup lives.",
    )


class Worklist(Section):
    """The Visma InSchool work list."""

    show_days_ahead: int = Field(14, ge=0, description="Days before its date that a REMOVE line shows.")
    fields: tuple[WorklistField, ...] = Field(
        ("pupil", "class", "guardian", "mobile", "email", "fnr"),
        description="What a line shows, in the order of your Visma InSchool screen. All six, each once.",
    )
    alarm_days: int = Field(
        2, ge=1, description="Working days past its date from which an open REMOVE line fails `foresatt check`."
    )
    red_days: int = Field(
        5, ge=1, description="Working days past its date from which it also makes every `foresatt provision` red."
    )

    @field_validator("fields")
    @classmethod
    def _all_of_them(cls, told: tuple[WorklistField, ...]) -> tuple[WorklistField, ...]:
        if sorted(told) != sorted(get_args(WorklistField)):
            raise ValueError("each field once")
        return told


class Analogue(Section):
    """Paper for those who refused, have no number, or wait too long for a person."""

    tick_days: int = Field(
        5, ge=1, description="Working days in which school information on paper must be sent and ticked off."
    )
    address_days: int = Field(5, ge=1, description="Working days in which a missing address must be found.")
    review_days: int = Field(
        10, ge=1, description="Working days that a proven guardian may wait for a person before paper is owed."
    )


class OneRoster(Section):
    """The OneRoster export; off by default, since the school's letter says that the data are for login and shared with
    nobody. It is made only once all that the school has to decide is filled in."""

    on: bool = Field(False, description="Whether `foresatt oneroster export` may write anything.")
    recipient: str = Field("", description="Who gets it. Another recipient gets other ids.")
    purpose: str = Field("", description="What for, in the school's own words.")
    processor_agreement: str = Field("", description="Where the data processor agreement with the recipient is filed.")
    decided_by: str = Field("", description="Who at the school decided it: a role or a staff id.")
    decided_on: date | None = Field(None, description="The day on which it was decided.")
    version: Literal["1.1", "1.2"] = Field("1.1", description="Which OneRoster the recipient reads.")
    guardian_role: Literal["guardian", "parent", "relative"] = Field(
        "guardian", description="The role under which guardians stand."
    )
    contact: bool = Field(False, description="Whether guardians' mobile and e-mail are told.")
    identity_number: bool = Field(
        False, description="Whether guardians' identity numbers are told, as far as they are still kept."
    )


class Intake(Section):
    """The queue's numbers."""

    batch_size: int = Field(200, gt=0, description="Submissions worked on together.")
    lease_seconds: int = Field(
        600, gt=0, description="How long a batch is reserved for one worker. A dead worker's is free sooner."
    )
    max_attempts: int = Field(
        3, gt=0, description="Attempts at a submission that fails alone, before a person is asked."
    )


class RosterSettings(Section):
    """The school's list, and when it looks broken rather than changed: more pupils gone, ended at once, or with other
    birth dates, names or guardians than the larger of the two limits."""

    file: Path | None = Field(
        None,
        description="What the nightly run takes in: a list as CSV or XLSX, a OneRoster zip, PIFU XML, or a folder of "
        "saved FINT files. Unset: FINT where it is set up, else nothing.",
    )
    mapping: str = Field("", description="The saved mapping of its columns. Default: proposed from their names.")
    school: str = Field(
        "", description="Where the source tells of several schools, ours: its number, id or name as it stands there."
    )
    year_starts: date | None = Field(
        None, description="First day of the school year, for lists that do not say when an enrolment starts."
    )
    year_ends: date | None = Field(
        None, description="Its last day, for the same lists. Unset: open, until the list no longer names the pupil."
    )
    max_gone_share: float = Field(0.02, ge=0, le=1, description="Share of the known pupils.")
    max_gone_count: int = Field(10, ge=0, description="Number of pupils.")
    held_days: int = Field(7, ge=1, le=30, description="Days that a held list is kept, sealed, for a person.")
    max_bytes: int = Field(100_000_000, gt=0, description="A larger file is refused, as it lies and unpacked.")
    max_rows: int = Field(1_000_000, gt=0, description="Rows of one table.")


class Fint(Section):
    """FINT's education resources, of county schools; off while `url` is empty. `roster.school` names the school."""

    url: str = Field("", description="Base address of the API, for example https://api.felleskomponent.no.")
    token_url: str = Field("", description="Where tokens are given, as FINT's customer portal says it.")
    ca_file: Path | None = Field(None, description="PEM file of the authorities to trust instead of the system's.")
    client_id: str = Field("", description="The client's id, from the customer portal.")
    client_secret_env: str = Field(
        "FORESATT_FINT_CLIENT_SECRET", description="Environment variable that holds the client's secret."
    )
    client_secret_file: Path | None = Field(
        None, description="File (mode 0600) that holds it; goes before the variable."
    )
    username: str = Field("", description="The service user.")
    password_env: str = Field("FORESATT_FINT_PASSWORD", description="Environment variable that holds its password.")
    password_file: Path | None = Field(None, description="File (mode 0600) that holds it; goes before the variable.")
    scope: str = Field("fint-client", description="What the token is to open.")
    page_size: int = Field(1_000, gt=0, description="Resources of one answer.")
    full_days: int = Field(
        1, ge=1, le=7, description="Days after which everything is read again; between, only what changed."
    )
    timeout_seconds: float = Field(60.0, gt=0, description="Patience with one answer.")


class Prefect(Section):
    """The orchestrator; with no `api_url` foresatt starts a server of its own on loopback."""

    api_url: str = Field("", description="A Prefect server of your own: https, or loopback.")
    api_auth_env: str = Field("FORESATT_PREFECT_AUTH", description="Environment variable that holds its user:password.")
    history_days: int = Field(30, ge=1, description="How long finished runs stay to be seen.")


class StoreSettings(Section):
    """Where everything is kept; with no `url`, in an SQLite file in the home."""

    url: str = Field(
        "", description="A PostgreSQL database, without password: postgresql://foresatt@db.skole.no/foresatt."
    )
    password_env: str = Field(
        "FORESATT_STORE_PASSWORD", description="Environment variable that holds the database's password."
    )


class KeySettings(Section):
    """Who holds the keys that open everything else (`store.keyfile`)."""

    kind: Literal["file", "passphrase", "environment", "transit"] = Field(
        "file",
        description="How the key file is kept: as it is; sealed under a passphrase; sealed under a key of 32 bytes in "
        "base64; or by a service that speaks Vault's transit protocol, which then holds the key-encryption keys.",
    )
    file: Path | None = Field(None, description="The key file. Default: in the home, apart from the store.")
    secret_env: str = Field(
        "FORESATT_KEYS_SECRET", description="Environment variable that holds the passphrase or the key."
    )
    secret_file: Path | None = Field(None, description="File (mode 0600) that holds it instead.")
    transit_url: str = Field("", description="Address of the key service: https, or loopback.")
    transit_mount: str = Field("transit", description="Where the transit engine is mounted.")
    transit_key: str = Field("foresatt", pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Name of the key there.")
    transit_token_env: str = Field(
        "FORESATT_TRANSIT_TOKEN", description="Environment variable that holds the token for it."
    )
    transit_ca_file: Path | None = Field(None, description="Authority that its certificate is checked against.")
    keep_old_days: int = Field(
        30, ge=0, description="Days after a rotation that the old key is kept. A backup older than that is dead."
    )
    rotate_days: int = Field(
        90, ge=1, description="Age of a key epoch, in days, from which `foresatt check` asks for a rotation."
    )


class Staff(Section):
    """Who at the school may see more than the others."""

    restricted: tuple[str, ...] = Field(
        (), description="Staff ids of those who take care of protected families. Nobody else is shown anything of them."
    )
    keys: Path | None = Field(
        None,
        description="Folder with the public OpenPGP keys of staff, a file each, named by staff id: kari.asc. Files for "
        "a named person are encrypted to them. Default: `keys/staff` in the home.",
    )


class AuditSettings(Section):
    """The audit chain."""

    head_file: Path | None = Field(
        None,
        description="Where its newest row is written down every night, best where the database's owner cannot write. "
        "Default: beside the deletion ledger.",
    )


class Settings(Section):
    """All of them."""

    environment: Environment = Field(
        "production",
        description="production takes no synthetic identity number, test takes only those. Stamped into the store.",
    )
    school: School = School()
    store: StoreSettings = StoreSettings()
    keys: KeySettings = KeySettings()
    audit: AuditSettings = AuditSettings()
    staff: Staff = Staff()
    email: Email = Email()
    imap: Imap = Imap()
    smtp: Smtp = Smtp()
    digipost: Digipost = Digipost()
    post: Post = Post()
    folkeregister: Folkeregister = Folkeregister()
    evidence: Evidence = Evidence()
    identity: Identity = Identity()
    retention: Retention = Retention()
    worklist: Worklist = Worklist()
    analogue: Analogue = Analogue()
    oneroster: OneRoster = OneRoster()
    intake: Intake = Intake()
    roster: RosterSettings = RosterSettings()
    fint: Fint = Fint()
    prefect: Prefect = Prefect()
