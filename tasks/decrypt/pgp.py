"""GnuPG as a process: one ciphertext in, a verdict out, and plaintext only where the strict rule holds.

Belongs here: how GnuPG is called, for decrypting and, in a second pass, for signatures. Does not belong here: the
process itself (`process.py`), what a mail looks like (`mime.py`), what the status words mean (`verdict.py`), keys and
homes (`keyring.py`). Plaintext never touches disk.

Why our own runner: python-gnupg's `ok` accepts messages that must be refused, keeps all output in memory and has no
time limit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from schemas.documents import DecryptionVerdict, SignatureVerdict
from schemas.errors import OutsideFault
from tasks.decrypt import process
from tasks.decrypt.keyring import (
    KNOWN_SENDERS,
    all_locked,
    check_home,
    export_public,
    generate_key,
    import_secret_keys,
    launch_agent,
    make_home,
    secret_keys,
    stop_agent,
)
from tasks.decrypt.process import Descriptors, Limits, Run
from tasks.decrypt.verdict import (
    hidden_from_others,
    judge,
    literal_format,
    session_key_in,
    signature_in,
    sound_again,
    words_of,
)

__all__ = [
    "Decrypted",
    "Limits",
    "decrypt",
    "detached_signature",
    "export_public",
    "generate_key",
    "import_secret_keys",
    "make_home",
    "secret_keys",
    "signature",
    "stop_agent",
]

NO_AGENT: Final = re.compile(rb"no (gpg-)?agent running", re.IGNORECASE)
SUPPRESSED: Final = b"signature verification suppressed"
SLACK: Final = 1_048_576
"""GnuPG's own output limit lies this far above ours: it would go on unpacking after reaching it, our reader kills."""


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What became of one ciphertext. `plaintext` is set for `decrypted`, and for `not_encrypted` (a merely signed or
    literal message, which is no secret). `detail` is a code. `literal_format` is b, t, u or empty; `literal_name` is
    the sender's word and may be anything; `signed`: there is a signature inside, nobody has looked at it yet."""

    verdict: DecryptionVerdict
    plaintext: bytes | None = field(default=None, repr=False)
    detail: str = ""
    literal_format: str = ""
    literal_name: str = field(default="", repr=False)
    signed: bool = False


def decrypt(ciphertext: bytes, *, home: Path, limits: Limits | None = None) -> Decrypted:
    """Decrypt one OpenPGP message (armoured or binary) with the secret keys in `home`.

    Bad input is a verdict. Raises `NotReady` (no GnuPG, no safe home) and `OutsideFault` (out of memory, no agent):
    neither is the sender's fault, and neither may be told to the sender.
    """
    check_home(home)
    limits = limits or Limits()
    # Quiet spares GnuPG a look into the ring for each recipient's name (a fifth of its time), and with it the words
    # that tell a locked key from a missing one: what is not plainly sound is asked again.
    run = _run(ciphertext, home, limits, "--quiet")
    if run.exit_code > 0 and not run.cut:
        run = _run(ciphertext, home, limits)
    if hidden_from_others(run):
        # GnuPG tried our key on somebody else's nameless packet first and holds that against the whole message. With
        # the session key in hand there is nothing to try, and the strict rule judges the message itself.
        key = session_key_in(_run(ciphertext, home, limits, "--show-session-key").status)
        again = _run(ciphertext, home, limits, inputs=[key]) if key else run
        run = replace(again, status=run.status) if sound_again(again) else run
    verdict, detail = judge(run)
    if verdict == "wrong_key" and "for_key_hidden" in detail and all_locked(home):
        verdict, detail = "locked_key", "passphrase"  # it may be ours: nobody can tell before a key is unlocked
    plain = next((words for words in words_of(run.status) if words[0] == "PLAINTEXT"), [])
    sound = verdict in ("decrypted", "not_encrypted")
    return Decrypted(
        verdict=verdict,
        plaintext=bytes(run.stdout) if sound else None,
        detail=detail,
        literal_format=literal_format(plain) if sound else "",
        literal_name=plain[3] if sound and len(plain) > 3 else "",
        signed=sound and SUPPRESSED in run.stderr,
    )


def _run(ciphertext: bytes, home: Path, limits: Limits, *more: str, inputs: Sequence[bytes] = ()) -> Run:
    """One pass of decrypting. Raises `OutsideFault` where the agent does not answer."""

    def argv(given: Descriptors) -> list[str]:
        key = [f"--override-session-key-fd={given.inputs[0]}"] if given.inputs else []
        bound = str(limits.plaintext_bytes + SLACK)
        return [*_common(home, given), *more, *key, "--skip-verify", "--max-output", bound, "--decrypt"]

    for attempt in range(2):
        run = process.run(argv, ciphertext, limits, inputs)
        if not NO_AGENT.search(run.stderr):
            return run
        if not attempt:
            launch_agent(home)
    raise OutsideFault("gpg_agent_down", "gpg-agent does not answer") from None


def signature(ciphertext: bytes, *, home: Path, limits: Limits | None = None) -> SignatureVerdict:
    """What the signature inside a message, or of a clear-signed text, is worth.

    A pass of its own, over what was found sound before: checking brings the sender's words into GnuPG's answer, and
    decides nothing about the message. The senders that are known stand in a ring apart from our secret keys.
    """
    return _checked(ciphertext, [], home, limits or Limits())


def detached_signature(content: bytes, signed: bytes, *, home: Path, limits: Limits | None = None) -> SignatureVerdict:
    """What the detached signature `signed` says about `content`, byte for byte."""
    return _checked(content, [signed], home, limits or Limits())


def _checked(data: bytes, signatures: list[bytes], home: Path, limits: Limits) -> SignatureVerdict:
    check_home(home)
    known = ["--keyring", str(home / KNOWN_SENDERS)] if (home / KNOWN_SENDERS).is_file() else []

    def argv(given: Descriptors) -> list[str]:
        work = ["--decrypt"]
        if given.inputs:
            work = ["--enable-special-filenames", "--verify", "--", f"-&{given.inputs[0]}", "-"]
        return [*_common(home, given), *known, "--max-output", str(limits.plaintext_bytes + SLACK), *work]

    run = process.run(argv, data, limits, signatures)
    return "bad" if run.cut else signature_in(run.status)


def _common(home: Path, given: Descriptors) -> list[str]:
    # An agent that gpg starts would inherit its processor limit and die of it later: we start it (launch_agent). The
    # ring is only read here, which GnuPG does without its lock; it would take one to see whether there is a ring, and a
    # process that we kill would leave it behind.
    return [
        "gpg", "--homedir", str(home), "--batch", "--no-tty", "--no-options", "--status-fd", str(given.status),
        "--pinentry-mode", "loopback", "--passphrase-fd", str(given.nothing), "--disable-dirmngr",
        "--no-auto-key-retrieve", "--no-auto-key-locate", "--trust-model", "always", "--no-verbose", "--no-autostart",
        "--lock-never",
    ]  # fmt: skip
