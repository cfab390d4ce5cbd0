"""The Visma InSchool work list and the analogue register.

Belongs here: bringing the lists in step with the store and writing them out. Does not belong here: sending or printing
by itself; a person signs every line.
"""
