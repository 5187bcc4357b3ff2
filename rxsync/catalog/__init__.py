"""The database: SQLite or PostgreSQL, behind one writing thread and one reading thread.

Floor 3, catalog.
"""

from rxsync.catalog.database import DatabaseCatalog
from rxsync.catalog.opening import check_url, open_catalog
from rxsync.catalog.schema import no_home
from rxsync.catalog.sqlite import SqliteCatalog

__all__ = ["DatabaseCatalog", "SqliteCatalog", "check_url", "no_home", "open_catalog"]
