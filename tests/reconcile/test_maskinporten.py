"""Tokens from Maskinporten: a strict stand-in over TLS takes the grants, and every claim is as it must be."""

import time
from pathlib import Path
from typing import Any

import pytest
from support_register import Registry

from fixtures.maskinporten import CLIENT, SCOPE
from schemas.errors import ForesattError, NotReady, OutsideFault
from schemas.settings import Folkeregister
from tasks.reconcile.maskinporten import NEXT, Maskinporten


def tokens(registry: Registry, **more: Any) -> Maskinporten:
    """A client of Maskinporten."""
    return Maskinporten(registry.chosen(**more), "test")


def refused(made: Maskinporten) -> ForesattError:
    """Why no token was given; nothing of the answer but its code."""
    with pytest.raises(OutsideFault) as fault:
        made.current()
    assert fault.value.__cause__ is None
    assert "correlation" not in str(fault.value.args)
    return fault.value


def test_a_registered_key_gets_a_token(registry: Registry) -> None:
    """`kid` in the header, and exactly the claims of the documentation, for this scope."""
    before = time.time()
    token, fresh = tokens(registry).current()
    grant = registry.tokens.grants[-1]
    claims = grant["claims"]

    assert fresh
    assert registry.tokens.read(token) is not None
    assert {"alg": "RS256", "typ": "JWT", "kid": "school"} == grant["head"]
    assert {"aud", "iss", "scope", "iat", "exp", "jti"} == set(claims)
    assert (registry.tokens.issuer, CLIENT, SCOPE) == (claims["aud"], claims["iss"], claims["scope"])
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert before - 1 <= claims["iat"] <= time.time()


def test_a_company_certificate_gets_one_too(registry: Registry) -> None:
    """`x5c` with the whole chain in place of `kid`."""
    chain, key = registry.tokens.authority.company(registry.tokens.org)
    made = tokens(registry, key_id="", certificate_file=str(chain), key_file=str(key))

    assert made.current()[1]
    assert 2 == len(registry.tokens.grants[-1]["head"]["x5c"])


def test_a_supplier_asks_for_its_customer(registry: Registry) -> None:
    """`consumer_org` names whom the scope was delegated by."""
    registry.tokens.delegated.add("910000020")
    token, _ = tokens(registry, consumer_org="910000020").current()

    assert "0192:910000020" == (registry.tokens.read(token) or {})["consumer"]["ID"]


def test_every_grant_is_new(registry: Registry) -> None:
    """A grant is taken once: no `jti` is used twice."""
    made = tokens(registry)
    for _ in range(3):
        made.renew()

    assert 3 == len({one["claims"]["jti"] for one in registry.tokens.grants})


@pytest.mark.parametrize(("lives", "asked"), [(599, [1, 1, 2]), (1000, [1, 1, 1]), (20, [1, 2, 3])])
def test_a_token_is_used_until_shortly_before_its_end(registry: Registry, lives: int, asked: list[int]) -> None:
    """Whatever `expires_in` says, less half a minute: asked at 0, 560 and 570 seconds."""
    registry.tokens.lives = lives
    clock = [0.0]
    made = Maskinporten(registry.chosen(), "test", ticks=lambda: clock[0])
    counts = []
    for second in (0, 560, 570):
        clock[0] = float(second)
        made.current()
        counts.append(len(registry.tokens.grants))

    assert asked == counts


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("MP-100", {"client_id": "99999999-2222-3333-4444-555555555555"}),
        ("MP-100", {"key_id": "somebody-else"}),
        ("MP-121", {"key_id": "old"}),
        ("MP-124", {"key_id": "other"}),
        ("MP-200", {"scope": "folkeregister:deling/offentligmedhjemmel folkeregister:deling/presse"}),
        ("MP-250", {"scope": "folkeregister:deling/presse"}),
        ("MP-251", {"consumer_org": "910000020"}),
        ("MP-011", {"consumer_org": "910000004"}),
    ],
)
def test_a_refusal_says_what_to_do(registry: Registry, code: str, more: dict[str, str]) -> None:
    """Each of Maskinporten's codes is told, with a step of ours."""
    registry.tokens.expired.add("old")
    chain, _ = registry.tokens.authority.company("910000004")
    registry.tokens.register("other", _public(chain))
    fault = refused(tokens(registry, **more))

    assert (f"maskinporten_{code[3:]}", NEXT[code]) == (fault.code, fault.next_step)
    assert [code] == registry.tokens.refused


