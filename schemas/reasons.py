"""The one catalogue of reasons: why a form, a guardian or a document did not simply go through, and what to do now.

Belongs here: code, field, severity, owner, and the words in bokmål, nynorsk and English. Does not belong here: how a
reason is found out, and any value: no text has a place to put one. What a guardian may read says nothing of
protection, enrolment or the other guardian; `by_school` is the neutral one. Source: the domain's reason catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from schemas.errors import UsageFault

if TYPE_CHECKING:  # the settings model is heavy, and light commands show reasons
    from schemas.settings import Language

ReasonField = Literal["fnr", "name", "mobile", "email", "pupil", "link", "refusal", "consent", "document", "system"]
Severity = Literal["reject", "review", "warn", "info"]
"""reject = cannot be used as it is; review = a person decides; warn = goes on, without that field or with a note to the
steward; info = told only."""
Owner = Literal["guardian", "steward", "administrator"]
"""Who can do something about it."""

Words = tuple[str, str, str]  # bokmål, nynorsk, English


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `text` and `next_step` hold a sentence or two for each of `nb`, `nn`, `en`."""

    code: str
    field: ReasonField
    severity: Severity
    owner: Owner
    text: Mapping[Language, str]
    next_step: Mapping[Language, str]


SEND_AGAIN: Final = (
    "Rett opplysningen og send skjemaet på nytt.",
    "Rett opplysninga og send skjemaet på nytt.",
    "Correct it and send the form again.",
)
CHECK_NUMBER: Final = (
    "Se på bankkortet eller passet, og send skjemaet på nytt med alle de elleve sifrene.",
    "Sjå på bankkortet eller passet, og send skjemaet på nytt med alle dei elleve sifra.",
    "Look at your bank card or passport, and send the form again with all eleven digits.",
)
NO_NUMBER: Final = (
    "Send skjemaet på nytt med nummeret, eller si fra om at du ikke har norsk nummer eller ikke vil oppgi det.",
    "Send skjemaet på nytt med nummeret, eller sei frå om at du ikkje har norsk nummer eller ikkje vil oppgi det.",
    "Send the form again with the number, or tell us that you have no Norwegian number or will not give it.",
)
ON_PAPER: Final = (
    "Har du et norsk fødselsnummer eller D-nummer, send det. Ellers får du informasjonen fra skolen på papir.",
    "Har du eit norsk fødselsnummer eller D-nummer, send det. Elles får du informasjonen frå skolen på papir.",
    "If you have a Norwegian national identity number or D-number, send it. If not, the school informs you on paper.",
)
OPTIONAL: Final = (
    "Feltet er valgfritt. Send skjemaet på nytt hvis du vil rette det.",
    "Feltet er valfritt. Send skjemaet på nytt om du vil rette det.",
    "This field is optional. Send the form again if you want to correct it.",
)
SHARED: Final = (
    "Opplysningen er beholdt for begge. Spør dem hvis den bare skal gjelde den ene.",
    "Opplysninga er teken vare på for begge. Spør dei om ho berre skal gjelde den eine.",
    "It is kept for both. Ask them if it should count for one of them only.",
)
NOTHING: Final = (
    "Du trenger ikke å gjøre noe nå. Skolen tar kontakt hvis det trengs.",
    "Du treng ikkje å gjere noko no. Skolen tek kontakt om det trengst.",
    "You need not do anything now. The school will contact you if needed.",
)
DECIDE: Final = (
    "Sammenlign med elevlisten, og bekreft, rett eller avvis.",
    "Samanlikn med elevlista, og stadfest, rett eller avvis.",
    "Compare with the roster, then confirm, correct or reject.",
)
CONFIRM_SENDER: Final = (
    "Spør den foresatte på telefon eller e-post som skolen hadde fra før, og bekreft eller avvis.",
    "Spør den føresette på telefon eller e-post som skolen hadde frå før, og stadfest eller avvis.",
    "Ask the guardian at a phone number or address the school had before, then confirm or reject.",
)
SEE_PAPERS: Final = (
    "Be om å få se vedtaket eller avtalen som viser hvem som har ansvaret, og bekreft eller avvis.",
    "Be om å få sjå vedtaket eller avtalen som viser kven som har ansvaret, og stadfest eller avvis.",
    "Ask to see the decision or agreement that shows who is responsible, then confirm or reject.",
)
ASK_PUPIL: Final = (
    "Spør eleven selv, og bekreft eller avvis.",
    "Spør eleven sjølv, og stadfest eller avvis.",
    "Ask the pupil in person, then confirm or reject.",
)
READ_DOCUMENT: Final = (
    "Se på dokumentet, les feltene, og bekreft eller rett dem.",
    "Sjå på dokumentet, les felta, og stadfest eller rett dei.",
    "Look at the document, read the fields, and confirm or correct them.",
)
OTHER_WAY: Final = (
    "Send skjemaet på nytt: i kryptert e-post, i Digipost eller i posten.",
    "Send skjemaet på nytt: i kryptert e-post, i Digipost eller i posten.",
    "Send the form again: by encrypted e-mail, by Digipost or by post.",
)
NO_ACTION: Final = (
    "Ingenting mer å gjøre. Opplysningene slettes.",
    "Ingenting meir å gjere. Opplysningane blir sletta.",
    "Nothing more to do. The data is erased.",
)
ADMINISTER: Final = (
    "Si fra til den som drifter løsningen. Kjør på nytt når feilen er rettet.",
    "Sei frå til den som driftar løysinga. Køyr på nytt når feilen er retta.",
    "Tell whoever runs the system. Process it again once that is mended.",
)


