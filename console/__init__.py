"""How people reach it: the `foresatt` command, and the local Prefect server that it starts.

Belongs here: arguments, tables, questions, exit codes, the demo. Does not belong here: rules and SQL. Heavy imports
stand inside the functions that need them, so that `--help` answers at once.
"""
