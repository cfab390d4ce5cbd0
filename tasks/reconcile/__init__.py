"""Who is the pupil, is this the guardian: roster, register, match, decide.

Belongs here: the roster readers, the register's seam, matching by name, the evidence rule. Does not belong here:
writing what was decided (`tasks/load`). What is not certain goes to a person.
"""
