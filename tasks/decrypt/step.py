"""The decrypt step: each claimed original opened, in memory."""

from collections.abc import Sequence
from pathlib import Path

from schemas.documents import Opened
from schemas.settings import Settings
from store.ledger import Claimed
from tasks.decrypt.open import open_delivery


def decrypt_batch(claims: Sequence[Claimed], settings: Settings, gnupg: Path) -> dict[str, Opened]:
    """Submission id -> what was opened. What is missing in it is meant for a key of ours that is locked: the
    operator's fault, not the sender's, so it stays undecided, and nothing else waits for it."""
    opened = {}
    for claim in claims:
        found = open_delivery(claim.content, claim.media_type, claim.name, settings=settings, home=gnupg)
        if found.decryption != "locked_key":
            opened[claim.id] = found
    return opened
