"""Write what was decided: guardians, links, refusals, entries, reasons, audit.

Belongs here: durable point 2, one transaction a batch with a savepoint a submission, and the rules that need the
store's latest state (known pair, older form). Does not belong here: judging evidence (`tasks/reconcile`).
"""
