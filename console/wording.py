"""What a mail or a text said, for whoever may see it: a refusal, a consent or a letter in words has no fields.

Belongs here: the sealed original opened once more, as text. Does not belong here: who may look (`submissions`),
pictures of sheets.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from store.database import Store

FILES: Final = ("pdf", "image", "office", "text")
MOST: Final = 20_000


def worded(store: "Store", ident: str) -> list[str]:
    """Sender, subject and texts of a submission whose original is kept, each cut at `MOST` characters; empty for a
    document. Raises OutsideFault where GnuPG cannot be asked."""
    from schemas.sender import answerable_sender
    from store import ledger
    from tasks.decrypt.keyring import stop_agent
    from tasks.decrypt.open import open_delivery

    with store.read() as tx:
        original = ledger.original(tx, ident)
    if original is None:
        return []
    try:
        opened = open_delivery(original, "", "", settings=store.settings, home=store.home.gnupg)
    finally:
        stop_agent(store.home.gnupg)
    said = [part.text.strip() for part in opened.parts if part.text and part.text.strip()]
    head = [answerable_sender(original) or "", opened.subject] if said and opened.container not in FILES else []
    return [text[:MOST] for text in [*head, *said] if text]
