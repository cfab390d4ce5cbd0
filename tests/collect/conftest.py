"""The desk that the tests of collecting work at (see `support_store`)."""

from support_store import desk, template

__all__ = ["desk", "template"]
