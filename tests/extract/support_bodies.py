"""Bodies of mail as people return the school's form, each written to be different, with what must be read from them.

Belongs here: the bodies and their readings. Does not belong here: how they are tried (`test_mail_bodies`). Every number
is synthetic (month + 80).
"""

# ruff: noqa: E501 -- the bodies are long lines of mail

from typing import Any

KARI, PER, EVA = "41819077302", "10915596784", "19870883297"
OLA = "Ola Nordmann"
Reading = list[dict[int, dict[str, Any]]]


def kari(**more: Any) -> dict[str, Any]:
    """Kari, Ola's mother; a field given as None was not written."""
    return {k: v for k, v in ({"pupil": OLA, "fnr": KARI, "name": "Kari Nordmann"} | more).items() if v is not None}


def per(**more: Any) -> dict[str, Any]:
    """Per, Ola's father."""
    return {k: v for k, v in ({"pupil": OLA, "fnr": PER, "name": "Per Nordmann"} | more).items() if v is not None}


def both(**more: Any) -> Reading:
    """One form with both."""
    return [{1: kari(**more), 2: per(**more)}]


def table(*rows: tuple[str, ...], cell: str = "<td>{}</td>") -> str:
    """Rows as an HTML table."""
    return "<table>" + "".join("<tr>" + "".join(cell.format(one) for one in row) + "</tr>" for row in rows) + "</table>"


ROWS = (("", "Foresatte 1", "Foresatte 2"), ("Foresatte til:", OLA, OLA), ("Fødselsnr (11 Siffer):", KARI, PER),
        ("Navn:", "Kari Nordmann", "Per Nordmann"))  # fmt: skip

