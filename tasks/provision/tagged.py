"""A drawn PDF made tagged and fillable: structure tree, language, title, real form fields with an embedded font.

Belongs here: the PDF objects that the drawing library has no words for. Does not belong here:
what is drawn (`sheet`) or asked for (`form_pdf`), the scripts of fields (`scripts`).
"""

import io
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

from schemas.boxed import Box
from schemas.form import PAGE_MM
from tasks.provision.fieldfont import embedded, encoded

MM: Final = 72 / 25.4
_PRINTED: Final = 4
_COMB: Final = 1 << 24
_NO_SPELLING: Final = 1 << 22


@dataclass(slots=True)
class Node:
    """One structure element. `kids`: elements, and (page, mark) for what is drawn; `widget`: its field."""

    kind: str
    kids: list["Node | tuple[int, int]"] = field(default_factory=list)
    scope: Literal["Row", "Column"] | None = None
    alt: str = ""
    widget: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field to fill in on screen. `tip` is what a screen reader says; `combed`: one character in each of `limit`
    boxes; `keystroke` and `check`: scripts run while typing and when done; size of type in points."""

    name: str
    page: int
    box: Box
    tip: str
    kind: Literal["text", "check"] = "text"
    limit: int = 0
    combed: bool = False
    value: str = field(default="", repr=False)
    keystroke: str = ""
    check: str = ""
    size: float = 11.0


def finished(pdf: bytes, root: Node, fields: list[Field], *, title: str, lang: str) -> bytes:
    """The PDF with its structure tree, metadata and fields; the same input gives the same bytes."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    catalog = writer.root_object
    catalog.update(
        {
            NameObject("/Lang"): TextStringObject(lang),
            NameObject("/MarkInfo"): DictionaryObject({NameObject("/Marked"): BooleanObject(True)}),
            NameObject("/ViewerPreferences"): DictionaryObject({NameObject("/DisplayDocTitle"): BooleanObject(True)}),
            NameObject("/Metadata"): writer._add_object(_metadata(title, lang)),
        }
    )
    for page in writer.pages:
        page[NameObject("/Tabs")] = NameObject("/S")
    widgets = _add_fields(writer, fields) if fields else []
    _add_structure(writer, root, fields, widgets)
    writer.metadata = {"/Title": title, "/Creator": "foresatt", "/Producer": "foresatt"}
    writer.pdf_header = "%PDF-1.7"
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# fields


def _add_fields(writer: PdfWriter, fields: list[Field]) -> list[Any]:
    """The widgets on their pages and in the form; their references in order."""
    letters = "".join(entry.value for entry in fields)
    font = embedded(writer, letters)
    widgets = []
    for number, entry in enumerate(fields):
        page = writer.pages[entry.page]
        widget = _check(writer, entry) if entry.kind == "check" else _text(writer, entry, font, letters)
        box = entry.box
        corners = (box.x, PAGE_MM[1] - box.bottom, box.right, PAGE_MM[1] - box.y)
        widget.update(
            _dictionary(
                Type=NameObject("/Annot"),
                Subtype=NameObject("/Widget"),
                Rect=ArrayObject([FloatObject(round(side * MM, 3)) for side in corners]),
                F=NumberObject(_PRINTED),
                P=page.indirect_reference,
                T=TextStringObject(entry.name),
                TU=TextStringObject(entry.tip),
                StructParent=NumberObject(len(writer.pages) + number),
            )
        )
        reference = writer._add_object(widget)
        page.setdefault(NameObject("/Annots"), ArrayObject()).append(reference)
        widgets.append(reference)
    fonts = _dictionary(Font=_dictionary(Sans=font))
    form = _dictionary(Fields=ArrayObject(widgets), DR=fonts, DA=TextStringObject("/Sans 11 Tf 0 g"))
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)
    return widgets


def _text(writer: PdfWriter, entry: Field, font: Any, letters: str) -> DictionaryObject:
    widget = _dictionary(
        FT=NameObject("/Tx"),
        Ff=NumberObject((_COMB if entry.combed else 0) | _NO_SPELLING),
        DA=TextStringObject(f"/Sans {entry.size:g} Tf 0 g"),
        V=TextStringObject(entry.value),
        DV=TextStringObject(entry.value),
    )
    if entry.limit:
        widget[NameObject("/MaxLen")] = NumberObject(entry.limit)
    drawn = b"/Tx BMC EMC"
    if entry.value:
        rise = (entry.box.height * MM - entry.size) / 2 + 0.25 * entry.size
        shown = encoded(entry.value, letters).hex().encode()
        drawn = b"/Tx BMC q BT /Sans %g Tf 0 g 2 %.2f Td <%s> Tj ET Q EMC" % (entry.size, rise, shown)
    widget[NameObject("/AP")] = _dictionary(N=_appearance(writer, entry.box, drawn, font))
    scripts = {
        NameObject(f"/{moment}"): _dictionary(S=NameObject("/JavaScript"), JS=TextStringObject(script))
        for moment, script in (("K", entry.keystroke), ("V", entry.check))
        if script
    }
    if scripts:
        widget[NameObject("/AA")] = DictionaryObject(scripts)
    return widget


