"""What GnuPG's status words mean for us.

Belongs here: the strict rule and the table from status word to verdict, as pure functions over what one process said.
Does not belong here: starting that process (`pgp.py`).

GnuPG's own word is not enough: only exit code 0 *and* DECRYPTION_OKAY *and* GOODMDC *and* no bad word make a sound
message (measured on GnuPG 2.2.40 over public test mails).
"""

import re
from dataclasses import dataclass, field
from typing import Final

from schemas.documents import DecryptionVerdict, SignatureVerdict
from schemas.errors import OutsideFault
from tasks.decrypt.process import Run

BAD_WORDS: Final = frozenset({"DECRYPTION_FAILED", "BADMDC", "NODATA", "UNEXPECTED", "ERROR", "FAILURE"})
LOCKED: Final = frozenset({11, 177})  # bad passphrase, no passphrase
KEY_ID: Final = re.compile(r"[0-9A-F]{16}")
AGENT_GONE: Final = frozenset({77, 16383, *range(256, 281)})  # no agent, end of file, the agent's protocol errors
SYSTEM_ERROR: Final = 0x8000  # libgpg-error's flag for an errno, 32854 is ENOMEM

SIGNATURES: Final[tuple[SignatureVerdict, ...]] = ("bad", "good", "unknown_key")
WORST_SIGNATURE: Final[tuple[SignatureVerdict, ...]] = ("bad", "unknown_key", "good")
WORST_FIRST: Final[tuple[DecryptionVerdict, ...]] = (
    "locked_key", "integrity_failed", "damaged", "too_large", "wrong_key", "password_only", "unsupported",
)  # fmt: skip
"""Of several failures the first of these names the mail: what passes by itself, then what should alarm."""


def judge(run: Run) -> tuple[DecryptionVerdict, str]:
    """The verdict on one finished run, and a code that says why. Raises `OutsideFault` where the machine failed."""
    lines = list(words_of(run.status))
    seen = {words[0] for words in lines}
    if run.cut:
        return "too_large", run.cut
    if run.exit_code < 0:
        raise OutsideFault("gpg_killed", "gpg was ended from outside, perhaps for want of memory") from None
    failed_keys = [
        int(w[2]) & 0xFFFF for w in lines if w[:2] == ["ERROR", "pkdecrypt_failed"] and w[2:3] and w[2].isdigit()
    ]
    # One of several of our keys may be locked or gone; that alone does not make a message bad.
    errors = [w for w in lines if w[0] in BAD_WORDS and w[:2] != ["ERROR", "pkdecrypt_failed"]]
    texts = sum(w[0] == "PLAINTEXT" for w in lines)
    by_password = "NEED_PASSPHRASE_SYM" in seen and "DECRYPTION_KEY" not in seen

    if run.exit_code == 0 and not errors and texts == 1:
        if {"DECRYPTION_OKAY", "GOODMDC"} <= seen and not by_password:
            return "decrypted", "own_key_stale" if seen & {"KEYEXPIRED", "KEYREVOKED"} else ""
        if not seen & {"DECRYPTION_OKAY", "BEGIN_DECRYPTION", "ENC_TO", "NEED_PASSPHRASE_SYM"}:
            return "not_encrypted", "openpgp_without_encryption"
    if b"exceeded --max-output limit" in run.stderr:
        return "too_large", "plaintext_bytes"
    if "BADMDC" in seen:
        return "integrity_failed", "bad_mdc"
    if by_password and "ENC_TO" not in seen:
        return "password_only", ""
    if "DECRYPTION_OKAY" in seen:
        return "damaged", "more_than_a_sound_message"
    if "DECRYPTION_KEY" not in seen:
        verdict, detail = _without_key(seen, failed_keys, bytes(run.stderr))
        return verdict, _meant_for(lines) if verdict == "wrong_key" else detail
    if any(w[:2] == ["DECRYPTION_INFO", "0"] for w in lines):
        return "integrity_failed", "no_integrity_protection"
    if b"encrypted_mdc packet with unknown version 2\n" in run.stderr:
        return "unsupported", "packet_version"
    if seen & {"NODATA", "UNEXPECTED"} or "BEGIN_DECRYPTION" not in seen:
        return "damaged", "packets"
    return "integrity_failed", "no_verdict"


def _meant_for(lines: list[list[str]]) -> str:
    """The keys that a message was meant for, as codes: who looks after the school's keys may know an old one."""
    named = dict.fromkeys(w[1] for w in lines if w[0] == "ENC_TO" and len(w) > 1 and KEY_ID.fullmatch(w[1]))
    return " ".join(f"for_key_{'hidden' if set(one) == {'0'} else one}" for one in list(named)[:3])


def hidden_from_others(run: Run) -> bool:
    """Whether all that GnuPG holds against a message may be that a nameless recipient was not us: every word is good
    and only the exit code is not."""
    seen = {words[0] for words in words_of(run.status)}
    nameless = any(words[:2] == ["ENC_TO", "0" * 16] for words in words_of(run.status))
    good = {"DECRYPTION_KEY", "DECRYPTION_OKAY", "GOODMDC"} <= seen and not seen & BAD_WORDS
    return nameless and good and run.exit_code == 2 and not run.cut and b"max-output" not in run.stderr


