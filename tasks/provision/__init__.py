"""The Visma InSchool work list, the analogue register, and answers to senders.

Belongs here: bringing the lists in step with the store and writing them out, and saying what waits in the outbox. Does
not belong here: deciding who is told what, or doing anything in Visma InSchool; a person signs every line.
"""
