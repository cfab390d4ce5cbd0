"""Read the form off a document: fields, each with its confidence and where it was read.

Belongs here: one file per kind of document. Does not belong here: whether a value is right (`schemas`), whose it is
(`tasks/reconcile`). What a machine read off a picture is a proposal, never a fact.
"""
