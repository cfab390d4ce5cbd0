"""Handing messages to a mail server: TLS with its certificate checked, one connection for all.

Belongs here: SMTP, and how a message is dressed. Does not belong here: what it says (`schemas.answers`), which are due
and that each goes once (`tasks/provision/answers`).
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from schemas import answers
from schemas.errors import NotReady, OutsideFault
from schemas.settings import Smtp
from store.outbox import Message
from store.outside import secret, tls


class RefusedError(Exception):
    """The server takes this one message not, or not now; the others it may."""


class Post:
    """An open connection."""

    def __init__(self, server: smtplib.SMTP, chosen: Smtp, school: str) -> None:
        self._server, self._chosen, self._school = server, chosen, school

    def send(self, message: Message) -> None:
        """Hand one message over. Raises `RefusedError` for it alone, `OutsideFault` where the connection is gone."""
        try:
            self._server.send_message(dressed(message, self._chosen.sender, self._school))
        except smtplib.SMTPServerDisconnected:
            raise _unreachable() from None
        except (smtplib.SMTPException, ValueError, LookupError, MessageError):
            with suppress(smtplib.SMTPException, OSError):
                self._server.rset()
            raise RefusedError from None
        except OSError:
            raise _unreachable() from None


@contextmanager
def connected(chosen: Smtp, school: str) -> Iterator[Post]:
    """A connection to the server that the settings name, logged in where they name a user.

    Raises `NotReady` where it is not set up, `OutsideFault` where the server fails, or cannot prove who it is.
    """
    if not (chosen.host and chosen.sender):
        raise NotReady("smtp_off", "no mail server for answers is set up", "set smtp host and sender")
    context = tls(chosen.ca_file)
    password = secret("the mail server", chosen.password_file, chosen.password_env) if chosen.user else ""
    try:
        if chosen.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                chosen.host, chosen.port, timeout=chosen.timeout_seconds, context=context
            )
        else:
            server = smtplib.SMTP(chosen.host, chosen.port, timeout=chosen.timeout_seconds)
            server.starttls(context=context)
        if chosen.user:
            server.login(chosen.user, password)
    except smtplib.SMTPAuthenticationError:
        raise OutsideFault(
            "smtp_login", "the mail server refuses the login", "see smtp.user and its password"
        ) from None
    except (smtplib.SMTPException, OSError, ValueError):
        raise _unreachable() from None
    try:
        yield Post(server, chosen, school)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()


def dressed(message: Message, sender: str, school: str) -> EmailMessage:
    """The mail: to one address, without a name; marked as automatic, so that nothing answers it (RFC 3834). Its
    Message-ID is the message's own: sent twice after a crash, it can be known as one."""
    if message.email.count("@") != 1 or "," in message.email:
        raise ValueError("not one address")
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = message.email
    made["Subject"] = answers.subject(message.kind, message.language, school)
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    made["Auto-Submitted"] = "auto-replied" if message.kind == "answer" else "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(answers.body(message.kind, message.language, school, message.codes), charset="utf-8")
    return made


def _unreachable() -> OutsideFault:
    return OutsideFault("smtp_unreachable", "the mail server takes no mail", "see smtp; the next run tries again")
