"""What a steward sees: one Prefect flow per file, and the road that intake and reprocess share.

Belongs here: the order of the steps, deployments and schedules. Does not belong here: doing a step (`tasks`). Only ids
of ours, codes and counts pass as parameters, names and results.
"""
