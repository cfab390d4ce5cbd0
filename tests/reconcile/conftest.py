"""The desk that the tests of this room work at (see `support_store`), and the register that they ask."""

from support_register import registries, registry
from support_store import desk, template

__all__ = ["desk", "registries", "registry", "template"]
