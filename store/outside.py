"""What a connection to the outside begins with: a secret that a setting names, TLS that is checked, logs that are shut.

Belongs here: reading a secret from where it lies, whom to trust, and that no library tells URLs. Does not belong here:
any protocol.
"""

import logging
import os
import ssl
import stat
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from schemas.errors import NotReady

TALKATIVE: Final = (
    "httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks",
)  # fmt: skip
"""Loggers that write URLs and headers: identity numbers and one-time tokens stand in them."""


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


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def hush() -> None:
    """From now on the HTTP libraries say nothing below a warning, whatever level anybody sets later."""
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        if _warnings not in logger.filters:
            logger.addFilter(_warnings)


def _warnings(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
