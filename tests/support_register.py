"""Folkeregisteret and Maskinporten as the tests have them: both stand-ins over TLS, and settings that lead there.

Belongs here: starting them once, and putting them back as they were. Does not belong here: any expectation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from support_store import Family

from fixtures.certificates import key_pem
from fixtures.freg import PREFIX, FregStandIn
from fixtures.freg_people import Document, family
from fixtures.maskinporten import CLIENT, SCOPE, MaskinportenStandIn
from schemas.settings import Folkeregister

DECIDED = {"legal_basis": "forskrift, paragraf 1", "decided_by": "rektor", "decided_on": "2026-08-17"}


@dataclass
class Registry:
    """Both stand-ins, and the school's registered key."""

    tokens: MaskinportenStandIn
    freg: FregStandIn
    key: Path
    public: rsa.RSAPublicKey

    def settings(self, **more: Any) -> dict[str, Any]:
        """The section of the settings that leads here."""
        told = {
            "on": True,
            **DECIDED,
            "url": self.freg.url,
            "client_id": CLIENT,
            "key_file": str(self.key),
            "key_id": "school",
            "issuer": self.tokens.issuer,
            "token_ca_file": str(self.tokens.ca),
            "ca_file": str(self.tokens.ca),
        }
        return {**told, **more}

    def chosen(self, **more: Any) -> Folkeregister:
        """The same as a settings section."""
        return Folkeregister.model_validate(self.settings(**more))

    @property
    def environ(self) -> dict[str, str]:
        """The same as variables."""
        told = {name: str(value).lower() if value is True else value for name, value in self.settings().items()}
        return {f"FORESATT_FOLKEREGISTER_{name.upper()}": value for name, value in told.items()}

    def enter(self, home: Family, kind: str = "felles") -> list[Document]:
        """A family of the desk's, in the register too."""
        documents = family(home.pupil, *home.adults, kind=kind)
        self.freg.add(documents)
        return documents

    def asked(self, path: str = "") -> list[tuple[str, str, dict[str, list[str]], Any]]:
        """The requests that reached the register, those whose path holds `path`."""
        return [one for one in self.freg.requests if path in one[1]]

    def reset(self) -> None:
        """As at first, without people."""
        freg, tokens = self.freg, self.tokens
        for kept in (freg.people, freg.merged, freg.events, freg.faults, freg.leaves_out, freg.revoked):
            kept.clear()
        freg.requests.clear()
        freg.seen.clear()
        freg.prefix, freg.scope, freg.oldest, freg.page, freg.shuffles, freg.role = PREFIX, SCOPE, 0, 1_000, False, None
        freg.unchanged = 0
        tokens.scopes, tokens.delegated, tokens.expired = {SCOPE}, set(), set()
        tokens.keys = {"school": self.public}
        tokens.skew, tokens.broken, tokens.down, tokens.lives = 0.0, None, False, None
        tokens.refused.clear()
        tokens.grants.clear()


@pytest.fixture(scope="session")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Both, started once."""
    folder = tmp_path_factory.mktemp("register")
    key = rsa.generate_private_key(65537, 2048)
    file = folder / "school.pem"
    file.write_bytes(key_pem(key))
    file.chmod(0o600)
    with MaskinportenStandIn(folder) as tokens, FregStandIn(tokens) as freg:
        yield Registry(tokens, freg, file, key.public_key())


@pytest.fixture
def registry(registries: Registry) -> Registry:
    """Both, as at first."""
    registries.reset()
    return registries