PLAIN: dict[str, tuple[str, Reading]] = {
    "short labels": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nfnr: {KARI}\ntlf: 91234567\nmail: kari@example.no", [{1: kari(mobile="91234567", email="kari@example.no")}]),
    "labels with full stops": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\npersonnr.: {KARI}\nmob.nr.: 91234567", [{1: kari(mobile="91234567")}]),
    "the printed label with its bracket and a dash": (f"Foresatt til - {OLA}\nNavn - Kari Nordmann\nFødselsnummer (11 siffer) - 418190 77302", [{1: kari()}]),
    "mine": (f"Foresatt til: {OLA}\nMitt navn: Kari Nordmann\nMitt fødselsnummer: {KARI}\nMin mobil: 91234567", [{1: kari(mobile="91234567")}]),
    "mine in nynorsk": (f"Føresett til: {OLA}\nNamnet mitt: Kari Nordmann\nFødselsnummeret mitt: {KARI}", [{1: kari()}]),
    "numbered questions": (f"1. Foresatt til: {OLA}\n2. Fødselsnr: {KARI}\n3. Navn: Kari Nordmann\n4. Mobil: 91234567", [{1: kari(mobile="91234567")}]),
    "bold as Thunderbird turns it into text": (f"*Foresatte til:* {OLA}\n*Fødselsnr:* {KARI}\n*Navn:* Kari Nordmann", [{1: kari()}]),
    "arrows": (f"Foresatt til -> {OLA}\nFnr -> {KARI}\nNavn -> Kari Nordmann", [{1: kari()}]),
    "all in capitals": (f"FORESATT TIL: OLA NORDMANN\nFNR: {KARI}\nNAVN: KARI NORDMANN", [{1: kari(pupil="OLA NORDMANN", name="KARI NORDMANN")}]),
    "all in small letters": (f"foresatt til: ola nordmann\nfnr: {KARI}\nnavn: kari nordmann", [{1: kari(pupil="ola nordmann", name="kari nordmann")}]),
    "soft hyphens and joiners": (f"Fore\u00adsatte til: {OLA}\nFødsels\u00adnummer: 418190\u200b77302\nNavn: Kari Nord\u00admann", [{1: kari()}]),
    "no-break and thin blanks": (f"Foresatte\u00a0til:\u00a0{OLA}\nFnr:\u00a0418190\u202f77302\nNavn: Kari\u2009Nordmann", [{1: kari()}]),
    "digits in pairs": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: 41 81 90 773 02", [{1: kari()}]),
    "a dot after the date": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: 418190.77302", [{1: kari()}]),
    "whose it is, behind the number": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: {KARI} (mor)", [{1: kari()}]),
    "no Norwegian keyboard": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFodselsnummer: {KARI}", [{1: kari()}]),
    "oe for ø": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFoedselsnr: {KARI}", [{1: kari()}]),
    "ö for ø": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFödselsnr: {KARI}", [{1: kari()}]),
    "a letter lost on the way": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nF\ufffddselsnr: {KARI}", [{1: kari()}]),
    "a letter become a question mark": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nF?dselsnummer: {KARI}", [{1: kari()}]),
    "a letter lost in a name": (f"Foresatt til: {OLA}\nNavn: K\ufffdre Nordmann\nFnr: {KARI}", [{1: kari(name="K\ufffdre Nordmann", check={"name"})}]),
    "letters decoded wrongly": (f"Foresatt til: Ã…se Ã˜degÃ¥rd\nFÃ¸dselsnr: {KARI}\nNavn: KÃ¥re Ã†rlig", [{1: kari(pupil="Åse Ødegård", name="Kåre Ærlig")}]),
    "letters decoded wrongly, the other way": (f"Foresatt til: Ã\u0085se Ã\u0098degÃ¥rd\nFÃ¸dselsnr: {KARI}\nNavn: KÃ¥re Ã\u0086rlig", [{1: kari(pupil="Åse Ødegård", name="Kåre Ærlig")}]),
    "decomposed letters": (f"Foresatt til: A\u030ase Ødega\u030ard\nFnr: {KARI}\nNavn: Ka\u030are Ærlig", [{1: kari(pupil="Åse Ødegård", name="Kåre Ærlig")}]),
    "HTML entities nobody decoded": (f"Foresatt til: &Aring;se &Oslash;deg&aring;rd\nF&oslash;dselsnr: {KARI}\nNavn: K&aring;re &AElig;rlig", [{1: kari(pupil="Åse Ødegård", name="Kåre Ærlig")}]),
    "quoted-printable nobody decoded": (f"Foresatt til: =C3=85se =C3=98deg=C3=A5rd\nF=C3=B8dselsnr: {KARI}\nNavn: K=C3=A5re =C3=86rlig", [{1: kari(pupil="Åse Ødegård", name="Kåre Ærlig")}]),
    "the pupil with a class": (f"Foresatt til: {OLA}, 2STB\nNavn: Kari Nordmann\nFnr: {KARI}", [{1: kari(pupil=f"{OLA}, 2STB")}]),
    "the pupil's full name": (f"Elevens fulle navn: {OLA}\nForesattes fulle navn: Kari Nordmann\nForesattes fødselsnummer: {KARI}", [{1: kari()}]),
    "the name of whom": (f"Navn på elev: {OLA}\nNavn på foresatt: Kari Nordmann\nFødselsnummer foresatt: {KARI}\nMobil foresatt: 91234567", [{1: kari(mobile="91234567")}]),
    "whom, without a word between": (f"Navn elev: {OLA}\nNavn foresatt: Kari Nordmann\nFnr foresatt: {KARI}", [{1: kari()}]),
    "siblings": (f"Foresatt til: {OLA} og Eva Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann", [{1: kari(pupil=f"{OLA} og Eva Nordmann")}]),
    "siblings on a line each": (f"Foresatt til: {OLA}\nForesatt til: Eva Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann", [{1: kari(pupil=f"{OLA} og Eva Nordmann")}]),
    "headings with the role in brackets": (f"Foresatte 1 (mor):\nForesatte til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 2 (far):\nForesatte til: {OLA}\nFnr: {PER}\nNavn: Per Nordmann", both()),
    "headings with a number sign": (f"Foresatt nr. 1\nForesatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatt nr. 2\nForesatt til: {OLA}\nFnr: {PER}\nNavn: Per Nordmann", both()),
    "both on one line each": (f"Elev: {OLA}\nForesatt 1: navn: Kari Nordmann, fnr: {KARI}\nForesatt 2: navn: Per Nordmann, fnr: {PER}", both()),
    "the second left open in words": (f"Foresatte 1\nForesatte til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 2\nForesatte til: -\nFnr: -\nNavn: -\nMobil: -\nE-post: -", [{1: kari()}]),
    "a mother alone says so": (f"Foresatte 1\nForesatte til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 2\nIkke aktuelt, jeg er alene med Ola.", [{1: kari()}]),
    "semicolons, as a spreadsheet saves it": (f"Foresatte til;Fødselsnr;Navn;Mobil\n{OLA};{KARI};Kari Nordmann;91234567\n{OLA};{PER};Per Nordmann;41234567", [{1: kari(mobile="91234567"), 2: per(mobile="41234567")}]),
    "commas, as a spreadsheet saves it elsewhere": (f"Foresatte til,Fødselsnr,Navn,E-post\n{OLA},{KARI},Kari Nordmann,kari@example.no\n{OLA},{PER},Per Nordmann,", [{1: kari(email="kari@example.no"), 2: per()}]),
    "semicolons, standing up": (f";Foresatte 1;Foresatte 2\nForesatte til:;{OLA};{OLA}\nFødselsnr (11 Siffer):;{KARI};{PER}\nNavn:;Kari Nordmann;Per Nordmann", both()),
    "both columns turned into lines": (f"Foresatte 1\n\nForesatte 2\n\nForesatte til:\n\n{OLA}\n\n{OLA}\n\nFødselsnr (11 Siffer):\n\n{KARI}\n\n{PER}\n\nNavn:\n\nKari Nordmann\n\nPer Nordmann\n", both()),
    "one column turned into lines": (f"Foresatte til:\n{OLA}\n\nFødselsnr (11 Siffer):\n{KARI}\n\nNavn:\nKari Nordmann\n\nMobil:\n912 34 567\n\nE-post:\nkari@example.no", [{1: kari(mobile="912 34 567", email="kari@example.no")}]),
    "English": (f"Parent/guardian of: {OLA}\nName: Kari Nordmann\nNational ID number (11 digits): {KARI}\nMobile number: +47 912 34 567\nEmail address: kari@example.no", [{1: kari(mobile="+47 912 34 567", email="kari@example.no")}]),
    "English with other words": (f"Student's name: {OLA}\nGuardian's name: Kari Nordmann\nNorwegian personal number: {KARI}\nCell phone: 91234567", [{1: kari(mobile="91234567")}]),
    "English, both": (f"Guardian 1\nGuardian of: {OLA}\nNational identity number: {KARI}\nName: Kari Nordmann\n\nGuardian 2\nGuardian of: {OLA}\nNational identity number: {PER}\nName: Per Nordmann", both()),
    "nynorsk, both": (f"Føresett 1\nFøresett til: {OLA}\nFødselsnummer: {KARI}\nNamn: Kari Nordmann\n\nFøresett 2\nFøresett til: {OLA}\nFødselsnummer: {PER}\nNamn: Per Nordmann", both()),
    "an answer in the quoted form": (f"Hei, se under.\n\nHilsen Kari\n\n> Dette er informasjon som skolen trenger:\n> Foresatte 1   Foresatte 2\n> Foresatte til: {OLA}\n> Fødselsnr (11 Siffer): {KARI}\n> Navn: Kari Nordmann\n> Mobil:\n> E-post:\n> Informasjonen sendes per post", [{1: kari()}]),
    "forwarded by the other parent": (f"---------- Forwarded message ---------\nFra: Kari Nordmann <kari@example.no>\nDate: tor. 20. aug. 2026 kl. 12:00\nSubject: Skjema\nTo: Per <per@example.no>\n\nForesatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann", [{1: kari()}]),
    "below Outlook's own header lines": (f"Fra: Kari Nordmann <kari@example.no>\nSendt: torsdag 20. august 2026 12:00\nTil: post@skolen.example\nEmne: SV: Skjema\n\nForesatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann", [{1: kari()}]),
    "a signature with other numbers below": (f"Foresatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nMed vennlig hilsen\nKari Nordmann\nAvdelingsleder\nMobil: 400 00 000\nE-post: kari@firma.example", [{1: kari()}]),
    "sent from a telephone": (f"Foresatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nSendt fra min iPhone", [{1: kari()}]),
    "a mail footer": (f"Foresatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\n-- \nDenne e-posten er kun for mottakeren. Tlf: 22 00 00 00", [{1: kari()}]),
    "two mobiles": (f"Foresatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\nMobil: 912 34 567\nMobil: 413 45 678", [{1: kari(mobile="912 34 567", check={"mobile"})}]),
    "only sentences, both guardians": (f"Hei, vi er foreldre til {OLA}. Kari Nordmann har fødselsnummer {KARI} og Per Nordmann har fødselsnummer {PER}.", [{1: kari(check={"pupil", "fnr", "name"}), 2: per(check={"pupil", "fnr", "name"})}]),
    "sentences with brackets": (f"Jeg, Kari Nordmann (fnr. {KARI}), og Per Nordmann (fnr. {PER}) er foresatte til {OLA}.", [{1: kari(check={"pupil", "fnr", "name"}), 2: per(check={"pupil", "fnr", "name"})}]),
    "one sentence": (f"Hei! Jeg heter Kari Nordmann og er mor til {OLA}. Fødselsnummeret mitt er 418190 77302, mobilen er 912 34 567.", [{1: kari(mobile="912 34 567", check={"pupil", "fnr", "name", "mobile"})}]),
    "one English sentence": (f"Hello, my name is Kari Nordmann and I am the mother of {OLA}. My national identity number is {KARI}.", [{1: kari(check={"pupil", "fnr", "name"})}]),
    "values alone, in the form's order": (f"{OLA}\n{KARI}\nKari Nordmann\n91234567\nkari@example.no", [{1: kari(mobile="91234567", email="kari@example.no", check={"pupil", "fnr", "name", "mobile", "email"})}]),
    "values alone, on one line": (f"Kari Nordmann, {KARI}, 91234567, mor til {OLA}", [{1: kari(mobile="91234567", check={"pupil", "fnr", "name", "mobile"})}]),
    "a number alone": (f"{KARI}\n\nHilsen Kari Nordmann", [{1: {"fnr": KARI, "name": "Kari Nordmann", "check": {"fnr", "name"}}}]),
    "no number, said so": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: har ikke norsk fødselsnummer", [{1: kari(fnr="har ikke norsk fødselsnummer")}]),
    "the box ticked": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\n[x] Jeg avslår å tillate skolen å benytte fødselsnummeret", [{1: kari(fnr=None, refused=True)}]),
    "the box ticked, nynorsk": (f"Føresett til: {OLA}\nNamn: Kari Nordmann\n(x) Eg avslår å la skolen bruke fødselsnummeret", [{1: kari(fnr=None, refused=True)}]),
    "no, in words": ("Hei. Jeg ønsker ikke å oppgi fødselsnummeret mitt.\nHilsen Kari Nordmann", [{1: {"in_words": True}}]),
    "no, more at length": ("Vi har fått brevet om pålogging. Vi vil ikke at skolen skal bruke fødselsnummeret vårt i Visma.\nHilsen Kari og Per", [{1: {"in_words": True}}]),
    "no consent": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nJeg samtykker ikke til at skolen bruker fødselsnummeret mitt.", [{1: kari(fnr=None, in_words=True)}]),
    "nei in nynorsk": ("Hei, eg vil ikkje gje frå meg fødselsnummeret mitt til Visma.\nHelsing Kari Nordmann", [{1: {"in_words": True}}]),
    "no in English": ("Dear school, I do not consent to the use of my national identity number for Visma.\nRegards, Kari Nordmann", [{1: {"in_words": True}}]),
    "I object": ("I don't want to share my ID number with the school.\nKari Nordmann", [{1: {"in_words": True}}]),
    "reserve": ("Jeg reserverer meg mot at skolen bruker personnummeret mitt.\nMvh Kari Nordmann", [{1: {"in_words": True}}]),
    "rather not": ("Jeg vil helst ikke dele fødselsnummeret mitt digitalt.\nMvh Kari Nordmann", [{1: {"in_words": True}}]),
    "no, and no more": ("Jeg avslår.\n\nKari Nordmann", [{1: {"in_words": True}}]),
    "no to many numbers": ("Vi ønsker ikke at skolen skal bruke fødselsnumrene våre.\nMvh Kari og Per", [{1: {"in_words": True}}]),
    "to reserve": ("Jeg vil reservere meg mot bruk av fødselsnummer i Visma.\nMvh Kari", [{1: {"in_words": True}}]),
    "to say no, nynorsk": ("Eg seier nei til bruk av fødselsnummer.\nKari", [{1: {"in_words": True}}]),
    "taken back": ("Jeg trekker tilbake samtykket til at dere bruker fødselsnummeret mitt.\nKari", [{1: {"in_words": True}}]),
    "to be deleted": ("Vennligst slett fødselsnummeret mitt fra Visma.\nKari Nordmann", [{1: {"in_words": True}}]),
    "a footer that asks to be deleted": (f"Foresatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\n-- \nEr du ikke rett mottaker, slett den. Please delete this e-mail.", [{1: kari()}]),
    "a refusal at length on the form": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\n\nJeg ønsker ikke at skolen tar i bruk nummeret.", [{1: kari(fnr=None, in_words=True)}]),
    "the printed refusal answered yes": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: {KARI}\nJeg avslår å tillate skolen å benytte fødselsnummeret: Ja", [{1: kari(refused=True)}]),
    "the printed refusal answered no": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: {KARI}\nJeg avslår å tillate skolen å benytte fødselsnummeret: Nei", [{1: kari()}]),
    "a change of mind": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: {KARI}\n\nEtter å ha tenkt meg om vil jeg likevel ikke at dere bruker fødselsnummeret.", [{1: kari(in_words=True)}]),
    "a correction below": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nFnr: {EVA}\n\nRettelse: riktig nummer er {KARI}", [{1: kari(fnr=EVA, check={"pupil", "fnr", "name"})}]),
    "the pupil's own number besides": (f"Foresatt til: {OLA}\nElevens fødselsnummer: {EVA}\nNavn: Kari Nordmann\nFnr: {KARI}", [{1: kari()}]),
    "no thanks": ("Nei takk til bruk av fødselsnummer.\nKari Nordmann, mor til Ola", [{1: {"in_words": True}}]),
    "a bare no where the number should stand": (f"Foresatt til: {OLA}\nFødselsnr: Nei\nNavn: Kari Nordmann", [{1: kari(fnr=None, in_words=True)}]),
    "nobody in the second column": (f"Foresatte 1\nForesatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\nForesatte 2\nForesatt til: {OLA}\nFnr: ingen\nNavn: Ingen", [{1: kari()}]),
    "nobody, in every cell": (f"\tForesatte 1\tForesatte 2\nForesatte til:\t{OLA}\tIkke aktuelt\nFødselsnr:\t{KARI}\tIkke aktuelt\nNavn:\tKari Nordmann\tIkke aktuelt\nMobil:\t\tIkke aktuelt", [{1: kari()}]),
    "a change of mobile": (f"Foresatt til: {OLA}\nNavn: Kari Nordmann\nNy mobil: 413 45 678", [{1: kari(fnr=None, mobile="413 45 678")}]),
    "two families in one mail": (f"Foresatt til: {OLA}\nFnr: {KARI}\nNavn: Kari Nordmann\n\n--------\n\nForesatt til: Nils Dal\nFnr: {EVA}\nNavn: Eva Dal", [{1: kari(), 2: {"pupil": "Nils Dal", "fnr": EVA, "name": "Eva Dal"}}]),
}  # fmt: skip

