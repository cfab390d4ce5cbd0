"""Artifacts, summaries, alarms: counts and codes, never a person.

Belongs here: what a steward sees of a run. Does not belong here: any value, name or number; a count below 5 is shown as
"<5" where it could point at somebody.
"""
