"""Run the pandera schemas and turn failures into reason codes.

Belongs here: building the frame of entries from what was read, laying corrections over it, judging it. Does not belong
here: the rules themselves (`schemas`), who is who (`tasks/reconcile`).
"""
