"""Everything a person made, in SQL: the record of the product.

Comes in: frozen values of `schema`.  Goes out: the same, read anew. Every row belongs to a profile.
What is acknowledged is committed (SQLite, WAL, synchronous FULL). Nothing above this room knows that it is SQLite.
"""

from assistant.store.record import DEFAULT_PROFILE, Store

__all__ = ["DEFAULT_PROFILE", "Store"]
