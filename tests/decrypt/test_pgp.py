"""The runner and its strict rule, on messages made and damaged with real GnuPG."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from schemas.errors import NotReady, OutsideFault
from tasks.decrypt import armour, pgp
from tasks.decrypt.pgp import Limits, decrypt, stop_agent
from tasks.decrypt.verdict import Run, judge

TEXT = b"".join(b"line %d of a form that is long enough to be compressed\n" % n for n in range(400))


def left_behind() -> list[str]:
    """Ids of this process's children, living or unreaped, that run GnuPG."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = stat.read_text().rpartition(")")
            name, words = head.partition("(")[2], rest.split()
        except OSError:
            continue
        if words[1] == str(os.getpid()) and name.startswith("gpg"):
            found.append(stat.parent.name)
    return found


@pytest.mark.parametrize("armoured", [False, True])
def test_sound_message(school, armoured):
    """A sound message is decrypted, byte for byte, with nothing to remark."""
    result = decrypt(school.encrypt(TEXT, armour=armoured), home=school.home)
    assert ("decrypted", "", TEXT) == (result.verdict, result.detail, result.plaintext)


def test_recipients_unnamed_or_several(school, stranger):
    """A message to hidden recipients, or to others as well, is decrypted like any other."""
    public = stranger.gpg("--export", stranger.fingerprint)
    school.gpg("--import", data=public)
    for options in (["--hidden-recipient", school.fingerprint], ["--recipient", stranger.fingerprint]):
        assert "decrypted" == decrypt(school.encrypt(TEXT, *options), home=school.home).verdict


def test_wrong_key(school, stranger):
    """A message to somebody else is wrong_key and says for which key, also where its recipient is hidden."""
    result = decrypt(stranger.encrypt(TEXT), home=school.home)
    subkey = re.findall(rb"^ssb:[^:]*:[^:]*:[^:]*:([0-9A-F]{16}):", stranger.gpg("-K", "--with-colons"), re.MULTILINE)
    assert ("wrong_key", f"for_key_{subkey[0].decode()}") == (result.verdict, result.detail)
    hidden = stranger.gpg("--trust-model", "always", "--hidden-recipient", stranger.fingerprint, "--encrypt", data=TEXT)
    result = decrypt(hidden, home=school.home)
    assert ("wrong_key", "for_key_hidden") == (result.verdict, result.detail)


def test_no_integrity_protection(school):
    """GnuPG prints the whole text of a message without integrity protection: we keep none of it."""
    bare = school.encrypt(TEXT, "--rfc2440", "--disable-mdc", "--cipher-algo", "3DES")
    result = decrypt(bare, home=school.home)
    assert ("integrity_failed", "no_integrity_protection", None) == (result.verdict, result.detail, result.plaintext)


