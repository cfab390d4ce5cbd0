"""The home: where the embedded default keeps everything, folder by folder.

Keys and the deletion ledger lie apart from the database on purpose: a backup of the store must not carry the keys
that open it, nor lose what was erased since.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import NotReady, UsageFault


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one folder of mode 0700."""

    root: Path

    @property
    def database(self) -> Path:
        """The store itself."""
        return self.root / "store" / "foresatt.db"

    @property
    def deletions(self) -> Path:
        """The deletion ledger, a file of its own outside the store's backup."""
        return self.root / "ledger" / "deletions.db"

    @property
    def heads(self) -> Path:
        """Where the audit's newest row is written down every night, unless the settings name a better place."""
        return self.root / "ledger" / "audit-heads.txt"

    @property
    def keyring(self) -> Path:
        """The key file of the embedded KeyRing."""
        return self.root / "keys" / "keyring.json"

    @property
    def staff_keys(self) -> Path:
        """Public keys of staff, unless the settings name another folder."""
        return self.root / "keys" / "staff"

    @property
    def gnupg(self) -> Path:
        """GnuPG's home with the school's secret key."""
        return self.root / "gnupg"

    @property
    def mail(self) -> Path:
        """The default Maildir."""
        return self.root / "mail"

    @property
    def scans(self) -> Path:
        """The default scan folder."""
        return self.root / "scans"

    @property
    def prefect(self) -> Path:
        """What the local Prefect server keeps: run history, never a person."""
        return self.root / "prefect"

    @property
    def settings(self) -> Path:
        """The settings file that `foresatt init` writes."""
        return self.root / "foresatt.toml"

    @property
    def mappings(self) -> Path:
        """How the columns of the school's lists are called: names of columns, never what stands in them."""
        return self.root / "mappings"

    @property
    def exists(self) -> bool:
        """Whether there is a home here: the deletion ledger is the one file that every home has."""
        return self.deletions.is_file()

    def folders(self) -> tuple[Path, ...]:
        """Every folder that `make` creates."""
        return (
            self.root,
            self.database.parent,
            self.deletions.parent,
            self.keyring.parent,
            self.scans,
            self.prefect,
        )

    def make(self) -> None:
        """Create the folders, 0700. Raises `UsageFault` where a home or a file stands there already."""
        if self.exists or self.database.exists() or self.keyring.exists():
            raise UsageFault("home_exists", "there is a home here already", "choose another --home, or use this one")
        for folder in self.folders():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    def require(self) -> None:
        """Raise `NotReady` unless a home is here and nobody else can read it."""
        if not self.exists:
            if self.keyring.exists() or self.database.exists():
                raise NotReady("ledger_missing", "the deletion ledger is not there", "put its newest copy back first")
            raise NotReady("no_home", "there is no foresatt home here", "run: foresatt init (or name one with --home)")
        mode = stat.S_IMODE(self.root.stat().st_mode)
        if mode & 0o077:
            raise NotReady("home_readable", "the home can be read by other accounts", "run: chmod 700 on the home")


def private_write(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600; `UsageFault` where it exists."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageFault("file_exists", "the file exists already", "choose another name") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file in one step, durably: a crash leaves the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)  # of a run that was killed
    private_write(beside, data)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
