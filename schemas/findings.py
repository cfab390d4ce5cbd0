"""The catalogue of findings: what the night finds out about links that are stored, who looks, and by when.

Belongs here: code, owner, days, what is done at once, and the words in bokmål, nynorsk and English. Does not belong
here: finding anything out, and any value: a finding holds ids of ours and codes. Protection is none: it acts at once
and has a task of its own before the restricted role (`store.protection`). Source: the domain's "Purpose and retention".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:  # the settings model is heavy
    from schemas.reasons import Owner
    from schemas.settings import Language

ClosedAs = Literal["seen", "kept", "ended"]
"""seen: looked at, nothing to change here; kept: the link goes on (a suspended one lives again); ended: the link is
erased, and a REMOVE line is due today."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding. `days`: working days until a person must have looked; None where the date is another's.
    `suspends`: the link rests from the moment that it is found. `closes`: how a person may close it."""

    code: str
    owner: Owner
    days: int | None
    suspends: bool
    closes: tuple[ClosedAs, ...]
    text: Mapping[Language, str]


LINK: Final[tuple[ClosedAs, ...]] = ("kept", "ended")
TOLD: Final[tuple[ClosedAs, ...]] = ("seen", "ended")


def _k(code: str, days: int | None, closes: tuple[ClosedAs, ...], nb: str, nn: str, en: str) -> Kind:
    return Kind(code, "steward", days, code in SUSPENDING, closes, {"nb": nb, "nn": nn, "en": en})


SUSPENDING: Final = ("guardian_died", "responsibility_ended")
_ALL: Final = (
    _k(
        "guardian_died", 1, LINK,
        "Folkeregisteret melder den foresatte død. Koblingen hviler. Finn ut om det stemmer.",
        "Folkeregisteret melder den føresette død. Koplinga kviler. Finn ut om det stemmer.",
        "The register says that the guardian has died. The link rests. Find out whether it is so.",
    ),
    _k(
        "responsibility_ended", 1, LINK,
        "Folkeregisteret har ikke foreldreansvar for paret. Koblingen hviler. Se vedtaket.",
        "Folkeregisteret har ikkje foreldreansvar for paret. Koplinga kviler. Sjå vedtaket.",
        "The register has no parental responsibility for the pair. The link rests. See the decision.",
    ),
    _k(
        "responsibility_unclear", 5, LINK,
        "Folkeregisteret gir ikke klart svar om foreldreansvar. Ingenting er endret. Se vedtaket.",
        "Folkeregisteret gir ikkje klart svar om foreldreansvar. Ingenting er endra. Sjå vedtaket.",
        "The register gives no clear answer about responsibility. Nothing has changed. See the decision.",
    ),
    _k(
        "not_in_register", 5, LINK,
        "Folkeregisteret kjenner ikke nummeret. Ingenting er endret. Spør den foresatte.",
        "Folkeregisteret kjenner ikkje nummeret. Ingenting er endra. Spør den føresette.",
        "The register does not know the number. Nothing has changed. Ask the guardian.",
    ),
    _k(
        "name_changed", 5, TOLD,
        "Den foresatte har et annet navn i Folkeregisteret. Rett det i Visma InSchool hvis det stemmer.",
        "Den føresette har eit anna namn i Folkeregisteret. Rett det i Visma InSchool om det stemmer.",
        "The guardian has another name in the register. Correct it in Visma InSchool if it is right.",
    ),
    _k(
        "number_changed", 5, TOLD,
        "Den foresatte har fått nytt nummer. Det er fulgt her. Rett det i Visma InSchool.",
        "Den føresette har fått nytt nummer. Det er følgt her. Rett det i Visma InSchool.",
        "The guardian has a new number. It was followed here. Correct it in Visma InSchool.",
    ),
    _k(
        "number_differs", 1, LINK,
        "Skolens liste har et annet nummer for den foresatte. Ingenting er endret. Finn ut hva som stemmer.",
        "Lista til skolen har eit anna nummer for den føresette. Ingenting er endra. Finn ut kva som stemmer.",
        "The school's list has another number for the guardian. Nothing has changed. Find out which is right.",
    ),
    _k(
        "not_on_list", 5, LINK,
        "Skolens liste nevner ikke lenger den foresatte for eleven. Ingenting er endret. Finn ut hvorfor.",
        "Lista til skolen nemner ikkje lenger den føresette for eleven. Ingenting er endra. Finn ut kvifor.",
        "The school's list no longer names the guardian for the pupil. Nothing has changed. Find out why.",
    ),
    _k(
        "between_years", None, ("seen",),
        "Skoleåret er over, og listen har ikke noe nytt for eleven. Alt slettes på datoen hvis ingenting kommer.",
        "Skoleåret er over, og lista har ikkje noko nytt for eleven. Alt blir sletta på datoen om ingenting kjem.",
        "The school year is over, and the list has nothing new for the pupil. All is erased on the date.",
    ),
)  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {kind.code: kind for kind in _ALL}
OF_REGISTER: Final = (*SUSPENDING, "responsibility_unclear", "not_in_register", "name_changed")
OF_ROSTER: Final = ("number_differs", "not_on_list")