def _r(code: str, field: ReasonField, severity: Severity, owner: Owner, text: Words, next_step: Words) -> Reason:
    return Reason(code, field, severity, owner, _by_language(text), _by_language(next_step))


def _by_language(words: Words) -> Mapping[Language, str]:
    return MappingProxyType({"nb": words[0], "nn": words[1], "en": words[2]})


# fmt: off
_ALL: Final = (
    # --- fødselsnummer and D-number
    _r("fnr_missing", "fnr", "reject", "guardian", (
        "Feltet for fødselsnummer er tomt.",
        "Feltet for fødselsnummer er tomt.",
        "The field for the national identity number is empty."), NO_NUMBER),
    _r("fnr_length", "fnr", "reject", "guardian", (
        "Fødselsnummeret må ha elleve siffer, og bare siffer.",
        "Fødselsnummeret må ha elleve siffer, og berre siffer.",
        "The national identity number must have eleven digits, and only digits."), CHECK_NUMBER),
    _r("fnr_checksum", "fnr", "reject", "guardian", (
        "Ett av de elleve sifrene ser ut til å være feil skrevet.",
        "Eitt av dei elleve sifra ser ut til å vere skrive feil.",
        "One of the eleven digits seems to be mistyped."), CHECK_NUMBER),
    _r("fnr_date", "fnr", "reject", "guardian", (
        "Fødselsdatoen i fødselsnummeret finnes ikke.",
        "Fødselsdatoen i fødselsnummeret finst ikkje.",
        "The birth date in the national identity number does not exist."), CHECK_NUMBER),
    _r("fnr_lost_leading_zero", "fnr", "reject", "guardian", (
        "Fødselsnummeret har ti siffer. Det ser ut til at en null foran har falt bort, slik regneark ofte gjør.",
        "Fødselsnummeret har ti siffer. Det ser ut til at ein null framfor har falle bort, slik rekneark ofte gjer.",
        "The national identity number has ten digits. A zero in front seems lost, as often happens in spreadsheets."),
        CHECK_NUMBER),
    _r("fnr_synthetic_in_production", "fnr", "reject", "guardian", (
        "Dette er et testnummer, ikke nummeret til en person.",
        "Dette er eit testnummer, ikkje nummeret til ein person.",
        "This is a test number, not a person's number."), CHECK_NUMBER),
    _r("fnr_real_in_test", "fnr", "reject", "administrator", (
        "Dette er en prøveløsning. Den tar bare imot testnumre.",
        "Dette er ei prøveløysing. Ho tek berre imot testnummer.",
        "This is a trial system. It takes test numbers only."), (
        "Bruk et testnummer, eller send skjemaet til den ordentlige løsningen.",
        "Bruk eit testnummer, eller send skjemaet til den ordentlege løysinga.",
        "Use a test number, or send the form to the real system.")),
    _r("fnr_kind_no_login", "fnr", "reject", "guardian", (
        "Nummeret kan ikke brukes til innlogging. Det må være et fødselsnummer eller et D-nummer.",
        "Nummeret kan ikkje brukast til innlogging. Det må vere eit fødselsnummer eller eit D-nummer.",
        "The number cannot be used to log in. It must be a national identity number or a D-number."), ON_PAPER),
    _r("fnr_same_on_both", "fnr", "review", "steward", (
        "Samme fødselsnummer står på begge foresatte.",
        "Same fødselsnummer står på begge føresette.",
        "Both guardians have the same national identity number."), DECIDE),
    _r("fnr_folded", "fnr", "info", "steward", (
        "Fødselsnummeret er skrevet med andre siffertegn enn 0 til 9. De er lest som vanlige siffer.",
        "Fødselsnummeret er skrive med andre sifferteikn enn 0 til 9. Dei er lesne som vanlege siffer.",
        "The national identity number is written with other digits than 0 to 9. They were read as ordinary digits."), (
        "Se på dokumentet hvis du er i tvil.",
        "Sjå på dokumentet om du er i tvil.",
        "Look at the document if in doubt.")),
    # The steward's: told to a sender, it would confirm to anybody that a number is the pupil's.
    _r("fnr_is_pupils", "fnr", "reject", "steward", (
        "Dette er elevens fødselsnummer. Skolen trenger nummeret til den foresatte.",
        "Dette er fødselsnummeret til eleven. Skolen treng nummeret til den føresette.",
        "This is the pupil's national identity number. The school needs the guardian's."), (
        "Spør den foresatte om eget nummer, på telefon eller e-post som skolen hadde fra før.",
        "Spør den føresette om eige nummer, på telefon eller e-post som skolen hadde frå før.",
        "Ask the guardian for their own number, at a phone number or address the school had before.")),
    _r("fnr_differs_from_known", "fnr", "review", "steward", (
        "Skolen har et annet fødselsnummer på denne foresatte fra før.",
        "Skolen har eit anna fødselsnummer på denne føresette frå før.",
        "The school already has a different national identity number for this guardian."), CONFIRM_SENDER),
    _r("fnr_not_in_register", "fnr", "review", "steward", (
        "Folkeregisteret svarer ikke med noen person på dette fødselsnummeret.",
        "Folkeregisteret svarer ikkje med nokon person på dette fødselsnummeret.",
        "The national register answers with nobody for this national identity number."), CONFIRM_SENDER),
    _r("fnr_not_in_use", "fnr", "review", "steward", (
        "Folkeregisteret viser at personen er død, eller at nummeret ikke lenger er i bruk.",
        "Folkeregisteret viser at personen er død, eller at nummeret ikkje lenger er i bruk.",
        "The national register shows that the person has died, or that the number is no longer in use."), DECIDE),
    _r("fnr_false_identity", "fnr", "review", "steward", (
        "Folkeregisteret viser at identiteten bak nummeret er falsk.",
        "Folkeregisteret viser at identiteten bak nummeret er falsk.",
        "The national register shows that the identity behind the number is false."), (
        "Ikke bruk nummeret. Spør skolens ledelse før du svarer.",
        "Ikkje bruk nummeret. Spør leiinga ved skolen før du svarer.",
        "Do not use the number. Ask the school's management before you answer.")),
    # --- name, mobile, e-mail
    _r("name_missing", "name", "reject", "guardian", (
        "Navnet på den foresatte mangler.",
        "Namnet på den føresette manglar.",
        "The guardian's name is missing."), SEND_AGAIN),
    _r("name_differs", "name", "review", "steward", (
        "Navnet på skjemaet er ikke likt det skolen har på denne foresatte.",
        "Namnet på skjemaet er ikkje likt det skolen har på denne føresette.",
        "The name on the form is not the one the school has for this guardian."), DECIDE),
    _r("name_differs_in_register", "name", "review", "steward", (
        "Navnet på skjemaet er ikke likt det Folkeregisteret har på dette nummeret.",
        "Namnet på skjemaet er ikkje likt det Folkeregisteret har på dette nummeret.",
        "The name on the form is not the one the national register has for this number."), CONFIRM_SENDER),
    _r("mobile_invalid", "mobile", "warn", "guardian", (
        "Mobilnummeret ser ikke ut til å være riktig skrevet.",
        "Mobilnummeret ser ikkje ut til å vere rett skrive.",
        "The mobile number does not seem to be written correctly."), OPTIONAL),
    _r("mobile_no_sms", "mobile", "warn", "guardian", (
        "Telefonnummeret kan ikke ta imot SMS. Skolen trenger et mobilnummer.",
        "Telefonnummeret kan ikkje ta imot SMS. Skolen treng eit mobilnummer.",
        "The phone number cannot receive text messages. The school needs a mobile number."), OPTIONAL),
    _r("mobile_same_on_both", "mobile", "warn", "steward", (
        "Samme mobilnummer står på begge foresatte.",
        "Same mobilnummer står på begge føresette.",
        "Both guardians have the same mobile number."), SHARED),
    _r("email_invalid", "email", "warn", "guardian", (
        "E-postadressen er ikke riktig skrevet.",
        "E-postadressa er ikkje rett skriven.",
        "The e-mail address is not written correctly."), OPTIONAL),
    _r("email_looks_mistyped", "email", "warn", "guardian", (
        "E-postadressen ser ut til å ha en skrivefeil etter krøllalfaen (@).",
        "E-postadressa ser ut til å ha ein skrivefeil etter krøllalfaen (@).",
        "The e-mail address seems to be mistyped after the @ sign."), OPTIONAL),
    _r("email_same_on_both", "email", "warn", "steward", (
        "Samme e-postadresse står på begge foresatte.",
        "Same e-postadresse står på begge føresette.",
        "Both guardians have the same e-mail address."), SHARED),
    # --- pupil
    _r("pupil_missing", "pupil", "reject", "guardian", (
        "Navnet på eleven mangler.",
        "Namnet på eleven manglar.",
        "The pupil's name is missing."), SEND_AGAIN),
    _r("pupil_not_found", "pupil", "review", "steward", (
        "Ingen elev på listen har dette navnet.",
        "Ingen elev på lista har dette namnet.",
        "No pupil on the roster has this name."), DECIDE),
    _r("pupil_ambiguous", "pupil", "review", "steward", (
        "Flere elever på listen passer med navnet.",
        "Fleire elevar på lista passar med namnet.",
        "More than one pupil on the roster fits the name."), DECIDE),
    _r("pupil_adult", "pupil", "info", "steward", (
        "Eleven er 18 år eller mer og har ikke samtykket til at foresatte har tilgang.",
        "Eleven er 18 år eller meir og har ikkje samtykt til at føresette har tilgang.",
        "The pupil is 18 or older and has not consented to guardian access."), NO_ACTION),
    _r("pupil_left", "pupil", "info", "steward", (
        "Eleven går ikke lenger på skolen.",
        "Eleven går ikkje lenger på skolen.",
        "The pupil is no longer at the school."), NO_ACTION),
    _r("pupil_differs_in_register", "pupil", "review", "steward", (
        "Folkeregisteret har andre opplysninger om eleven enn skolen har.",
        "Folkeregisteret har andre opplysningar om eleven enn skolen har.",
        "The national register tells something else of the pupil than the school does."), (
        "Sammenlign elevens navn, fødselsdato og nummer med elevlisten, og rett det som er feil der.",
        "Samanlikn namnet, fødselsdatoen og nummeret til eleven med elevlista, og rett det som er feil der.",
        "Compare the pupil's name, birth date and number with the roster, and correct what is wrong there.")),
    # --- the link between guardian and pupil
    _r("number_unproven", "link", "review", "steward", (
        "Navnet passer, men ingenting viser at fødselsnummeret hører til denne foresatte.",
        "Namnet passar, men ingenting viser at fødselsnummeret høyrer til denne føresette.",
        "The name fits, but nothing shows that the national identity number belongs to this guardian."),
        CONFIRM_SENDER),
    _r("reference_spent", "link", "review", "steward", (
        "Engangsreferansen fra brevet er brukt i et tidligere skjema.",
        "Eingongsreferansen frå brevet er brukt i eit tidlegare skjema.",
        "The one-time reference from the letter was used in an earlier form."),
        CONFIRM_SENDER),
    _r("guardian_not_on_roster", "link", "review", "steward", (
        "Listen har ingen foresatt med dette navnet for eleven.",
        "Lista har ingen føresett med dette namnet for eleven.",
        "The roster has no guardian of this name for the pupil."), DECIDE),
    _r("no_responsibility", "link", "review", "steward", (
        "Folkeregisteret viser ikke foreldreansvar for eleven.",
        "Folkeregisteret viser ikkje foreldreansvar for eleven.",
        "The national register shows no parental responsibility for the pupil."), DECIDE),
    _r("responsibility_other", "link", "review", "steward", (
        "Folkeregisteret viser at andre enn foreldrene har ansvaret for eleven.",
        "Folkeregisteret viser at andre enn foreldra har ansvaret for eleven.",
        "The national register shows that others than the parents are responsible for the pupil."), DECIDE),
    _r("responsibility_unclear", "link", "review", "steward", (
        "Folkeregisteret sier ikke hvem som har ansvaret for eleven.",
        "Folkeregisteret seier ikkje kven som har ansvaret for eleven.",
        "The national register does not say who is responsible for the pupil."), SEE_PAPERS),
    _r("guardianship_for_minor", "link", "review", "steward", (
        "Folkeregisteret viser at eleven har en oppnevnt verge.",
        "Folkeregisteret viser at eleven har ein oppnemnd verje.",
        "The national register shows that the pupil has an appointed legal guardian."), SEE_PAPERS),
    _r("register_contradicts", "link", "review", "steward", (
        "Folkeregisteret sier to ting som ikke kan stemme begge to.",
        "Folkeregisteret seier to ting som ikkje kan stemme begge to.",
        "The national register says two things that cannot both be true."), SEE_PAPERS),
    _r("contact_change_unproven", "link", "review", "steward", (
        "Ny mobil eller e-post for en kjent foresatt, men ingenting viser hvem som sendte skjemaet.",
        "Ny mobil eller e-post for ein kjend føresett, men ingenting viser kven som sende skjemaet.",
        "New mobile or e-mail for a known guardian, but nothing shows who sent the form."), CONFIRM_SENDER),
    _r("guardian_maybe_minor", "link", "warn", "steward", (
        "Nummeret tyder på at den foresatte er under 18 år. Kanskje er det barnets nummer.",
        "Nummeret tyder på at den føresette er under 18 år. Kanskje er det nummeret til barnet.",
        "The number suggests that the guardian is under 18. It may be the child's."), (
        "Se på dokumentet, og spør den foresatte hvis nummeret kan være barnets.",
        "Sjå på dokumentet, og spør den føresette dersom nummeret kan vere barnet sitt.",
        "Look at the document, and ask the guardian if the number may be the child's.")),
    _r("by_school", "link", "review", "steward", (
        "Skolen tar seg av dette.",
        "Skolen tek seg av dette.",
        "The school is taking care of this."), NOTHING),
    # --- refusal and consent
    _r("refusal_unproven", "refusal", "review", "steward", (
        "Noen har sagt nei på vegne av en foresatt, men ingenting viser at det er den foresatte selv.",
        "Nokon har sagt nei på vegner av ein føresett, men ingenting viser at det er den føresette sjølv.",
        "Someone has declined for a guardian, but nothing shows that it was the guardian."), CONFIRM_SENDER),
    _r("refusal_and_number", "refusal", "warn", "steward", (
        "Skjemaet sier nei, men har også et fødselsnummer. Neiet gjelder, og nummeret er ikke tatt vare på.",
        "Skjemaet seier nei, men har òg eit fødselsnummer. Neiet gjeld, og nummeret er ikkje teke vare på.",
        "The form declines but also holds a national identity number. The refusal counts, and the number is not kept."),
        NOTHING),
    _r("consent_unproven", "consent", "review", "steward", (
        "Samtykket er ikke bekreftet av eleven selv.",
        "Samtykket er ikkje stadfesta av eleven sjølv.",
        "The consent is not confirmed by the pupil."), ASK_PUPIL),
    _r("consent_guardian_unknown", "consent", "review", "steward", (
        "Samtykket nevner en foresatt som ikke er registrert for eleven.",
        "Samtykket nemner ein føresett som ikkje er registrert for eleven.",
        "The consent names a guardian who is not registered for the pupil."), (
        "Sammenlign navnet med de foresatte som er registrert, og rett det. Er den foresatte ikke registrert, må"
        " skjemaet deres komme først.",
        "Samanlikn namnet med dei føresette som er registrerte, og rett det. Er den føresette ikkje registrert, må"
        " skjemaet deira kome først.",
        "Compare the name with the guardians who are registered, and correct it. If the guardian is not registered,"
        " their form has to come first.")),
    _r("consent_too_late", "consent", "info", "steward", (
        "Eleven er 18 år eller mer, og ingen foresatt er registrert lenger. Samtykket kom etter slettingen.",
        "Eleven er 18 år eller meir, og ingen føresett er registrert lenger. Samtykket kom etter slettinga.",
        "The pupil is 18 or older, and no guardian is registered any more. The consent came after the erasure."), (
        "Spør eleven selv. Vil eleven det fortsatt, noter samtykket, og be den foresatte om et nytt skjema.",
        "Spør eleven sjølv. Vil eleven det framleis, noter samtykket, og be den føresette om eit nytt skjema.",
        "Ask the pupil in person. If the pupil still wants it, note the consent and ask the guardian for a new form.")),
    _r("consent_for_whom", "consent", "review", "steward", (
        "Eleven er 18 år eller mer, og har samtykket for en foresatt som ikke er registrert.",
        "Eleven er 18 år eller meir, og har samtykt for ein føresett som ikkje er registrert.",
        "The pupil is 18 or older, and has consented for a guardian who is not registered."), (
        "Spør eleven om det er denne foresatte, og bekreft eller avvis.",
        "Spør eleven om det er denne føresette, og stadfest eller avvis.",
        "Ask the pupil whether it is this guardian, then confirm or reject.")),
    # --- the document
    _r("arrived_unencrypted", "document", "review", "steward", (
        "Skjemaet kom som vanlig e-post, uten kryptering, og har et fødselsnummer i seg.",
        "Skjemaet kom som vanleg e-post, utan kryptering, og har eit fødselsnummer i seg.",
        "The form came by ordinary e-mail, unencrypted, and holds a national identity number."), (
        "Avgjør om skjemaet skal brukes. Meld avviket til personvernombudet, uten å gjenta nummeret.",
        "Avgjer om skjemaet skal brukast. Meld avviket til personvernombodet, utan å ta opp att nummeret.",
        "Decide whether to use the form. Tell the data protection officer, without repeating the number.")),
    _r("low_confidence", "document", "review", "steward", (
        "Noe på arket er lest av maskinen og kan være lest feil.",
        "Noko på arket er lese av maskina og kan vere lese feil.",
        "Something on the sheet was read by machine and may be misread."), READ_DOCUMENT),
    _r("handwritten", "document", "review", "steward", (
        "Skjemaet er fylt ut for hånd. En person må lese det.",
        "Skjemaet er fylt ut for hand. Ein person må lese det.",
        "The form is filled in by hand. A person must read it."), READ_DOCUMENT),
    _r("layout_not_found", "document", "review", "steward", (
        "Dette ser ut som et skjema, men feltene ble ikke funnet.",
        "Dette ser ut som eit skjema, men felta vart ikkje funne.",
        "This looks like a form, but its fields were not found."), READ_DOCUMENT),
    _r("readers_disagree", "document", "review", "steward", (
        "To lesninger av arket ga forskjellig svar.",
        "To lesingar av arket gav ulike svar.",
        "Two readings of the sheet gave different answers."), READ_DOCUMENT),
    _r("two_layers_disagree", "document", "review", "steward", (
        "Det som vises i dokumentet, er ikke det samme som teksten som ligger i det.",
        "Det som blir vist i dokumentet, er ikkje det same som teksten som ligg i det.",
        "What the document shows is not the same as the text stored in it."), READ_DOCUMENT),
    _r("wrong_key", "document", "reject", "guardian", (
        "Meldingen er kryptert med en annen nøkkel enn skolens.",
        "Meldinga er kryptert med ein annan nøkkel enn skolen sin.",
        "The message is encrypted with another key than the school's."), (
        "Hent skolens nøkkel på nytt, og send skjemaet igjen. Det kan også sendes i Digipost eller i posten.",
        "Hent nøkkelen til skolen på nytt, og send skjemaet igjen. Det kan òg sendast i Digipost eller i posten.",
        "Fetch the school's key again and send the form once more. It can also go by Digipost or by post.")),
    _r("integrity_failed", "document", "reject", "guardian", (
        "Meldingen er endret eller mangler en bit, og er ikke til å stole på.",
        "Meldinga er endra eller manglar ein bit, og er ikkje til å stole på.",
        "The message was altered or a part of it is missing, so it cannot be trusted."), OTHER_WAY),
    _r("damaged", "document", "reject", "guardian", (
        "Dokumentet er ødelagt eller tomt og kan ikke åpnes.",
        "Dokumentet er øydelagt eller tomt og kan ikkje opnast.",
        "The document is damaged or empty and cannot be opened."), OTHER_WAY),
    _r("too_large", "document", "reject", "guardian", (
        "Dokumentet er for stort.",
        "Dokumentet er for stort.",
        "The document is too large."), (
        "Send et mindre dokument, eller send skjemaet i Digipost eller i posten.",
        "Send eit mindre dokument, eller send skjemaet i Digipost eller i posten.",
        "Send a smaller document, or send the form by Digipost or by post.")),
    _r("password_only", "document", "reject", "guardian", (
        "Dokumentet er låst med et passord som skolen ikke har.",
        "Dokumentet er låst med eit passord som skolen ikkje har.",
        "The document is locked with a password that the school does not have."), (
        "Send skjemaet uten passord: i kryptert e-post, i Digipost eller i posten.",
        "Send skjemaet utan passord: i kryptert e-post, i Digipost eller i posten.",
        "Send the form without a password: by encrypted e-mail, by Digipost or by post.")),
    _r("unsupported", "document", "reject", "guardian", (
        "Skolen kan ikke lese denne typen dokument.",
        "Skolen kan ikkje lese denne typen dokument.",
        "The school cannot read this kind of document."), (
        "Send skjemaet som PDF, eller skriv opplysningene rett inn i en kryptert e-post.",
        "Send skjemaet som PDF, eller skriv opplysningane rett inn i ein kryptert e-post.",
        "Send the form as a PDF, or write the details straight into an encrypted e-mail.")),
    _r("form_ambiguous", "document", "review", "steward", (
        "Det er mer enn én måte å lese skjemaet på.",
        "Det er meir enn éin måte å lese skjemaet på.",
        "There is more than one way to read the form."), READ_DOCUMENT),
    # --- the system
    _r("processing_failed", "system", "review", "administrator", (
        "Behandlingen stoppet tre ganger. Ingenting er gått tapt.",
        "Handsaminga stoppa tre gonger. Ingenting er gått tapt.",
        "Processing stopped three times. Nothing is lost."), ADMINISTER),
    _r("source_lost", "system", "review", "administrator", (
        "Den lagrede kopien av skjemaet finnes ikke lenger eller kan ikke leses.",
        "Den lagra kopien av skjemaet finst ikkje lenger eller kan ikkje lesast.",
        "The stored copy of the form is gone or cannot be read."), ADMINISTER),
)
# fmt: on

CATALOGUE: Final[Mapping[str, Reason]] = MappingProxyType({r.code: r for r in _ALL})
"""Every reason by its code, in the domain's order."""


def reason(code: str) -> Reason:
    """The reason called `code`; UsageFault where the catalogue has none."""
    try:
        return CATALOGUE[code]
    except KeyError:
        raise UsageFault("unknown_reason", "no such reason in the catalogue") from None


def text(code: str, language: Language = "nb") -> str:
    """What `code` means, in `language`."""
    return reason(code).text[language]


def next_step(code: str, language: Language = "nb") -> str:
    """What to do about `code`, in `language`."""
    return reason(code).next_step[language]
