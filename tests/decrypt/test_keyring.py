"""Homes and keys of our own."""

import os
import stat
import subprocess
import time

import pytest

from schemas.errors import SafetyRefusal, UsageFault
from tasks.decrypt.pgp import (
    decrypt,
    export_public,
    generate_key,
    import_secret_keys,
    make_home,
    secret_keys,
    stop_agent,
)


def test_home_is_private_and_set_up(empty_home):
    """A new home is 0700 and its agent keeps no passphrases and finds memory when it needs more."""
    assert 0o700 == stat.S_IMODE(empty_home.stat().st_mode)
    lines = (empty_home / "gpg-agent.conf").read_text().splitlines()
    assert {"auto-expand-secmem 0x100000", "max-cache-ttl 0", "no-allow-external-cache"} <= set(lines)


def test_making_a_home_again_keeps_it(empty_home):
    """Making a home twice changes nothing, also not what an operator wrote into its settings."""
    (empty_home / "gpg-agent.conf").write_text("max-cache-ttl 5\n")
    assert empty_home == make_home(empty_home)
    assert "max-cache-ttl 5\n" == (empty_home / "gpg-agent.conf").read_text()


def test_open_home_is_refused(tmp_path):
    """A home that others can read is refused, not mended silently: somebody may have read it already."""
    home = tmp_path / "open"
    home.mkdir(mode=0o750)
    home.chmod(0o750)
    with pytest.raises(SafetyRefusal):
        make_home(home)


def test_long_path_is_refused(tmp_path):
    """A path too long for the agent's socket is refused at once: later it would look like a missing key."""
    with pytest.raises(UsageFault) as caught:
        make_home(tmp_path / ("x" * 100))
    assert "keyring_path_too_long" == caught.value.code


def test_generated_key(empty_home):
    """A generated key is Curve25519, can decrypt, expires when it was told to, and needs no passphrase."""
    fingerprint = generate_key(empty_home, "Skolen <post@skolen.example>", expires="2y")
    (key,) = secret_keys(empty_home)
    assert (fingerprint, True, ("Skolen <post@skolen.example>",)) == (key.fingerprint, key.can_decrypt, key.uids)
    assert key.expires is not None
    assert 729 <= (key.expires - key.created).days <= 731


def test_public_key_is_all_a_guardian_needs(school, homes, empty_home):
    """The exported public key is public only, and a mail program can encrypt to it."""
    public = export_public(school.home)
    assert public.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    run = ["gpg", "--homedir", str(empty_home), "--batch", "--trust-model", "always"]
    subprocess.run([*run, "--import"], input=public.encode(), check=True, capture_output=True)
    sealed = subprocess.run(
        [*run, "--recipient", school.fingerprint, "--encrypt"], input=b"hei", check=True, capture_output=True
    ).stdout
    assert b"hei" == decrypt(sealed, home=school.home).plaintext
    assert [] == secret_keys(empty_home)


def test_folder_of_keys(school, locked, stranger, empty_home, tmp_path):
    """`--keyring` takes secret keys of several forms, each with its own passphrase; public keys do not stay."""
    (tmp_path / "a.asc").write_bytes(school.gpg("--armor", "--export-secret-keys"))
    secret = locked.gpg("--passphrase", "hemmelig blåbær", "--export-secret-keys")
    (tmp_path / "b.pgp").write_bytes(secret)
    (tmp_path / "b.pass").write_bytes("hemmelig blåbær\n".encode())
    (tmp_path / "c.asc").write_bytes(stranger.gpg("--armor", "--export"))
    (tmp_path / "d.p12").write_bytes(b"for S/MIME")
    (tmp_path / "e.gpg").write_bytes(b"garbage")

    assert 2 == import_secret_keys(empty_home, tmp_path)
    assert {school.fingerprint, locked.fingerprint} == {key.fingerprint for key in secret_keys(empty_home)}
    assert b"pub:" not in subprocess.run(
        ["gpg", "--homedir", str(empty_home), "--batch", "--with-colons", "--list-keys", stranger.fingerprint],
        check=False, capture_output=True,
    ).stdout  # fmt: skip
    time.sleep(2.1)  # the agent's clock has whole seconds; a forgotten passphrase would show now
    for ring in (school, locked):
        assert b"hei" == decrypt(ring.encrypt(b"hei"), home=empty_home).plaintext


def test_key_without_its_passphrase(locked, empty_home, tmp_path):
    """A key whose passphrase is missing or wrong comes in, and its mails are locked_key."""
    (tmp_path / "b.asc").write_bytes(locked.gpg("--passphrase", "hemmelig blåbær", "--export-secret-keys"))
    (tmp_path / "b.pass").write_text("feil\n")
    assert 1 == import_secret_keys(empty_home, tmp_path)
    assert "locked_key" == decrypt(locked.encrypt(b"hei"), home=empty_home).verdict


def test_stopped_agent_is_gone(school):
    """Stopping ends the agent's process, also when none runs."""
    decrypt(school.encrypt(b"hei"), home=school.home)
    stop_agent(school.home)
    stop_agent(school.home)
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_agent(pid, str(school.home))]  # noqa: PTH208


def _is_agent(pid: str, home: str) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return home.encode() in file.read()
    except OSError:
        return False
