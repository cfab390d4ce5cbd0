"""Where runs go wrong on purpose: copies of one small filled home, and what an undisturbed run makes of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support_runs import Ran, Runs
from support_world import Inbox, Town, picture

from fixtures.casebook import Case

SENT = (
    "mail_mime_both_1",
    "digipost_both_1",
    "turns_18_today",
    "mother_before_refusal",
    "refusal_for_the_other_parent",
    "bad_check_digit",
    "newsletter",
    "text_named_pdf",
)
"""Eight deliveries by all three channels: loaded, not applicable, suspended, rejected, no form."""
SMALL_BATCHES = {"FORESATT_INTAKE_BATCH_SIZE": "5", "FORESATT_POST_STABLE_SECONDS": "0"}


@dataclass(frozen=True)
class Workshop:
    """Copies of one filled home, and what an undisturbed run makes of it."""

    homes: Town
    runs: Runs
    inbox: Inbox
    filled: Path
    undisturbed: dict[str, Any]

    def home(self, name: str) -> Path:
        return self.homes.copy(self.filled, name)

    def intake(self, home: Path, *spoil: dict[str, Any]) -> Ran:
        """One intake by every channel, with these faults."""
        env = self.inbox.environ | SMALL_BATCHES
        return self.runs("intake", "--json", home=home, env=env, spoil=spoil)


def workshop(homes: Town, runs: Runs, cases: dict[str, Case]) -> Workshop:
    """A home with eight deliveries waiting, and the picture of one in which a run had its way."""
    inbox, filled = homes.inbox(), homes.home("k")
    homes.fill(filled, (cases[name] for name in SENT), inbox)
    whole = homes.copy(filled, "k0")
    runs("intake", "--json", home=whole, env=inbox.environ | SMALL_BATCHES).fine()
    return Workshop(homes, runs, inbox, filled, picture(whole))
