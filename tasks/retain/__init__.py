"""What is due, erase, purge, tombstones, replay.

Belongs here: the sweep and its independent overdue query. Does not belong here: how a date is computed
(`schemas.due`), how a thing is erased (`store.erasure`).
"""
