"""The only room that keeps anything: tables, sealing, keys, ledger, people, audit, erasure.

Belongs here: SQL, ciphertext, the key file, the settings file, the home's folders. Does not belong here: deciding
(`tasks`), showing (`console`), what a value means (`schemas`). Nothing personal is stored or logged unsealed, except
birth dates and due dates, which the sweep needs.
"""
