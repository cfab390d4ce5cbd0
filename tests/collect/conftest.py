"""The desk that the tests of collecting work at (see `support_store`), and a mail server."""

from collections.abc import Iterator

import pytest
from support_mailbox import Mailbox
from support_store import desk, template

from fixtures.dovecot import PASSWORD, Dovecot, dovecot

__all__ = ["desk", "template"]


@pytest.fixture(scope="session")
def server() -> Iterator[Dovecot]:
    """A real mail server, the same for all; every mailbox on it is one test's own."""
    with dovecot() as made:
        yield made


@pytest.fixture
def mailbox(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """An empty mailbox, and its password where the settings look for it."""
    monkeypatch.setenv("FORESATT_IMAP_PASSWORD", PASSWORD)
    return Mailbox(server)
