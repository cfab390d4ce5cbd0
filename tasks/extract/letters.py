"""Letters that were broken on the way, put right where the bytes leave no doubt.

Belongs here: text that was decoded with the wrong character set, or not decoded at all. Does not belong here: letters
that are lost ("K?re"): those are a person's to restore, and `lost` says where.
"""

import html
import quopri
import re
import unicodedata
from typing import Final

_INVISIBLE: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f"))
_TWICE: Final = re.compile("[\u00c2\u00c3][\u0080-\u00bf\u0152-\u2122]")
"""A letter of two UTF-8 bytes read as two letters of windows-1252 or latin-1: "Ã¸"."""
_ENTITY: Final = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{2,4}|#[xX][0-9A-Fa-f]{2,4});")
_QUOTED: Final = re.compile(r"(?:=C3=[89AB][0-9A-F])|(?<=[A-Za-z])=(?:E5|E6|F8)|=(?:C5|C6|D8)(?=[a-z])|=20(?=\n)")
_LOST: Final = re.compile(r"\ufffd|(?<=\w)\?(?=\w)")


def readable(text: str) -> str:
    """`text` composed (NFC), without what cannot be seen, and with the letters that can be put right."""
    text = _TWICE.sub(_once, text)
    if "&" in text:
        text = _ENTITY.sub(_letter, text)
    if "=" in text and _QUOTED.search(text):
        text = _QUOTED.sub(_unquoted, text.replace("=\n", ""))
    return unicodedata.normalize("NFC", text).translate(_INVISIBLE)


def lost(text: str) -> bool:
    """Whether a letter of `text` is gone."""
    return bool(_LOST.search(text))


def _once(found: re.Match[str]) -> str:
    pair = b""
    for letter in found[0]:
        try:
            pair += letter.encode("windows-1252")
        except UnicodeEncodeError:
            pair += letter.encode("latin-1", "replace")
    try:
        return pair.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def _letter(found: re.Match[str]) -> str:
    letter = html.unescape(found[0])
    return letter if len(letter) == 1 and (letter.isalpha() or letter == "\u00a0") else found[0]


def _unquoted(found: re.Match[str]) -> str:
    data = quopri.decodestring(found[0].encode("ascii"))
    return data.decode("utf-8" if len(data) > 1 else "latin-1")
