"""Key rings for the tests of this room: real GnuPG homes with short paths, their agents ended afterwards."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures import mail
from tasks.decrypt.pgp import generate_key, make_home, stop_agent


@dataclass(frozen=True)
class Ring:
    """A home and the fingerprint of its one key."""

    home: Path
    fingerprint: str

    def encrypt(self, data: bytes, *options: str, armour: bool = False) -> bytes:
        """`data` encrypted to this ring's key."""
        return mail.encrypt(data, home=self.home, recipients=[self.fingerprint], armour=armour, options=options)

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        """GnuPG's own word on something, in this home."""
        argv = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(argv, input=data, capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(scope="session")
def homes() -> Iterator[list[Path]]:
    """Homes made so far; all are taken down at the end."""
    made: list[Path] = []
    yield made
    for home in made:
        stop_agent(home)
        shutil.rmtree(home, ignore_errors=True)


def new_home(homes: list[Path]) -> Path:
    """A fresh home near the root: the agent's socket path must stay short."""
    homes.append(make_home(Path(tempfile.mkdtemp(dir="/tmp"))))
    return homes[-1]


@pytest.fixture(scope="session")
def school(homes: list[Path]) -> Ring:
    """The school's ring."""
    home = new_home(homes)
    return Ring(home, generate_key(home, "Skolen <post@skolen.example>"))


@pytest.fixture(scope="session")
def stranger(homes: list[Path]) -> Ring:
    """Somebody else's ring."""
    home = new_home(homes)
    return Ring(home, generate_key(home, "Annen <annen@annen.example>"))


@pytest.fixture(scope="session")
def locked(homes: list[Path]) -> Ring:
    """A ring whose key has a passphrase that nobody gave."""
    ring = Ring(new_home(homes), "")
    ring.gpg(
        "--passphrase",
        "hemmelig blåbær",
        "--quick-gen-key",
        "Last <last@skolen.example>",
        "future-default",
        "default",
        "never",
    )
    listing = ring.gpg("--with-colons", "--list-secret-keys").decode().splitlines()
    return Ring(ring.home, next(line.split(":")[9] for line in listing if line.startswith("fpr:")))


@pytest.fixture
def empty_home(homes: list[Path]) -> Path:
    """A home without keys."""
    return new_home(homes)
