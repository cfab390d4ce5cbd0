"""Logging in with a token: a strict stand-in of the identity provider, and a real Dovecot that asks it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support_mailbox import Mailbox, mail
from support_store import settings

from fixtures.certificates import client
from fixtures.dovecot import Dovecot, dovecot
from fixtures.oauth import CLIENT, TokenStandIn
from schemas.errors import ForesattError, NotReady, OutsideFault
from schemas.settings import Imap
from store.token import MICROSOFT, Tokens
from tasks.collect.imap_login import imap_channel


@dataclass
class Tenant:
    """A provider with a registered certificate, and the mail server that believes it."""

    standin: TokenStandIn
    server: Dovecot
    certificate: Path
    key: Path

    def chosen(self, box: Mailbox | None = None, **more: Any) -> Imap:
        """The settings that lead here."""
        files = {"key_file": self.key, "certificate_file": self.certificate, "token_ca_file": self.standin.ca}
        told = {"login": "xoauth2", "client_id": CLIENT, "token_url": self.standin.url, **files, **more}
        return (box or Mailbox(self.server)).chosen(**told)


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """One provider and one mail server for this file."""
    folder = tmp_path_factory.mktemp("tenant")
    certificate, key = client(folder)
    with TokenStandIn(folder, certificate) as standin, dovecot(standin.introspection) as server:
        yield Tenant(standin, server, certificate, key)


@pytest.fixture
def tenant(tenants: Tenant) -> Tenant:
    """The provider as it was at first."""
    standin = tenants.standin
    standin.lives, standin.broken, standin.user = 3600, None, ""
    standin.given.clear()
    standin.refused.clear()
    return tenants


def refused(chosen: Imap) -> ForesattError:
    """What asking for a token raises, once it is certain that it tells nothing it should not."""
    with pytest.raises(ForesattError) as fault:
        Tokens(chosen).current()
    assert fault.value.__cause__ is None
    return fault.value


def test_a_mailbox_is_read_with_a_token(tenant: Tenant) -> None:
    """The program's certificate gets a token, and the token opens the mailbox: no password anywhere."""
    box = Mailbox(tenant.server)
    tenant.standin.user = box.user
    box.lay(mail("skjema"))
    channel = imap_channel(settings(imap=tenant.chosen(box).model_dump()))
    found = list(channel.deliveries(lambda ref: False))
    channel.close()

    assert [mail("skjema")] == [d.content for d in found]
    assert (1, []) == (len(tenant.standin.given), tenant.standin.refused)


def test_a_token_is_used_until_shortly_before_its_end(tenant: Tenant) -> None:
    """An hour's token is asked for once in fifty-five minutes (3600 - 300 seconds), and then anew; each request is
    signed anew."""
    now = 0.0
    tokens = Tokens(tenant.chosen(), ticks=lambda: now)
    first = tokens.current()
    now = 3299.0
    assert (first[0], False) == tokens.current()
    now = 3300.0
    second = tokens.current()

    assert ((True, True), True) == ((first[1], second[1]), first[0] != second[0])
    assert (2, []) == (len(tenant.standin.given), tenant.standin.refused)


def test_a_long_run_logs_in_again_with_a_new_token(tenant: Tenant) -> None:
    """The connection broke and the token was taken back meanwhile: a new one is asked for, and the run goes on."""
    box = Mailbox(tenant.server)
    tenant.standin.user = box.user
    box.lay(mail("en"))
    channel = imap_channel(settings(imap=tenant.chosen(box).model_dump()))
    assert 1 == len(list(channel.deliveries(lambda ref: False)))
    channel.close()
    tenant.standin.revoke()

    assert 1 == len(list(channel.deliveries(lambda ref: False)))
    assert 2 == len(tenant.standin.given)
    channel.close()


def test_a_token_for_another_mailbox_is_refused(tenant: Tenant) -> None:
    """The server says no, and the fault says that the login was refused."""
    tenant.standin.user = "annen@skolen.example"
    channel = imap_channel(settings(imap=tenant.chosen().model_dump()))
    with pytest.raises(OutsideFault) as fault:
        list(channel.deliveries(lambda ref: False))

    assert "mail_login" == fault.value.code


def test_a_certificate_that_is_not_registered_gets_no_token(tenant: Tenant, tmp_path: Path) -> None:
    """The provider's refusal comes through as such, without its text."""
    certificate, key = client(tmp_path, "other")
    fault = refused(tenant.chosen(certificate_file=certificate, key_file=key))

    assert ("token_refused", ["signature"]) == (fault.code, tenant.standin.refused)
    assert "AADSTS" not in str(fault)


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b"<html>", b'{"access_token": 1, "expires_in": 1}', b'{"access_token": "x"}',
               b'{"access_token": "x", "expires_in": "soon"}', b"{" * 200_000],
)  # fmt: skip
def test_an_answer_that_is_no_token_is_no_token(tenant: Tenant, answer: bytes) -> None:
    """Whatever the provider answers, it is a token or a clear fault."""
    tenant.standin.broken = answer

    assert "token_refused" == refused(tenant.chosen()).code


def test_a_provider_that_cannot_prove_its_name_gets_no_assertion(tenant: Tenant) -> None:
    """A certificate of a stranger's, a wrong name or no TLS at all: nothing is sent."""
    unknown = tenant.standin.url.replace("localhost", "127.0.0.1")
    for wrong in ({"token_ca_file": tenant.standin.stranger}, {"token_url": unknown}):
        assert "token_unreachable" == refused(tenant.chosen(**wrong)).code
    assert "token_url" == refused(tenant.chosen(token_url=tenant.standin.url.replace("https", "http"))).code

    assert ([], []) == (tenant.standin.given, tenant.standin.refused)


def test_what_is_half_set_up_is_said(tenant: Tenant, tmp_path: Path) -> None:
    """A missing key, one of another certificate, one that others can read: each is said before anybody is asked."""
    _, other = client(tmp_path, "other")
    readable = tmp_path / "readable"
    readable.write_bytes(tenant.key.read_bytes())
    readable.chmod(0o644)
    told = {
        "token_half_set": {"key_file": None},
        "token_key": {"key_file": other},
        "token_key_readable": {"key_file": readable},
    }
    faults = {code: refused(tenant.chosen(**wrong)) for code, wrong in told.items()}

    assert {code: (code, NotReady) for code in told} == {c: (fault.code, type(fault)) for c, fault in faults.items()}


def test_microsofts_address_is_the_default() -> None:
    """Without an address of its own the tenant's at Microsoft is asked, over TLS."""
    assert MICROSOFT.format(tenant="skolen.no").startswith("https://login.microsoftonline.com/skolen.no/oauth2/v2.0/")
