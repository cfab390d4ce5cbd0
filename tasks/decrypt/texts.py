"""Bytes to readable text: character sets as real mails have them, and HTML as plain lines.

Belongs here: decoding and flattening, in linear time and without ever failing. Does not belong here: what a text
means, or anything fetched from elsewhere.
"""

import re
from html.parser import HTMLParser
from typing import Final

NOT_CHARSETS: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
SINGLE_BYTE: Final = re.compile(r"^(us-?ascii|ascii|latin|iso-?8859|windows-?125|cp-?125)")
WIDE: Final = re.compile(r"utf-?(?:16|32)", re.IGNORECASE)
BREAKS: Final = frozenset(
    {"address", "article", "blockquote", "br", "div", "dd", "dt", "form", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
     "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)  # fmt: skip
CELLS_DEEP: Final = 50
CELL_LINES: Final = 3
CELL_CHARACTERS: Final = 300
CONTROLS: Final = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f\x1b")
SILENT: Final = frozenset({"script", "style", "title"})
UNSEEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?:^|\s)hidden(?=[\s=/]|$)", re.IGNORECASE)
STRUCK: Final = re.compile(r"line-through|font-size\s*:\s*0(?![.,]?\d)", re.IGNORECASE)
STRUCK_TAGS: Final = frozenset({"s", "strike", "del"})
GONE: Final = "\ufffd"
"""In the place of what was struck out: what stands beside it is for a person to read."""
CHECKED: Final = re.compile(r"(?:^|[\s/])checked(?=[\s=/]|$)")
VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
TAG: Final = re.compile(r"<(/?[A-Za-z][A-Za-z0-9:._-]{0,30})((?:[\s/][^<>]{0,4000})?)>|<")


def decode_text(data: bytes, *declared: str | None) -> tuple[str, str]:
    """`data` as text with line feeds, and the character set that was used.

    Each declared set is tried in turn, strictly, then UTF-8, then windows-1252, which takes anything. A single-byte
    set is passed over where the bytes are sound multi-byte UTF-8: the armour of a mail says iso-8859-1 while the text
    inside is UTF-8, and Norwegian text is never both.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        declared = ("utf-16", *declared)
    multi_byte = not data.isascii() and _decodes(data, "utf-8")
    for charset in (*declared, "utf-8"):
        name = (charset or "").strip().strip("'\"").lower()[:40]
        if not name or name.replace("-", "_") in NOT_CHARSETS or (multi_byte and SINGLE_BYTE.match(name)):
            continue
        if _decodes(data, name):
            return _line_feeds(data.decode(name)), name
    return _line_feeds(data.decode("windows-1252", "replace")), "windows-1252"


def _decodes(data: bytes, charset: str) -> bool:
    try:
        data.decode(charset)
    except (LookupError, ValueError):  # an unknown name; bytes that do not fit; a name with a null byte
        return False
    return True


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_text(data: bytes, declared: str | None = None) -> bool:
    """Whether `data` is readable text rather than a binary file. A character set of two or four bytes a letter is
    believed where it is declared and fits."""
    if declared and WIDE.match(declared) and _decodes(data, declared[:40]):
        return True
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decodes(data, "utf-16")
    sample = data[:4096]
    return b"\0" not in sample and (len(sample) - len(sample.translate(None, CONTROLS))) * 50 <= len(sample)


def unflowed(data: bytes, *, delete_space: bool) -> bytes:
    """A text of format=flowed (RFC 3676) with its soft line ends undone: a line that ends in a blank goes on in the
    next, where both are quoted as deep; the blanks that were put before some lines are taken off.

    Works on bytes, since armour may stand inside; the signature's mark "-- " ends a line all the same.
    """
    lines: list[bytes] = []
    open_depth = -1
    for line in data.replace(b"\r\n", b"\n").split(b"\n"):
        depth = len(line) - len(line.lstrip(b">"))
        body = line[depth:].removeprefix(b" ") if depth or line[:1] == b" " else line
        if depth == open_depth:
            lines[-1] += body
        else:
            lines.append((b">" * depth + b" " if depth else b"") + body)
        flows = body.endswith(b" ") and body != b"-- "
        open_depth = depth if flows else -1
        if flows and delete_space:
            lines[-1] = lines[-1][:-1]
    return b"\n".join(lines)


def html_to_text(html: str) -> str:
    """The visible text of `html`, a block or table row a line, cells parted by tabs, boxes as [x] and [ ].

    Linear: html.parser alone takes seconds for kilobytes of unclosed tags (Python 3.11), so it is fed only tags that
    are whole, and of their attributes only what a box needs.
    """
    flat = _Flat()
    flat.feed(TAG.sub(_plain_tag, _without_comments(html)))
    flat.close()
    lines = [re.sub(r" {2,}", " ", line.replace("\u00a0", " ")).strip(" ").rstrip() for line in flat.text().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _plain_tag(found: re.Match[str]) -> str:
    if found[1] is None:
        return "&lt;"
    if found[1].lower() == "input":
        attributes = found[2].lower()
        return ("[x] " if CHECKED.search(attributes) else "[ ] ") if "checkbox" in attributes else " "
    if found[1].startswith("/"):
        return f"<{found[1]}>"
    if STRUCK.search(found[2]) or found[1].lower() in STRUCK_TAGS:
        return f"<{found[1]} struck>"
    return f"<{found[1]} hidden>" if UNSEEN.search(found[2]) else f"<{found[1]}>"


def _without_comments(html: str) -> str:
    kept, start = [], 0
    while (begin := html.find("<!", start)) >= 0:
        kept.append(html[start:begin])
        mark = "-->" if html.startswith("<!--", begin) else ">"
        end = html.find(mark, begin)
        if end < 0:
            return "".join(kept)
        start = end + len(mark)
    return "".join([*kept, html[start:]])


class _Flat(HTMLParser):
    """Collects text. A short cell stays one line, so that a table's row can be read as one; a cell that holds a whole
    letter, as many mail programs make them, keeps its lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.outer: list[tuple[str, list[str], int]] = []
        self.cells = 0
        self.silent = ""
        self.pre = 0
        self.hidden = ""
        self.hidden_deep = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.hidden_deep or (attrs and tag not in VOID):
            # What nobody is shown nobody has agreed to: text that only a machine would read is left out.
            if not self.hidden and ("struck", None) in attrs:
                self.out.append(GONE)
            self.hidden = self.hidden or tag
            self.hidden_deep += tag == self.hidden
        if tag in SILENT:
            self.silent = tag
        if tag in ("td", "th", "tr"):
            self._leave("cell")
        if tag in BREAKS:
            self._break(always=tag == "br")
        if tag == "tr":
            self.cells = 0
        if tag in ("td", "th"):
            self.out.append("\t" if self.cells else "")
            self.cells += 1
        if tag in ("td", "th", "table") and len(self.outer) < CELLS_DEEP:
            self.outer.append(("table" if tag == "table" else "cell", self.out, self.cells))
            self.out, self.cells = [], 0
        self.pre += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = ""
        if self.hidden_deep and tag == self.hidden:
            self.hidden_deep -= 1
            self.hidden = self.hidden if self.hidden_deep else ""
        if tag in ("td", "th", "tr", "table"):
            self._leave("cell")
        if tag == "table":
            self._leave("table")
        if tag in BREAKS and tag != "br":
            self._break()
        self.pre -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if not self.silent and not self.hidden_deep:
            self.out.append(data if self.pre > 0 else re.sub(r"[ \t\r\n\f]+", " ", data))

    def text(self) -> str:
        """Everything collected."""
        while self.outer:
            self._leave(self.outer[-1][0])
        return "".join(self.out)

    def _break(self, *, always: bool = False) -> None:
        if always or (self.out and not self.out[-1].endswith("\n")):
            self.out.append("\n")

    def _leave(self, kind: str) -> None:
        if not self.outer or self.outer[-1][0] != kind:
            return
        inner = "".join(self.out)
        _, self.out, self.cells = self.outer.pop()
        lines = [line.strip() for line in inner.split("\n") if line.strip()]
        if kind == "cell" and len(lines) <= CELL_LINES and len(inner) <= CELL_CHARACTERS:
            inner = "; ".join(lines)
        self.out.append(inner)
