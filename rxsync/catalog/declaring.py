"""What a run has declared so far, to find out whether it contradicts itself.

Floor 3, catalog. A temporary table, sorted by path, with "/" lower than any other character (control characters are
refused in paths): whatever lies below a path comes right after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rxsync.catalog.rows import Connection, insert, select_in, texts
from rxsync.ports.catalog import Clash, Declared

BELOW = "\x01"

_TABLE = """
    CREATE TEMP TABLE IF NOT EXISTS "declared_{run}" (
        path TEXT COLLATE BINARY PRIMARY KEY, identity BLOB, origin TEXT) WITHOUT ROWID"""

_AT = 'SELECT path, identity, origin FROM "declared_{run}" WHERE path IN ({{places}})'

_UNDER = """
    SELECT pair.above, pair.below FROM (
        SELECT above.value AS above, (
            SELECT d.path FROM "declared_{run}" d
            WHERE d.path > above.value || char(1) AND d.path < above.value || char(2) LIMIT 1) AS below
        FROM json_each(?) above) pair
    WHERE pair.below IS NOT NULL LIMIT 1"""


def declare(connection: Connection, run: str, files: Sequence[Declared]) -> Clash | None:
    """Note files as declared by a run; answers two of all it has noted that cannot stand together."""
    connection.execute(_TABLE.format(run=run))
    keyed = {file.path.replace("/", BELOW): file for file in reversed(files)}
    rows = [(key, file.identity, file.origin) for key, file in keyed.items()]
    columns = ("path", "identity", "origin")
    table = f"declared_{run}"
    fresh = {key for (key,) in insert(connection, table, columns, rows, ending="ON CONFLICT DO NOTHING RETURNING path")}
    return (
        _other_bytes(connection, run, files, fresh)
        or _below_a_file(connection, run, keyed, fresh)
        or _above_a_file(connection, run, keyed, fresh)
    )


def _other_bytes(connection: Connection, run: str, files: Sequence[Declared], fresh: set[str]) -> Clash | None:
    if len(fresh) == len(files):
        return None
    keys = [file.path.replace("/", BELOW) for file in files]
    first = {key: (identity, origin) for key, identity, origin in select_in(connection, _AT.format(run=run), set(keys))}
    for key, file in zip(keys, files, strict=True):
        identity, origin = first[key]
        if identity != file.identity:
            return Clash(file.path, file.path, file.origin, origin)
    return None


def _below_a_file(connection: Connection, run: str, keyed: dict[str, Declared], fresh: set[str]) -> Clash | None:
    folders = {folder: key for key in fresh for folder in _folders(key)}
    for path, _, origin in select_in(connection, _AT.format(run=run), folders):
        below = keyed[folders[path]]
        return Clash(below.path, path.replace(BELOW, "/"), below.origin, origin)
    return None


def _above_a_file(connection: Connection, run: str, keyed: dict[str, Declared], fresh: set[str]) -> Clash | None:
    found = connection.execute(_UNDER.format(run=run), (texts(connection, fresh),)).fetchone()
    if found is None:
        return None
    above, below = found
    ((_, _, origin),) = select_in(connection, _AT.format(run=run), [below])
    return Clash(below.replace(BELOW, "/"), keyed[above].path, origin, keyed[above].origin)


def _folders(key: str) -> Iterator[str]:
    at = key.rfind(BELOW)
    while at > 0:
        yield key[:at]
        at = key.rfind(BELOW, 0, at)
