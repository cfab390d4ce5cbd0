"""The words of the report about one person (GDPR article 15), in bokmål, nynorsk and English.

Belongs here: a word for each code that `store.dossier` uses. Does not belong here: the sheet (`rights_pdf`), values.
A code that has no word here is shown as it is.
"""

from typing import Final

from schemas.boxed import Language

Words = tuple[str, str, str]

TITLE: Final = (
    "Innsyn: opplysninger skolen har om deg",
    "Innsyn: opplysningar skolen har om deg",
    "Access: what the school holds about you",
)
INTRO: Final = (
    "Dette er alt som systemet for foresattskjemaer har om deg, etter personvernforordningen artikkel 15. Opplysninger "
    "om andre er utelatt. Opplysningene brukes til innlogging og kontakt mellom skole og hjem, og de skrives inn i "
    "Visma InSchool for hånd.",
    "Dette er alt som systemet for foresettskjema har om deg, etter personvernforordninga artikkel 15. Opplysningar om "
    "andre er utelatne. Opplysningane blir brukte til innlogging og kontakt mellom skole og heim, og dei blir skrivne "
    "inn i Visma InSchool for hand.",
    "This is everything that the system for guardians' forms holds about you, under article 15 of the GDPR. What is "
    "about others is left out. It is used for login and for the contact between school and home, and is typed into "
    "Visma InSchool by hand.",
)
RIGHTS: Final = (
    "Du kan be skolen om å rette eller slette opplysningene, om å begrense bruken av dem, og du kan protestere mot "
    "bruken. Du kan klage til Datatilsynet. Ingenting her avgjøres av en maskin alene på en måte som binder deg: du "
    "kan alltid be om at en ansatt ser på saken.",
    "Du kan be skolen om å rette eller slette opplysningane, om å avgrense bruken av dei, og du kan protestere mot "
    "bruken. Du kan klage til Datatilsynet. Ingenting her blir avgjort av ei maskin åleine på ein måte som bind deg: "
    "du kan alltid be om at ein tilsett ser på saka.",
    "You may ask the school to correct or erase it, to restrict its use, and you may object to it. You may complain to "
    "Datatilsynet, the data protection authority. Nothing here is settled by a machine alone in a way that binds you: "
    "you can always ask that a member of staff looks at it.",
)
MADE: Final = (
    "Laget {day} av {by}. Legitimasjon: {proof}.",
    "Laga {day} av {by}. Legitimasjon: {proof}.",
    "Made {day} by {by}. Identity proven by: {proof}.",
)
UNSURE: Final = (
    "Det finnes dessuten {count} skjema i ditt navn der ingenting viser hvem som sendte det. Spør skolen hvis det er "
    "ditt.",
    "Det finst dessutan {count} skjema i ditt namn der ingenting viser kven som sende det. Spør skolen om det er ditt.",
    "There are also {count} forms in your name for which nothing shows who sent them. Ask the school if one is yours.",
)
WITHHELD: Final = (
    "Ikke vist, fordi det kan gjelde en annen: {fields}",
    "Ikkje vist, fordi det kan gjelde ein annan: {fields}",
    "Not shown, since it may be about another: {fields}",
)
LOOKED: Final = ("Hvem har sett eller gjort noe", "Kven har sett eller gjort noko", "Who has looked or done something")
LISTS: Final = (
    "Hvem har lest lister der du står",
    "Kven har lese lister der du står",
    "Who has read lists that you stand on",
)
SOURCE: Final = ("Kommer fra", "Kjem frå", "Comes from")
PURPOSE: Final = ("Brukes til", "Blir brukt til", "Used for")
BASIS: Final = ("Bygger på", "Byggjer på", "Rests on")
UNTIL: Final = ("Lagres til", "Blir lagra til", "Kept until")
DETAILS: Final = ("Ellers", "Elles", "Else")
NUMBER: Final = ("Vår referanse", "Vår referanse", "Our reference")

