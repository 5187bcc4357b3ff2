"""What a run would do, without doing any of it.

Floor 3, catalog. Units that have no rows yet get some in temporary tables, under keys below zero; views set them beside
the saved ones, and what compares a run with a repository asks those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from rxsync.catalog.comparing import Comparing
from rxsync.catalog.listing import Listing
from rxsync.catalog.rows import insert, select_in, stream
from rxsync.ports.catalog import Planned, Unit

_PLAN = (
    'CREATE TEMP TABLE "planned_{run}" (id INTEGER PRIMARY KEY, identity BLOB UNIQUE, type TEXT, repository_key BLOB)',
    'CREATE TEMP TABLE "planned_file_{run}" (content_id INTEGER, relative_path TEXT, size BIGINT)',
    'CREATE TEMP TABLE "wanted_{run}" (key TEXT PRIMARY KEY, size BIGINT)',
    'CREATE INDEX "planned_file_of_{run}" ON "planned_file_{run}" (content_id)',
    'CREATE TEMP VIEW "planned_content_{run}" AS SELECT id, identity, type, repository_key FROM content'
    ' UNION ALL SELECT id, identity, type, repository_key FROM "planned_{run}"',
    'CREATE TEMP VIEW "planned_files_{run}" AS SELECT content_id, relative_path FROM content_artifact'
    ' UNION ALL SELECT content_id, relative_path FROM "planned_file_{run}"',
)
_TABLES = ("planned", "planned_file", "wanted")
_VIEWS = ("planned_content", "planned_files")

_PLANNED = 'SELECT identity, id FROM "planned_{run}" WHERE identity IN ({{places}})'

_NEW = """
    SELECT p.id, p.type, p.identity, f.relative_path, f.size
    FROM "added_{run}" a JOIN "planned_{run}" p ON p.id = a.content_id
    LEFT JOIN "planned_file_{run}" f ON f.content_id = p.id
    ORDER BY p.id, f.relative_path COLLATE BINARY"""

_KNOWN = 'SELECT content_id FROM "added_{run}" WHERE content_id > 0'
_GONE = 'SELECT content_id FROM "removed_{run}"'


class Planning(Listing, Comparing):
    """A transaction that answers, and plans. Implements ``rxsync.ports.catalog.PlanTransaction``."""

    content = '"planned_content_{run}"'
    files = '"planned_files_{run}"'
    grown: tuple[str, ...] = ('"planned_{run}"',)

    def begin_plan(self, run: str) -> None:
        """Make the plan's tables; they are the connection's own."""
        self.begin_staging(run)
        for sql in _PLAN:
            self.connection.execute(sql.format(run=run))

    def end_plan(self, run: str) -> None:
        """Drop the plan's tables, where they are."""
        for view in _VIEWS:
            self.connection.execute(f'DROP VIEW IF EXISTS "{view}_{run}"')
        for table in _TABLES:
            self.connection.execute(f'DROP TABLE IF EXISTS "{table}_{run}"')
        self.end_staging(run)

    def plan(self, run: str, units: Sequence[Planned]) -> set[int]:
        """Note units as declared; answers the places, in ``units``, of those that were not noted before."""
        keys = self._keys(run, units)
        rows = {keys[unit.identity] if unit.id is None else unit.id: (at, unit) for at, unit in _first(units)}
        noted = insert(
            self.connection,
            f"staged_{run}",
            ("content_id", "origin"),
            [(key, unit.origin) for key, (_, unit) in rows.items()],
            ending="ON CONFLICT DO NOTHING RETURNING content_id",
        )
        wanted = {want: None for unit in units for want in unit.wanted}
        insert(self.connection, f"wanted_{run}", ("key", "size"), wanted, ending="ON CONFLICT DO NOTHING")
        return {rows[key][0] for (key,) in noted}

    def wanted(self, run: str) -> tuple[int, int, int]:
        """What must be fetched: how many files, their bytes as far as they are known, files of unknown size."""
        sql = f'SELECT count(*), coalesce(sum(size), 0), count(*) - count(size) FROM "wanted_{run}"'
        files, size, unknown = self.connection.execute(sql).fetchone()
        return files, int(size), unknown

    def coming(self, run: str) -> list[Unit]:
        """The units that ``change`` found to be added, by path."""
        units = list(self._units(_KNOWN.format(run=run), {}))
        rows = stream(self.connection, _NEW.format(run=run), {})
        for (_, kind, identity), files in groupby(rows, key=itemgetter(0, 1, 2)):
            units.append(Unit(kind, identity.hex(), tuple((path, None, size) for *_, path, size in files if path)))
        return sorted(units, key=lambda unit: unit.name)

    def going(self, run: str) -> list[Unit]:
        """The units that ``change`` found to be removed, by path."""
        return list(self._units(_GONE.format(run=run), {}))

    def _keys(self, run: str, units: Sequence[Planned]) -> dict[bytes, int]:
        """Give keys to units that have none, and a row each."""
        new = {unit.identity: unit for unit in reversed(units) if unit.id is None}
        if not new:
            return {}
        keys: dict[bytes, int] = dict(select_in(self.connection, _PLANNED.format(run=run), new))
        (lowest,) = self.connection.execute(f'SELECT coalesce(min(id), 0) FROM "planned_{run}"').fetchone()
        fresh = {identity: unit for identity, unit in new.items() if identity not in keys}
        made = dict(zip(fresh, range(lowest - 1, lowest - 1 - len(fresh), -1), strict=True))
        rows = [(made[unit.identity], unit.identity, unit.type, unit.repository_key) for unit in fresh.values()]
        insert(self.connection, f"planned_{run}", ("id", "identity", "type", "repository_key"), rows)
        files = [(made[unit.identity], path, size) for unit in fresh.values() for path, size in unit.files]
        insert(self.connection, f"planned_file_{run}", ("content_id", "relative_path", "size"), files)
        return keys | made


def _first(units: Sequence[Planned]) -> Iterator[tuple[int, Planned]]:
    """The first of each identity, with its place; the last one first."""
    return reversed(list({unit.identity: (at, unit) for at, unit in reversed(list(enumerate(units)))}.values()))
