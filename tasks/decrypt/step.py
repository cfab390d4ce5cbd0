"""The decrypt step: each claimed original opened, in memory."""

from collections.abc import Sequence
from pathlib import Path

from schemas.documents import Opened
from schemas.errors import OutsideFault
from schemas.settings import Settings
from store.ledger import Claimed
from tasks.decrypt.open import open_delivery


def decrypt_batch(claims: Sequence[Claimed], settings: Settings, gnupg: Path) -> dict[str, Opened]:
    """Submission id -> what was opened. A key that is locked is the operator's fault, not the sender's: raises
    `OutsideFault`, and the batch stays undecided."""
    opened = {}
    for claim in claims:
        found = open_delivery(claim.content, claim.media_type, claim.name, settings=settings, home=gnupg)
        if found.decryption == "locked_key":
            raise OutsideFault("key_locked", "the school's key is locked", "unlock it, then run intake again")
        opened[claim.id] = found
    return opened
