"""What a number that does not check out may have been meant to be, for a steward's eyes only.

Belongs here: the numbers one slip away from a faulty one. Does not belong here: choosing among them. Check digits
detect errors, they never mend them: a proposal is compared with the document and asked about, never used. No step and
no flow may import this file, directly or by a detour; a contract in pyproject.toml and a test keep it so.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal, NamedTuple

from schemas.identity import Plus40, classify
from schemas.numbers import clean
from schemas.settings import Environment

Slip = Literal["unreadable", "digit", "swap", "zero"]
"""One digit could not be read; one digit is wrong; two neighbours changed places; a zero in front was lost."""
DIGITS: Final = "0123456789"
REPAIRABLE: Final = frozenset({"fnr_length", "fnr_lost_leading_zero", "fnr_date", "fnr_checksum"})
"""Reasons that a slip of the pen can explain."""


class Proposal(NamedTuple):
    """A number that checks out, the slip that would explain it, and the positions (from 0) that differ."""

    number: str
    slip: Slip
    at: tuple[int, ...]

    @property
    def marked(self) -> str:
        """The number with what differs in brackets: "418190[7]7302"."""
        first, last = self.at[0], self.at[-1] + 1
        return f"{self.number[:first]}[{self.number[first:last]}]{self.number[last:]}"


def propose_repairs(
    number: str | None,
    *,
    environment: Environment | None = None,
    on: date | None = None,
    plus40: Plus40 | None = None,
    accept_2032_from: date = date(2032, 1, 1),
) -> list[Proposal]:
    """Every number one slip away from `number` that checks out; none where it checks out itself, or is too far off.

    A character that is no digit ("?", a letter) is one that nobody could read; with it there is one candidate at most.
    Without it: one other digit, two neighbours the other way round, or a zero in front of ten. Such as today's rule
    allows come first, then those of the rule of 2032; then in the order of slips and of positions. With `environment`,
    only what `classify` (whose other arguments are these) accepts there; without, whatever is well formed.
    """
    candidates = list(_candidates(clean(number[:64]))) if number else []
    judged = classify(
        [candidate.number for candidate in candidates],
        environment=environment or "production",
        on=on,
        plus40=plus40,
        accept_2032_from=accept_2032_from,
    )
    holds = judged["accepted" if environment else "valid"]
    if candidates and candidates[0].at == () and judged["valid"].iat[0]:
        return []
    kept = [(scheme == "2032", one) for one, ok, scheme in zip(candidates, holds, judged["scheme"], strict=True) if ok]
    return [one for _, one in sorted(kept, key=lambda pair: pair[0])]


def _candidates(text: str) -> Iterator[Proposal]:
    """The number itself first, where it is one; then everything one slip away."""
    unreadable = [at for at, character in enumerate(text) if character not in DIGITS]
    if len(text) == 11 and len(unreadable) == 1:
        at = unreadable[0]
        yield from (Proposal(f"{text[:at]}{digit}{text[at + 1 :]}", "unreadable", (at,)) for digit in DIGITS)
    if unreadable:
        return
    if len(text) == 10:
        yield Proposal(f"0{text}", "zero", (0,))
    if len(text) != 11:
        return
    yield Proposal(text, "digit", ())
    for at, written in enumerate(text):
        others = (digit for digit in DIGITS if digit != written)
        yield from (Proposal(f"{text[:at]}{digit}{text[at + 1 :]}", "digit", (at,)) for digit in others)
    for at in range(10):
        if text[at] != text[at + 1]:
            yield Proposal(f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}", "swap", (at, at + 1))
