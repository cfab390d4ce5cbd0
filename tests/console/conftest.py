"""The desks that the tests of this room work at (see `support_store`)."""

from support_store import desk, server, server_template, template

__all__ = ["desk", "server", "server_template", "template"]
