"""The channels that the settings switch on, by name."""

from schemas.documents import ChannelName
from schemas.settings import Settings
from store.home import Home
from tasks.collect.channel import Channel
from tasks.collect.digipost import digipost_channel
from tasks.collect.email import email_channel
from tasks.collect.imap_login import imap_channel
from tasks.collect.post import post_channel


def channels(settings: Settings, home: Home, which: str = "all") -> list[Channel]:
    """`which` is a channel's name or `all`; Digipost is off while it has no address."""
    names: tuple[ChannelName, ...] = ("email", "digipost", "post")
    made: list[Channel] = []
    for name in names:
        if which not in (name, "all"):
            continue
        if name == "email":
            on_server = settings.imap.host and settings.email.source is None
            made.append(imap_channel(settings) if on_server else email_channel(settings, home.root))
        elif name == "post":
            made.append(post_channel(settings, home.root))
        elif settings.digipost.url:
            made.append(digipost_channel(settings))
    return made