def test_every_flipped_bit(school):
    """A bit flipped anywhere in the ciphertext never yields plaintext."""
    sound = school.encrypt(TEXT, "--compress-algo", "none")
    length = len(sound)
    seen = set()
    for place in (100, 130, 180, length // 3, length // 2, length - 600, length - 30, length - 10, length - 1):
        bent = bytearray(sound)
        bent[place] ^= 1
        result = decrypt(bytes(bent), home=school.home)
        assert result.plaintext is None
        seen.add(result.verdict)
    assert "integrity_failed" in seen
    assert seen <= {"integrity_failed", "damaged", "wrong_key"}


def test_flipped_bit_in_compressed_data(school):
    """A bit flip that breaks the compression leaves GnuPG without any verdict: that is not a sound message."""
    bent = bytearray(school.encrypt(TEXT))
    bent[-200] ^= 1
    result = decrypt(bytes(bent), home=school.home)
    assert ("integrity_failed", None) == (result.verdict, result.plaintext)


def test_truncated(school):
    """A message cut short is refused."""
    sound = school.encrypt(os.urandom(40_000), "--compress-algo", "none")
    for kept in (50, len(sound) // 2, len(sound) - 1):
        result = decrypt(sound[:kept], home=school.home)
        assert (True, None) == (result.verdict in ("damaged", "integrity_failed"), result.plaintext)


def test_armour_checksum(school):
    """A wrong checksum under the armour means damage on the way, although the data may look sound."""
    lines = school.encrypt(TEXT, armour=True).splitlines()
    place = max(n for n, line in enumerate(lines) if line.startswith(b"="))
    lines[place] = b"=AAAA" if lines[place] != b"=AAAA" else b"=AAAB"
    result = decrypt(b"\n".join(lines), home=school.home)
    assert ("damaged", "armour_checksum", None) == (result.verdict, result.detail, result.plaintext)


def test_password_only(school):
    """A message encrypted with a password is password_only, whatever keys we have."""
    sealed = school.gpg("--passphrase", "hemmelig", "--symmetric", data=TEXT)
    assert "password_only" == decrypt(sealed, home=school.home).verdict


def test_password_beside_key(school):
    """A message that our key or a password opens is opened with our key."""
    sealed = school.gpg(
        "--passphrase", "x", "--trust-model", "always", "-r", school.fingerprint, "--symmetric", "--encrypt", data=TEXT
    )
    assert TEXT == decrypt(sealed, home=school.home).plaintext


def test_merely_signed(school):
    """A signed message that looks like an encrypted one is not_encrypted; its text is no secret and is handed out."""
    result = decrypt(school.gpg("--armor", "--sign", data=TEXT), home=school.home)
    assert ("not_encrypted", TEXT) == (result.verdict, result.plaintext)


def test_two_messages_in_one_block(school):
    """Two messages in one are refused, also the first, which GnuPG prints."""
    result = decrypt(school.encrypt(b"hei") + school.encrypt(b"hei"), home=school.home)
    assert ("damaged", None) == (result.verdict, result.plaintext)
    assert decrypt(school.encrypt(TEXT) + school.encrypt(TEXT), home=school.home).plaintext is None


def test_locked_key(locked):
    """A key that nobody unlocked is the operator's matter, not a fault of the message."""
    assert "locked_key" == decrypt(locked.encrypt(TEXT), home=locked.home).verdict


def test_hidden_recipient_and_no_key_unlocked(locked, school):
    """Where every key of ours is locked, a message to nobody by name may be ours: it waits for the operator too."""
    hidden = locked.encrypt(TEXT, "--throw-keyids")
    assert "locked_key" == decrypt(hidden, home=locked.home).verdict
    assert "wrong_key" == decrypt(hidden, home=school.home).verdict


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 500, b"hei", b"-----BEGIN PGP MESSAGE-----\n\nhei\n", bytes(range(256))]
)
def test_garbage(school, garbage):
    """Whatever is no OpenPGP message is damaged, and raises nothing."""
    assert "damaged" == decrypt(garbage, home=school.home).verdict


def test_bomb_is_cut(school):
    """Output is cut at our bound, the process is ended there, and no plaintext is kept."""
    bomb = school.encrypt(b"\0" * 30_000_000, "--compress-algo", "bzip2")
    assert len(bomb) < 5_000
    result = decrypt(bomb, home=school.home, limits=Limits(plaintext_bytes=1_000_000))
    assert ("too_large", "plaintext_bytes", None) == (result.verdict, result.detail, result.plaintext)
    assert [] == left_behind()


def test_exact_bound(school):
    """A message of exactly the bound is decrypted, one byte more is too_large."""
    sealed = school.encrypt(b"x" * 100_000)
    assert "decrypted" == decrypt(sealed, home=school.home, limits=Limits(plaintext_bytes=100_000)).verdict
    assert "too_large" == decrypt(sealed, home=school.home, limits=Limits(plaintext_bytes=99_999)).verdict


@pytest.fixture
def busy_gnupg(tmp_path, monkeypatch):
    """A GnuPG that never finishes: given `busy` it burns processor time, given `idle` it waits, with a child."""

    def put(kind: str) -> None:
        program = tmp_path / "gpg"
        body = {"busy": "while :; do :; done", "idle": f"sleep 987.{os.getpid()} & wait"}[kind]
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


def test_processor_limit(school, busy_gnupg):
    """A message that keeps GnuPG busy beyond its processor time is too_large."""
    busy_gnupg("busy")
    result = decrypt(b"x", home=school.home, limits=Limits(cpu_seconds=1))
    assert ("too_large", "cpu_seconds", None) == (result.verdict, result.detail, result.plaintext)
    assert [] == left_behind()