WORDS: Final[dict[str, dict[str, Words]]] = {
    "what": {
        "guardian": ("Foresatt", "Føresett", "Guardian"),
        "link": ("Foresatt til", "Føresett til", "Guardian of"),
        "listed": ("På skolens egen liste", "På skolen si eiga liste", "On the school's own list"),
        "held_list": ("På en liste som venter", "På ei liste som ventar", "On a list that waits"),
        "paper": ("I papirregisteret", "I papirregisteret", "On the register for paper"),
        "pupil": ("Elev", "Elev", "Pupil"),
        "enrolment": ("Elevforhold", "Elevforhold", "Enrolment"),
        "consent": ("Samtykke", "Samtykke", "Consent"),
        "form": ("Lest fra et skjema", "Lese frå eit skjema", "Read off a form"),
        "correction": ("Rettet av skolen", "Retta av skolen", "Corrected by the school"),
        "original": ("Forseglet original", "Forsegla original", "Sealed original"),
        "source_copy": ("Kopi der det kom inn", "Kopi der det kom inn", "Copy where it came in"),
        "line": ("Linje i arbeidslisten", "Linje i arbeidslista", "Line of the work list"),
        "message": ("Melding som venter", "Melding som ventar", "Message that waits"),
        "exported": ("Eksportert til en annen", "Eksportert til ein annan", "Exported to another"),
        "hold": ("Bevares inntil videre", "Blir bevart inntil vidare", "Kept on hold"),
    },
    "field": {
        "name": ("Navn", "Namn", "Name"),
        "fnr": ("Fødselsnummer", "Fødselsnummer", "Identity number"),
        "mobile": ("Mobil", "Mobil", "Mobile"),
        "email": ("E-post", "E-post", "E-mail"),
        "address": ("Adresse", "Adresse", "Address"),
        "pupil": ("Elev", "Elev", "Pupil"),
        "class": ("Klasse", "Klasse", "Class"),
        "born": ("Født", "Fødd", "Born"),
        "starts": ("Begynte", "Byrja", "Began"),
        "ends": ("Slutter", "Sluttar", "Ends"),
        "interrupted": ("Avbrutt", "Avbrote", "Broken off"),
        "given": ("Gitt", "Gitt", "Given"),
        "file": ("Filnavn (dine ord)", "Filnamn (dine ord)", "File name (your words)"),
        "decision": ("Avgjørelse", "Avgjerd", "Decision"),
    },
    "purpose": {
        "login": ("innlogging og skole–hjem", "innlogging og skule–heim", "login and school–home contact"),
        "prove": ("å vise hvem som er foresatt", "å vise kven som er føresett", "showing who is a guardian"),
        "paper": ("informasjon på papir", "informasjon på papir", "information on paper"),
        "pupil": ("å vite hvem som er elev", "å vite kven som er elev", "knowing who is a pupil"),
        "consent": ("tilgang for foresatte etter 18", "tilgang for føresette etter 18", "guardians' access after 18"),
        "form": ("behandling av skjemaet", "handsaming av skjemaet", "handling the form"),
        "vis": ("arbeidet i Visma InSchool", "arbeidet i Visma InSchool", "the work in Visma InSchool"),
        "answer": ("svar til deg", "svar til deg", "an answer to you"),
        "export": ("det mottakeren er valgt for", "det mottakaren er vald for", "what the recipient is for"),
        "hold": ("et krav eller en sak", "eit krav eller ei sak", "a claim or a case"),
    },
    "basis": {
        "form": ("skjemaet", "skjemaet", "the form"),
        "roster": ("skolens egen liste", "skolen si eiga liste", "the school's own list"),
        "register": ("Folkeregisteret", "Folkeregisteret", "the population register"),
        "steward": ("en ansatts bekreftelse", "stadfesting frå ein tilsett", "the word of a member of staff"),
        "consent": ("elevens samtykke", "samtykket til eleven", "the pupil's consent"),
        "law": ("skolens plikt", "skolen si plikt", "the school's duty"),
    },
    "channel": {
        "email": ("e-post", "e-post", "e-mail"),
        "digipost": ("Digipost", "Digipost", "Digipost"),
        "post": ("post", "post", "post"),
        "roster": ("skolens egen liste", "skolen si eiga liste", "the school's own list"),
        "steward": ("en ansatt ved skolen", "ein tilsett ved skolen", "a member of staff"),
        "pupil": ("eleven", "eleven", "the pupil"),
        "rules": ("laget av systemet", "laga av systemet", "made by the system"),
        "unknown": ("ikke lenger kjent", "ikkje lenger kjent", "no longer known"),
    },
    "until": {
        "last_link": ("så lenge du er foresatt her", "så lenge du er føresett her", "while you are a guardian here"),
        "turned_18": ("eleven fyller 18", "eleven fyller 18", "the pupil turns 18"),
        "left": ("eleven slutter", "eleven sluttar", "the pupil leaves"),
        "between_years": ("skoleåret begynner", "skuleåret byrjar", "the school year begins"),
        "extended": ("eleven slutter eller angrer", "eleven sluttar eller angrar", "the pupil leaves or revokes it"),
        "withdrawn": ("du har trukket deg", "du har trekt deg", "you have withdrawn"),
        "replaced": ("erstattet", "erstatta", "replaced"),
        "pupil_over": ("eleven blir 18 eller slutter", "eleven blir 18 eller sluttar", "the pupil turns 18 or leaves"),
        "off_roster": ("så lenge du er elev her", "så lenge du er elev her", "while you are a pupil here"),
        "held": ("fristen for å avgjøre det", "fristen for å avgjere det", "the time for deciding it is out"),
        "held_list": ("listen er avgjort", "lista er avgjord", "the list is decided"),
        "original": ("originalen destrueres", "originalen blir destruert", "the original is destroyed"),
        "source_copy": ("kopien slettes", "kopien blir sletta", "the copy is deleted"),
        "tombstone": ("sporet slettes", "sporet blir sletta", "the trace is deleted"),
        "signed_off": ("linjen er kvittert ut", "linja er kvittert ut", "the line is signed off"),
        "next_export": ("neste eksport etter det", "neste eksport etter det", "the export after that"),
        "said": ("det er sendt, eller 30 dager", "det er sendt, eller 30 dagar", "it is sent, or 30 days"),
        "hold": ("den dagen", "den dagen", "that day"),
    },
    "proof": {
        "passport": ("pass", "pass", "passport"),
        "id_card": ("ID-kort", "ID-kort", "identity card"),
        "id_porten": ("ID-porten", "ID-porten", "ID-porten"),
        "known_in_person": ("kjent av den ansatte", "kjend av den tilsette", "known in person"),
    },
    "action": {
        "revealed": ("så opplysningene", "såg opplysningane", "saw the values"),
        "line_revealed": ("så en linje", "såg ei linje", "saw a line"),
        "line_signed": ("kvitterte en linje", "kvitterte ei linje", "signed a line"),
        "list_read": ("leste en liste", "las ei liste", "read a list"),
        "entry_decided": ("avgjort", "avgjort", "decided"),
        "references_made": ("skrev ut engangsreferanser", "skreiv ut eingongsreferansar", "printed references"),
        "guardian_linked": ("ført som foresatt", "ført som føresett", "recorded as guardian"),
        "review": ("behandlet", "handsama", "reviewed"),
        "person_reported": ("ga innsyn", "gav innsyn", "gave access"),
        "person_corrected": ("rettet", "retta", "corrected"),
        "person_erased": ("slettet", "sletta", "erased"),
    },
}  # fmt: skip
_ORDER: Final[tuple[Language, ...]] = ("nb", "nn", "en")


def word(kind: str, code: str, language: Language) -> str:
    """The word for a code; the code itself where there is none."""
    found = WORDS[kind].get(code)
    return found[_ORDER.index(language)] if found else code


def said(words: Words, language: Language) -> str:
    """Words in a language."""
    return words[_ORDER.index(language)]
