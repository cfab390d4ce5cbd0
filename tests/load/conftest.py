"""The desk that the tests of this room work at (see `support_store`)."""

from support_store import desk, template

__all__ = ["desk", "template"]
