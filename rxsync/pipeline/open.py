"""The way into a home.

Floor 4, pipeline.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from rxsync.pipeline.home import Home


def open(path: str | os.PathLike[str] | None = None, database: str | None = None) -> Home:
    """Open a home: a folder, made by the first sync.

    Args:
        path: the folder; where none is given ``$RXSYNC_HOME``, else the platform's data folder.
        database: URL of a PostgreSQL database, ``postgresql://HOST/DATABASE``; where none is given
            ``$RXSYNC_DATABASE``, else a file of SQLite's in the folder.

    Raises:
        HomeError: there is something else at ``path``.
        UsageError: ``database`` is no such URL.
    """
    folder = Path(path or os.environ.get("RXSYNC_HOME") or user_data_path("rxsync", appauthor=False))
    return Home(folder, database or os.environ.get("RXSYNC_DATABASE"))
