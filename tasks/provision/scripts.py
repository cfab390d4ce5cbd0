"""The small scripts of fields: what they let through while one types, when they move on, what they say in the end.

Belongs here: the JavaScript that PDF readers run in fields. It never sends or stores anything, and the form works
without it (the number's length is a limit of the field itself). Does not belong here: judging a value
(`schemas.identity`, `schemas.contact`): what a script lets through is judged again like everything else.
"""

import json
from typing import Final

_MOVE: Final = "if(!event.willCommit&&{full})this.getField({name}).setFocus();"
_SAY: Final = "if(event.value&&!{shape}.test(event.value))app.alert({text});"


def digits_alone() -> str:
    """Blanks and letters fall away."""
    return r'event.change=event.change.replace(/\D/g,"");'


def only_digits(limit: int, following: str) -> str:
    """The same; when `limit` digits stand there, on to the field called `following`."""
    return digits_alone() + _MOVE.format(full=f"AFMergeChange(event).length>={limit}", name=json.dumps(following))


def phone(following: str) -> str:
    """Digits and +; on after eight digits, unless they may begin with a country code."""
    keep = r'event.change=event.change.replace(/[^\d+]/g,"");'
    full = r"/^(?!00|47)\d{8}$/.test(AFMergeChange(event))"
    return keep + _MOVE.format(full=full, name=json.dumps(following))


def say_unless(shape: str, text: str) -> str:
    """Say `text` where the value is not of the shape (a JavaScript pattern); the value stays."""
    return _SAY.format(shape=shape, text=json.dumps(text, ensure_ascii=True))
