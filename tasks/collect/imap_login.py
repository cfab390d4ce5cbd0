"""The IMAP channel as the settings say, and how it logs in.

Belongs here: choosing password or token. Does not belong here: fetching a token (`store/token`).
"""

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from schemas.errors import NotReady
from schemas.settings import Imap, Settings
from store.outside import secret
from store.token import Tokens
from tasks.collect.imap import ImapChannel
from tasks.collect.imap_session import Login


def imap_channel(settings: Settings) -> ImapChannel:
    """The channel to the mailbox that `settings.imap` names. Raises `NotReady` where it is half set up."""
    chosen = settings.imap
    if not (chosen.host and chosen.user):
        raise NotReady("imap_half_set", "the mailbox is not set up", "set imap host and user")
    login = _token(chosen) if chosen.login == "xoauth2" else _password(chosen)
    return ImapChannel(chosen, login, settings.email.max_bytes, read_only=settings.email.read_only)


def _token(chosen: Imap) -> Login:
    tokens = Tokens(chosen)

    def login(client: IMAPClient) -> None:
        token, new = tokens.current()
        try:
            client.oauth2_login(chosen.user, token)
        except LoginError:
            if new:
                raise
            client.oauth2_login(chosen.user, tokens.renew())  # it was taken back before its time

    return login


def _password(chosen: Imap) -> Login:
    def login(client: IMAPClient) -> None:
        word = secret("the mailbox", chosen.password_file, chosen.password_env)
        if client.has_capability("AUTH=PLAIN"):  # LOGIN takes ASCII only
            client.plain_login(chosen.user, word)
        else:
            client.login(chosen.user, word)

    return login
