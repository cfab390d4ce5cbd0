"""The desk that the tests of this room work at (see `support_store`), once on each database."""

from support_store import desk as sqlite_desk
from support_store import either_desk as desk
from support_store import server, server_template, template

__all__ = ["desk", "server", "server_template", "sqlite_desk", "template"]