def session_key_in(status: bytes | bytearray) -> bytes:
    """The session key that GnuPG told, as it wants it back; empty for none."""
    found = next((words for words in words_of(status) if words[0] == "SESSION_KEY" and len(words) > 1), ["", ""])
    return f"{found[1]}\n".encode("ascii", "replace") if found[1] else b""


def sound_again(run: Run) -> bool:
    """Whether a pass with the session key holds the strict rule by itself."""
    seen = [words[0] for words in words_of(run.status)]
    good = {"DECRYPTION_OKAY", "GOODMDC"} <= set(seen) and not set(seen) & BAD_WORDS
    return run.exit_code == 0 and not run.cut and good and seen.count("PLAINTEXT") == 1


def _without_key(seen: set[str], failed_keys: list[int], stderr: bytes) -> tuple[DecryptionVerdict, str]:
    """No key of ours opened the session key: whose fault was it?"""
    for code in failed_keys:
        if code & SYSTEM_ERROR or code in AGENT_GONE:
            raise OutsideFault("gpg_agent_failed", "gpg-agent could not use the key just now") from None
    if LOCKED & set(failed_keys):
        return "locked_key", "passphrase"
    if 4 in failed_keys:
        return "unsupported", "key_algorithm"
    if failed_keys:
        return "damaged", "session_key"
    if "NO_SECKEY" in seen or ("ENC_TO" in seen and "DECRYPTION_FAILED" in seen):
        return "wrong_key", ""
    if b"CRC" in stderr:
        return "damaged", "armour_checksum"
    return "damaged", "packets" if seen else "armour"


def words_of(status: bytes | bytearray) -> list[list[str]]:
    """Status lines as words. Split on the newline byte alone: other line breaks may stand inside a sender's text."""
    prefix = b"[GNUPG:] "
    lines = [line[len(prefix) :] for line in bytes(status).split(b"\n") if line.startswith(prefix)]
    return [line.decode("utf-8", "replace").split(" ") for line in lines if line]


def signature_in(status: bytes | bytearray) -> SignatureVerdict:
    """What GnuPG says of the signatures of one message. One bad signature makes it bad; else one good one is enough.

    Good is a sound signature by a key in our rings, also one that has expired since: whether it was valid when it
    was made is the steward's question. Made by a revoked key, expired itself, or of a kind that proves nothing (MD5):
    bad.
    """
    found: set[SignatureVerdict] = set()
    for words in words_of(status):
        if words[0] in ("GOODSIG", "EXPKEYSIG"):
            found.add("good")
        elif words[0] in ("BADSIG", "REVKEYSIG", "EXPSIG"):
            found.add("bad")
        elif words[0] == "ERRSIG":
            found.add("unknown_key" if words[6:7] in ([], ["4"], ["9"]) else "bad")
    return next((verdict for verdict in SIGNATURES if verdict in found), "none")


def literal_format(plain: list[str]) -> str:
    return chr(int(plain[1], 16)) if len(plain) > 1 and plain[1] in ("62", "74", "75") else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one ciphertext came to. `copy`: it stood in the HTML rendering of a text that stands beside it."""

    verdict: DecryptionVerdict
    detail: str = ""
    copy: bool = False


@dataclass(slots=True)
class Findings:
    """All ciphertexts of one delivery. `over` names a bound it broke; `expected`: its structure promises a ciphertext;
    `notes` are codes for people; `unsigned`: whether something encrypted, or something plain, stood outside every
    signature."""

    results: list[Finding] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    over: str = ""
    expected: bool = False
    signatures: list[SignatureVerdict] = field(default_factory=list)
    unsigned: set[bool] = field(default_factory=set)

    def verdict(self) -> tuple[DecryptionVerdict, str]:
        """One verdict for the whole, and the codes behind it."""
        results = [result for result in self.results if result.verdict != "not_encrypted"]
        # The HTML copy of an armour is often bent beyond repair; the plain one beside it counts.
        results = [result for result in results if not result.copy or result.verdict == "decrypted"] or results
        if self.expected and not self.results and not self.over:
            return "damaged", " ".join(sorted({*self.notes, "no_ciphertext"}))
        good = sum(result.verdict == "decrypted" for result in results)
        failures = {result.verdict for result in results} - {"decrypted"} | ({"too_large"} if self.over else set())
        codes = {result.detail for result in (*results, *self.results)} | self.notes | {self.over}
        worst = next((verdict for verdict in WORST_FIRST if verdict in failures), None)
        if worst and good:
            worst = "partly_decrypted"
            codes |= {*failures, f"{good}_of_{len(results)}"}
        return worst or ("decrypted" if good else "not_encrypted"), " ".join(sorted(codes - {""}))

    def signature(self) -> SignatureVerdict:
        """One verdict on the signatures of the whole: the worst. A good one vouches for what it covers alone, so where
        something else is to be read besides, it counts for nothing and is noted."""
        found = set(self.signatures)
        worst: SignatureVerdict = next((one for one in WORST_SIGNATURE if one in found), "none")
        encrypted = any(result.verdict == "decrypted" for result in self.results)
        if worst == "good" and encrypted in self.unsigned:
            self.notes.add("signed_in_part")
            return "none"
        return worst
