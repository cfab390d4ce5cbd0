"""The steps, in the order in which data flows through them.

Belongs here: plain functions that do one step for a batch; the guard around Prefect; the reports. Does not belong
here: the order of the steps (`flows`), what is kept (`store`), what a value means (`schemas`). A step never imports
another step.
"""
