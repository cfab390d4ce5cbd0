"""The IMAP channel as the settings say, and how it logs in.

Belongs here: choosing password or token. Does not belong here: fetching a token (`tasks/collect/oauth`).
"""

from imapclient import IMAPClient

from schemas.errors import NotReady
from schemas.settings import Imap, Settings
from tasks.collect.imap import ImapChannel
from tasks.collect.imap_session import Login
from tasks.collect.secret import secret


def imap_channel(settings: Settings) -> ImapChannel:
    """The channel to the mailbox that `settings.imap` names. Raises `NotReady` where it is half set up."""
    chosen = settings.imap
    if not (chosen.host and chosen.user):
        raise NotReady("imap_half_set", "the mailbox is not set up", "set imap host and user")
    return ImapChannel(chosen, _password(chosen), settings.email.max_bytes, read_only=settings.email.read_only)


def _password(chosen: Imap) -> Login:
    def login(client: IMAPClient) -> None:
        word = secret("the mailbox", chosen.password_file, chosen.password_env)
        if client.has_capability("AUTH=PLAIN"):  # LOGIN takes ASCII only
            client.plain_login(chosen.user, word)
        else:
            client.login(chosen.user, word)

    return login
