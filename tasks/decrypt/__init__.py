"""Open PGP and MIME containers and hand out documents.

Belongs here: the GnuPG runner with its strict acceptance rule, the walk through MIME. Does not belong here: what a
document says (`tasks/extract`). Plaintext stays in memory.
"""
