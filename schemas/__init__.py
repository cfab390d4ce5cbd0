"""Contracts, and nothing that touches the world.

Belongs here: what an identity number, a contact field, a form, a date or a reason *is*; the frames that pass between
steps; the settings model; the exceptions. Does not belong here: files, sockets, databases, clocks, Prefect.
"""