def _public(chain: Path) -> Any:
    from cryptography import x509

    return x509.load_pem_x509_certificates(chain.read_bytes())[0].public_key()


@pytest.mark.parametrize(("org", "cut", "code"), [("910000077", False, "MP-122"), ("910000004", True, "MP-123")])
def test_a_certificate_that_does_not_fit_is_said_to(registry: Registry, org: str, cut: bool, code: str) -> None:
    """Another organisation's, or one that came without its chain."""
    chain, key = registry.tokens.authority.company(org)
    if cut:
        end = "-----END CERTIFICATE-----\n"
        chain.write_text(chain.read_text().split(end)[0] + end)
    fault = refused(tokens(registry, key_id="", certificate_file=str(chain), key_file=str(key)))

    assert f"maskinporten_{code[3:]}" == fault.code


@pytest.mark.parametrize("skew", [-60.0, 60.0])
def test_a_wrong_clock_is_said_to_be(registry: Registry, skew: float) -> None:
    """A minute off, either way."""
    registry.tokens.skew = skew

    assert "clock" in refused(tokens(registry)).next_step


@pytest.mark.parametrize("body", [b"{not json", b"[]", b"{}", b'{"access_token": "", "expires_in": 5}',
                                  b'{"access_token": "a", "expires_in": "soon"}', b"x" * 200_000])  # fmt: skip
def test_an_answer_that_is_none_gives_no_token(registry: Registry, body: bytes) -> None:
    """Not JSON, not a token, or far too long."""
    registry.tokens.broken = body

    assert "maskinporten_refused" == refused(tokens(registry)).code


def test_while_it_is_down_nothing_is_concluded(registry: Registry) -> None:
    """A fault of the outside: the next run tries again."""
    registry.tokens.down = True

    assert "token_unreachable" == refused(tokens(registry)).code


def test_a_server_that_cannot_prove_its_name_gets_no_grant(registry: Registry) -> None:
    """TLS is checked against the authorities that are trusted."""
    fault = refused(tokens(registry, token_ca_file=str(registry.tokens.authority.stranger)))

    assert ("token_unreachable", []) == (fault.code, registry.tokens.grants)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("maskinporten_half_set", {"client_id": ""}),
        ("maskinporten_half_set", {"key_file": None}),
        ("maskinporten_half_set", {"key_id": ""}),
        ("maskinporten_half_set", {"certificate_file": "both"}),
        ("maskinporten_issuer", {"issuer": "http://localhost/"}),
        ("maskinporten_issuer", {"issuer": "https://localhost"}),
        ("token_key", {"key_file": "/nowhere"}),
    ],
)
def test_what_is_not_set_up_is_said_at_once(registry: Registry, code: str, more: dict[str, Any]) -> None:
    """Before anybody is asked."""
    with pytest.raises(NotReady) as fault:
        tokens(registry, **more)

    assert code == fault.value.code


def test_a_key_that_others_can_read_is_not_used(registry: Registry, tmp_path: Path) -> None:
    """Mode 0600, or nothing."""
    file = tmp_path / "key.pem"
    file.write_bytes(registry.key.read_bytes())
    file.chmod(0o640)
    with pytest.raises(NotReady, match="token_key_readable"):
        tokens(registry, key_file=str(file))


def test_the_issuer_follows_the_environment(registry: Registry) -> None:
    """Production's own, and the test environment's in a store for tests."""
    told: Folkeregister = registry.chosen(issuer="")

    assert "https://maskinporten.no/" == Maskinporten(told, "production").issuer
    assert "https://test.maskinporten.no/" == Maskinporten(told, "test").issuer