HTML: dict[str, tuple[str, Reading]] = {
    "a table": (table(*ROWS), both()),
    "Outlook's table, paragraphs and its own tags": (table(*ROWS, cell='<td width=200 style="border:solid"><p class=MsoNormal><span lang=NO>{}<o:p></o:p></span></p></td>'), both()),
    "a table whose label breaks": (table(ROWS[0], ROWS[1], ("Fødselsnr<br>(11 Siffer):", KARI, PER), ROWS[3]), both()),
    "a table with one column filled": (table(ROWS[0], ("Foresatte til:", OLA, "&nbsp;"), ("Fødselsnr (11 Siffer):", KARI, ""), ("Navn:", "Kari Nordmann", "<br>")), [{1: kari()}]),
    "a table with the second column filled": (table(ROWS[0], ("Foresatte til:", "", OLA), ("Fødselsnr (11 Siffer):", "", PER), ("Navn:", "", "Per Nordmann")), [{2: per()}]),
    "a table in a quoted reply": (f"<div>Hei, utfylt under.<br>Kari</div><blockquote type=cite>{table(*ROWS)}</blockquote>", both()),
    "a table inside a layout table": (f"<table><tr><td><p>Hei</p>{table(*ROWS)}<p>Mvh</p></td></tr></table>", both()),
    "Gmail's divs": ("".join(f"<div>{line}</div>" for line in (f"Foresatt til:&nbsp;{OLA}", f"Fnr: {KARI}", "Navn: Kari Nordmann", "<br>", "Mvh Kari")), [{1: kari()}]),
    "line breaks and bold labels": (f"<b>Foresatt til:</b> {OLA}<br><b>Fnr:</b> {KARI}<br><b>Navn:</b> Kari Nordmann", [{1: kari()}]),
    "a list": (f"<ul><li>Foresatt til: {OLA}<li>Fnr: <span>418190</span> <span>77302</span><li>Navn: Kari Nordmann</ul>", [{1: kari()}]),
    "definitions": (f"<dl><dt>Foresatt til<dd>{OLA}<dt>Fødselsnr<dd>{KARI}<dt>Navn<dd>Kari Nordmann</dl>", [{1: kari()}]),
    "a ticked box": (f"<p>Foresatt til: {OLA}</p><p>Navn: Kari Nordmann</p><p><input type=checkbox checked> Jeg avslår å tillate skolen å benytte fødselsnummeret</p>", [{1: kari(fnr=None, refused=True)}]),
    "letters as entities": (f"<p>Foresatt til: &#197;se &Oslash;deg&#xe5;rd</p><p>F&oslash;dselsnr: {KARI}</p><p>Navn: K&aring;re &AElig;rlig</p>", [{1: kari(pupil="Åse Ødegård", name="Kåre Ærlig")}]),
    "a number struck out, another beside it": (table(ROWS[0], ROWS[1], ("Fødselsnr (11 Siffer):", f"<s>{EVA}</s> {KARI}", PER), ROWS[3]), [{1: kari(check={"fnr"}), 2: per()}]),
    "a box that a program calls unchecked": (f"<p>Foresatt til: {OLA}</p><p>Navn: Kari Nordmann</p><p>Fnr: {KARI}</p><p><input type=checkbox data-state='unchecked'> Jeg avslår å tillate skolen å benytte fødselsnummeret</p>", [{1: kari()}]),
    "hidden text is not read": (f"<p>Foresatt til: {OLA}</p><p>Fnr: {KARI}</p><p>Navn: Kari Nordmann</p><p style='display:none'>Navn: Falsk</p>", [{1: kari()}]),
}  # fmt: skip

FLOWED: dict[str, tuple[str, Reading]] = {
    "long lines": (f"Hei, her kommer svaret vårt på skjemaet om pålogging som vi fikk \nmed hjem fra skolen i forrige uke.\n\nForesatt til: {OLA} og \nEva Nordmann\nFnr: {KARI}\nNavn: Kari Nordmann\n", [{1: kari(pupil=f"{OLA} og Eva Nordmann")}]),
    "quoted": (f"> Foresatt til: {OLA} og \n> Eva Nordmann\n> Fnr: {KARI}\n> Navn: Kari Nordmann\n-- \nKari\n", [{1: kari(pupil=f"{OLA} og Eva Nordmann")}]),
}  # fmt: skip