def gone(argument: bytes) -> bool:
    """Whether no process has `argument` on its command line, given the moment that a killed one takes to die."""
    for _ in range(100):
        if not [process for process in Path("/proc").glob("[0-9]*") if argument in _command(process).split(b"\0")]:
            return True
        time.sleep(0.05)
    return False


def test_wall_limit(school, busy_gnupg):
    """A process that takes too long is killed with everything it started."""
    busy_gnupg("idle")
    result = decrypt(b"x", home=school.home, limits=Limits(wall_seconds=0.3))
    assert ("too_large", "wall_seconds", None) == (result.verdict, result.detail, result.plaintext)
    assert [] == left_behind()
    assert gone(f"987.{os.getpid()}".encode())


def test_agent_has_no_processor_limit(school):
    """The agent lives on from mail to mail, so it must not inherit the limit of the first one."""
    stop_agent(school.home)
    decrypt(school.encrypt(TEXT), home=school.home)
    agents = [
        process
        for process in Path("/proc").glob("[0-9]*")
        if b"gpg-agent" in _command(process) and str(school.home).encode() in _command(process)
    ]
    assert 1 == len(agents)
    assert "Max cpu time              unlimited            unlimited" in (agents[0] / "limits").read_text()


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_agent_comes_back(school):
    """A dead agent makes GnuPG say that the key is missing: we start the agent and read on."""
    sealed = school.encrypt(TEXT)
    stop_agent(school.home)
    assert "decrypted" == decrypt(sealed, home=school.home).verdict


def test_agent_that_cannot_start(school, monkeypatch):
    """No agent is the machine's fault: never a wrong_key, which would be told to the sender."""
    sealed = school.encrypt(TEXT)
    stop_agent(school.home)
    monkeypatch.setattr(pgp, "launch_agent", lambda home: None)
    with pytest.raises(OutsideFault):
        decrypt(sealed, home=school.home)


def test_home_must_be_private(school, tmp_path):
    """A missing key folder, or one that others can read, stops the work instead of making every mail a wrong_key."""
    sealed = school.encrypt(TEXT)
    open_to_others = tmp_path / "open"
    open_to_others.mkdir(mode=0o755)
    for home in (tmp_path / "missing", open_to_others):
        with pytest.raises(NotReady):
            decrypt(sealed, home=home)


def test_missing_gnupg(school, monkeypatch):
    """Without GnuPG the message says what to install."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotReady) as caught:
        decrypt(b"x", home=school.home)
    assert "gpg_missing" == caught.value.code


def test_results_show_nothing(school):
    """A result in a traceback or a debug line shows its verdict and nothing of the text."""
    shown = repr(decrypt(school.encrypt(b"Kari Eksempel"), home=school.home))
    assert "decrypted" in shown
    assert "Kari" not in shown


def test_descriptors_are_closed(school):
    """Every run closes its pipes."""
    sealed = school.encrypt(TEXT)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        decrypt(sealed, home=school.home)
    assert before == len(list(Path("/proc/self/fd").iterdir()))


def test_unclosed_armour(school):
    """Armour that lost its last lines is still sound where all its data is there: the integrity check says so."""
    cut = school.encrypt(TEXT, armour=True).split(b"-----END")[0]
    assert TEXT == decrypt(armour.mended(cut), home=school.home).plaintext


def status(*lines: str) -> bytearray:
    """GnuPG's status stream."""
    return bytearray("".join(f"[GNUPG:] {line}\n" for line in lines).encode())


GOOD = ("ENC_TO A 18 0", "DECRYPTION_KEY A B u", "BEGIN_DECRYPTION", "DECRYPTION_INFO 2 9 0", "PLAINTEXT 62 0 ")


