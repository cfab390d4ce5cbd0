"""`foresatt form`: the school's form, ready to print, to fill in on screen, or to send encrypted."""

from pathlib import Path

import click

from console.state import State, common, pass_state
from schemas.errors import UsageFault


@click.command(short_help="The school's form, as PDF or Word.")
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), help="Default: the school's language in the settings.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file, .pdf or .docx."
)
@click.option("--consent", is_flag=True, help="The pupil's consent to extend, instead.")
@click.option("--class", "class_name", metavar="CLASS", help="A page for each pupil of this class, to print.")
@click.option(
    "--per-guardian",
    is_flag=True,
    help="With --class: a sheet for each guardian on the school's list, with a one-time reference.",
)
@click.option("--by", metavar="STAFF", help="With --per-guardian: your staff id; it goes into the audit.")
@click.option("--pupil", metavar="P-…", help="One pupil's own: name filled in, QR code.")
@common
@pass_state
def form(
    state: State,
    lang: str | None,
    out: Path,
    consent: bool,
    class_name: str | None,
    per_guardian: bool,
    by: str | None,
    pupil: str | None,
) -> None:
    """Write the school's form, on one A4 page, to a new file.

    Without --class and --pupil it is the same for everyone and needs no store. With them each page bears the pupil's
    name, and a QR code with an id that means nothing outside foresatt: what comes back finds its pupil by itself. A
    class leaves out pupils of 18 or more, and those whose guardians have all chosen paper.

    With --per-guardian each sheet is for one guardian whom the school's list names with an address or an e-mail, and
    carries a reference that is good once: what comes back with it is known to be that guardian's, though the list has
    neither number nor mobile. Send each to that guardian alone, and delete the file. A new print makes the earlier
    references of the same guardians void.
    """
    kind = out.suffix.lower()
    if kind not in (".pdf", ".docx"):
        raise UsageFault("file_kind", "the form is written as .pdf or .docx", "end the file's name with one of them")
    if class_name and pupil:
        raise UsageFault("form_whose", "--class and --pupil do not go together", "choose one")
    if kind == ".docx" and (class_name or pupil or consent):
        raise UsageFault("file_kind", "only the general form is written as .docx", "end the file's name with .pdf")
    if class_name and consent:
        raise UsageFault("form_whose", "a consent is asked for one by one", "use --pupil; see: foresatt consent list")
    if per_guardian and not (class_name and by):
        raise UsageFault("form_whose", "--per-guardian needs --class and --by", "add the class and your staff id")
    if out.exists():
        raise UsageFault("file_exists", "the file exists already", "choose another name")
    if per_guardian and class_name and by:
        data, pages = _addressed(state, lang, class_name, by)
        _written(state, out, data, pages)
        return
    data, pages = _drawn(state, lang, kind, consent=consent, class_name=class_name, pupil=pupil)
    _written(state, out, data, pages)


def _written(state: State, out: Path, data: bytes, pages: int) -> None:
    from store.home import private_write

    private_write(out, data)
    state.emit({"pages": pages, "bytes": len(data)})
    state.say(f"{pages} {'page' if pages == 1 else 'pages'} written")


def _addressed(state: State, lang: str | None, class_name: str, by: str) -> tuple[bytes, int]:
    from store import audit
    from tasks.provision import merge
    from tasks.provision.form_pdf import Sender, class_pdf
    from tasks.provision.words import LANGUAGES

    who = audit.staff(by)
    school = state.house().settings.school
    language = next((one for one in LANGUAGES if one == lang), school.language)
    with state.store() as store, store.write() as tx:
        sheets = merge.per_guardian(tx, class_name, who)
        if not sheets:
            raise UsageFault(
                "no_such_class",
                "the school's list has no guardian in such a class to send a sheet to",
                "without --per-guardian there is a page for each pupil; see: foresatt roster status",
            )
        return class_pdf(language, Sender(school.name, school.digipost, school.email), sheets), len(sheets)


def _drawn(
    state: State, lang: str | None, kind: str, *, consent: bool, class_name: str | None, pupil: str | None
) -> tuple[bytes, int]:
    from tasks.provision import merge
    from tasks.provision.consent_pdf import consent_pdf
    from tasks.provision.form_docx import form_docx
    from tasks.provision.form_pdf import Sender, class_pdf, form_pdf
    from tasks.provision.words import LANGUAGES

    school = state.house().settings.school
    language = next((one for one in LANGUAGES if one == lang), school.language)
    sender = Sender(school.name, school.digipost, school.email)
    if class_name:
        with state.store() as store, store.read() as tx:
            pupils = merge.of_class(tx, class_name)
            known = [] if pupils else merge.classes(tx)
        if not pupils:
            next_step = f"classes there are: {', '.join(known)}" if known else "see: foresatt roster import"
            raise UsageFault("no_such_class", "there is nobody in such a class to hand a form to", next_step)
        return class_pdf(language, sender, pupils), len(pupils)
    one = None
    if pupil:
        with state.store() as store, store.read() as tx:
            one = merge.one_pupil(tx, pupil)
        if one is None:
            raise UsageFault("no_such_pupil", "there is no such pupil", "ids: foresatt consent list")
    if kind == ".docx":
        return form_docx(language, sender), 1
    return (consent_pdf if consent else form_pdf)(language, sender, one), 1
