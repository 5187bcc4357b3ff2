"""The database: SQLite behind one writing thread and one reading thread.

Floor 3, catalog.
"""

from rxsync.catalog.sqlite import SqliteCatalog

__all__ = ["SqliteCatalog"]
