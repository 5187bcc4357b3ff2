"""The way into a home.

Floor 4, pipeline.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from rxsync.errors import HomeError
from rxsync.pipeline.home import Home


def open(path: str | os.PathLike[str] | None = None, database: str | None = None) -> Home:
    """Open a home: a folder, made by the first sync.

    Args:
        path: the folder; where none is given ``$RXSYNC_HOME``, else the platform's data folder.
        database: URL of a PostgreSQL database, ``postgresql://HOST/DATABASE``; where none is given
            ``$RXSYNC_DATABASE``, else a file of SQLite's in the folder.

    Raises:
        HomeError: there is something else at ``path``, or nothing says where the home is.
        UsageError: ``database`` is no such URL.
    """
    return Home(folder_of(path), database or os.environ.get("RXSYNC_DATABASE"))


def folder_of(path: str | os.PathLike[str] | None = None) -> Path:
    """Give the folder of a home; where none is given ``$RXSYNC_HOME``, else the platform's data folder.

    Raises:
        HomeError: the platform has none for this user.
    """
    said = path or os.environ.get("RXSYNC_HOME")
    if said:
        return Path(said)
    try:
        return user_data_path("rxsync", appauthor=False)
    except RuntimeError:  # neither $HOME nor an entry of the user, as services have it
        raise HomeError("this user has no data folder: expected --home DIR or RXSYNC_HOME") from None
