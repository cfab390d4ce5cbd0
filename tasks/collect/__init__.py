"""Fetch from a channel, seal the original, write the ledger row.

Belongs here: one file per channel, each filling the `Channel` interface. Does not belong here: opening or reading
what came in. The source is touched only after the sealed original is committed.
"""
