"""Secrets that a setting names: in a file for its owner alone, or in an environment variable.

Belongs here: reading one. Does not belong here: what it is for.
"""

import os
import stat
from pathlib import Path

from schemas.errors import NotReady


def secret(what: str, file: Path | None, variable: str) -> str:
    """The secret in `file`, else in the environment's `variable`. `what` names it in messages, such as "the mailbox".

    Raises `NotReady` where there is none, or where others can read the file.
    """
    if file is None:
        if found := os.environ.get(variable, ""):
            return found
        raise NotReady("no_password", f"no password of {what} is set", f"set {variable}, or name a file of mode 0600")
    try:
        with file.open(encoding="utf-8") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise NotReady("password_readable", f"others can read the password of {what}", "chmod 600 on its file")
            found = opened.read(10_000).rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise NotReady("no_password", f"the password file of {what} cannot be read", "see its setting") from None
    if not found:
        raise NotReady("no_password", f"the password file of {what} is empty", "write the password into it")
    return found