def _check(writer: PdfWriter, entry: Field) -> DictionaryObject:
    side = entry.box.width * MM
    low, high = 0.2 * side, 0.8 * side
    cross = (
        f"q 1.4 w 1 J {low:.2f} {low:.2f} m {high:.2f} {high:.2f} l {low:.2f} {high:.2f} m {high:.2f} {low:.2f} l S Q"
    )
    states = _dictionary(Yes=_appearance(writer, entry.box, cross.encode()), Off=_appearance(writer, entry.box, b"q Q"))
    return _dictionary(
        FT=NameObject("/Btn"),
        Ff=NumberObject(0),
        V=NameObject("/Off"),
        AS=NameObject("/Off"),
        AP=_dictionary(N=states),
        MK=_dictionary(CA=TextStringObject("8")),
    )


def _appearance(writer: PdfWriter, box: Box, drawn: bytes, font: Any = None) -> Any:
    stream = DecodedStreamObject()
    stream.set_data(drawn)
    sides = (0, 0, box.width * MM, box.height * MM)
    stream.update(
        _dictionary(
            Type=NameObject("/XObject"),
            Subtype=NameObject("/Form"),
            BBox=ArrayObject([FloatObject(round(side, 3)) for side in sides]),
            Resources=_dictionary(Font=_dictionary(Sans=font)) if font else DictionaryObject(),
        )
    )
    return writer._add_object(stream)


# structure


def _add_structure(writer: PdfWriter, root: Node, fields: list[Field], widgets: list[Any]) -> None:
    """The tree of elements, and the way back from each mark and widget to its element."""
    tree = writer._add_object(_dictionary(Type=NameObject("/StructTreeRoot")))
    owners: list[dict[int, Any]] = [{} for _ in writer.pages]
    forms: dict[int, Any] = {}

    def element(node: Node, parent: Any) -> Any:
        made = _dictionary(Type=NameObject("/StructElem"), S=NameObject(f"/{node.kind}"), P=parent)
        reference = writer._add_object(made)
        if node.alt:
            made[NameObject("/Alt")] = TextStringObject(node.alt)
        if node.scope:
            made[NameObject("/A")] = _dictionary(O=NameObject("/Table"), Scope=NameObject(f"/{node.scope}"))
        kids = ArrayObject()
        for kid in node.kids:
            if isinstance(kid, Node):
                kids.append(element(kid, reference))
            else:
                page, mark = kid
                owners[page][mark] = reference
                kids.append(_dictionary(Type=NameObject("/MCR"), Pg=_page(writer, page), MCID=NumberObject(mark)))
        if node.widget is not None:
            on = _page(writer, fields[node.widget].page)
            kids.append(_dictionary(Type=NameObject("/OBJR"), Obj=widgets[node.widget], Pg=on))
            forms[node.widget] = reference
        made[NameObject("/K")] = kids
        return reference

    top = element(root, tree)
    numbers = ArrayObject()
    for page, marks in enumerate(owners):
        writer.pages[page][NameObject("/StructParents")] = NumberObject(page)
        listed = ArrayObject([marks.get(mark, NullObject()) for mark in range(max(marks, default=-1) + 1)])
        numbers += [NumberObject(page), writer._add_object(listed)]
    for number, reference in sorted(forms.items()):
        numbers += [NumberObject(len(owners) + number), reference]
    held: Any = tree.get_object()
    held[NameObject("/K")] = ArrayObject([top])
    held[NameObject("/ParentTree")] = writer._add_object(_dictionary(Nums=numbers))
    held[NameObject("/ParentTreeNextKey")] = NumberObject(len(owners) + len(fields))
    writer.root_object[NameObject("/StructTreeRoot")] = tree


def _page(writer: PdfWriter, number: int) -> Any:
    return writer.pages[number].indirect_reference


def _metadata(title: str, lang: str) -> DecodedStreamObject:
    """Title and language for those who look there first. No claim of PDF/UA: no checker has confirmed one."""
    plain = title.replace("&", "&amp;").replace("<", "&lt;")
    stream = DecodedStreamObject()
    stream.set_data(
        (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
            f"{plain}</rdf:li></rdf:Alt></dc:title><dc:language><rdf:Bag><rdf:li>{lang}</rdf:li></rdf:Bag>"
            '</dc:language></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
        ).encode()
    )
    stream.update(_dictionary(Type=NameObject("/Metadata"), Subtype=NameObject("/XML")))
    return stream


def _dictionary(**entries: PdfObject | Any) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})
