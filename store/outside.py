"""What a connection to the outside begins with: a secret that a setting names, and TLS that is checked.

Belongs here: reading a secret from where it lies, and whom to trust. Does not belong here: any protocol.
"""

import os
import ssl
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


def tls(ca_file: Path | None) -> ssl.SSLContext:
    """TLS with the server's name and certificate checked, against the system's authorities or those of `ca_file`."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise NotReady("ca_file", "the file of trusted certificates cannot be read", "see ca_file") from None