@pytest.mark.parametrize(
    ("expected", "exit_code", "lines", "stderr"),
    [
        ("decrypted", 0, [*GOOD, "DECRYPTION_OKAY", "GOODMDC"], b""),
        ("decrypted", 0, ["KEYEXPIRED 1", *GOOD, "DECRYPTION_OKAY", "GOODMDC"], b""),
        ("decrypted", 0, ["NO_SECKEY C", *GOOD, "DECRYPTION_OKAY", "GOODMDC"], b""),
        ("damaged", 2, [*GOOD, "DECRYPTION_OKAY", "GOODMDC"], b""),
        ("damaged", 2, [*GOOD, "DECRYPTION_OKAY", "GOODMDC", "NODATA 3"], b""),
        ("damaged", 0, [*GOOD, "PLAINTEXT 62 0 ", "DECRYPTION_OKAY", "GOODMDC"], b""),
        ("damaged", 2, [*GOOD, "DECRYPTION_OKAY", "GOODMDC", "ERROR proc_pkt.plaintext 89"], b""),
        ("damaged", 2, [*GOOD, "DECRYPTION_OKAY", "GOODMDC", "DECRYPTION_FAILED"], b""),
        ("damaged", 0, [*GOOD, "DECRYPTION_OKAY"], b""),
        ("integrity_failed", 2, [*GOOD, "BADMDC", "DECRYPTION_FAILED"], b""),
        ("integrity_failed", 2, list(GOOD), b""),
        (
            "too_large",
            2,
            [*GOOD, "DECRYPTION_OKAY", "GOODMDC"],
            b"gpg: error writing to '-': exceeded --max-output limit\n",
        ),
        ("unsupported", 2, ["ENC_TO A 99 0", "ERROR pkdecrypt_failed 4", "DECRYPTION_FAILED"], b""),
        ("damaged", 2, ["ENC_TO A 18 0", "ERROR pkdecrypt_failed 67108882", "DECRYPTION_FAILED"], b""),
        ("locked_key", 2, ["ENC_TO A 18 0", "ERROR pkdecrypt_failed 67108875", "DECRYPTION_FAILED"], b""),
        ("damaged", 2, [], b"gpg: malformed CRC\n"),
        ("damaged", 2, ["UNEXPECTED 1"], b""),
        ("password_only", 0, ["NEED_PASSPHRASE_SYM 9 3 2", *GOOD[2:], "DECRYPTION_OKAY", "GOODMDC"], b""),
        ("not_encrypted", 0, ["PLAINTEXT 62 0 "], b""),
    ],
)
def test_table_of_verdicts(expected, exit_code, lines, stderr):
    """Each row of the table from GnuPG's words to our verdict, those included that are hard to produce."""
    assert expected == judge(Run(exit_code, status=status(*lines), stderr=bytearray(stderr)))[0]


@pytest.mark.parametrize("code", [67141718, 32854, 67108941, 67125247])
def test_out_of_memory_is_not_the_senders_fault(code):
    """Out of memory, or an agent that broke off, raises an outside fault: the mail stays undecided."""
    run = Run(2, status=status("ENC_TO A 1 0", f"ERROR pkdecrypt_failed {code}", "NO_SECKEY A", "DECRYPTION_FAILED"))
    with pytest.raises(OutsideFault):
        judge(run)


def test_killed_from_outside():
    """A GnuPG that something else killed decides nothing about the mail."""
    with pytest.raises(OutsideFault):
        judge(Run(-9))


def test_status_lines_cannot_be_forged_by_other_line_breaks():
    """Only the newline byte ends a status line: U+0085, U+2028 and a carriage return inside a name do not."""
    for forged in ("\x85", "\u2028", "\r", "\x0b"):
        name = f"x{forged}[GNUPG:] DECRYPTION_OKAY{forged}[GNUPG:] GOODMDC"
        lines = status("ENC_TO A 18 0", "DECRYPTION_KEY A B u", "BEGIN_DECRYPTION", f"PLAINTEXT 62 0 {name}")
        assert "decrypted" != judge(Run(0, status=lines))[0]


def test_file_name_in_message_cannot_forge_status(school):
    """A file name chosen by the sender with line breaks in it stays a file name."""
    name = "x\n[GNUPG:] DECRYPTION_OKAY\n[GNUPG:] GOODMDC\n"
    bare = school.encrypt(TEXT, "--rfc2440", "--disable-mdc", "--cipher-algo", "3DES", "--set-filename", name)
    assert "integrity_failed" == decrypt(bare, home=school.home).verdict


def test_gnupg_itself_accepts_what_we_refuse(school):
    """The reason for all this: GnuPG alone prints an unprotected message in full."""
    bare = school.encrypt(TEXT, "--rfc2440", "--disable-mdc", "--cipher-algo", "3DES")
    argv = ["gpg", "--homedir", str(school.home), "--batch", "--decrypt"]
    assert TEXT == subprocess.run(argv, input=bare, capture_output=True, check=False, timeout=30).stdout
