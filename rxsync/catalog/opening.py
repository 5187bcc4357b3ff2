"""Which catalog it is.

Floor 3, catalog. The driver for PostgreSQL is an extra, and is imported only where it is needed.
"""

from __future__ import annotations

from pathlib import Path

from rxsync.catalog.database import DatabaseCatalog
from rxsync.catalog.sqlite import SqliteCatalog
from rxsync.errors import UsageError
from rxsync.urls import address


def check_url(url: str) -> str:
    """Let the URL of a database pass.

    Raises:
        UsageError: it is of no kind that is known here.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise UsageError(f"{address(url)} is no database URL: expected postgresql://HOST/DATABASE")
    return url


def open_catalog(database: Path | str | None, *, writable: bool = True, notes: bool = False) -> DatabaseCatalog:
    """Open a catalog; it is connected when it is first used.

    Args:
        database: a file of SQLite's, or a URL; None for a database in memory.
        writable: False for reading only.
        notes: True for reading with temporary tables.

    Raises:
        UsageError: the URL cannot be, or the driver is not installed.
    """
    if database is None or isinstance(database, Path):
        return SqliteCatalog(database, writable=writable)
    check_url(database)
    try:
        from rxsync.catalog.postgresql import PostgresqlCatalog
    except ImportError as error:
        missing = UsageError(f"PostgreSQL needs psycopg, which does not load: {error}")
        missing.hint = "pip install 'rxsync[postgres]'"
        raise missing from error
    return PostgresqlCatalog(database, writable=writable, notes=notes)
