"""The contract of a catalog, its last part: the database refuses to change a version that exists.

Doors, testing.
"""

from __future__ import annotations

from typing import Any

import pytest

from rxsync.errors import CatalogError
from rxsync.testing.catalog_units import leaf, names, sync

MEMBERSHIP = "would change what is in one that exists"
FACTS = "only added and removed can change"
NUMBER = "takes the number after all that were ever given"
NEWEST = "the newest cannot be deleted"

NEW = "INSERT INTO repository_version (repository_id, number, created, present, added, removed, skipped)"
MEMBER = "INSERT INTO repository_content (repository_id, content_id, version_added, version_removed)"

PLACES = {
    "a": "content_id = (SELECT content_id FROM content_artifact WHERE relative_path = 'a')",
    "b": "content_id = (SELECT content_id FROM content_artifact WHERE relative_path = 'b')",
    "c": "(SELECT content_id FROM content_artifact WHERE relative_path = 'c')",
    "s": "(SELECT id FROM repository WHERE name = 's')",
    "facts": "'2000-01-01 00:00:00', 0, 0, 0, 0 FROM repository WHERE name = 'r'",
}

REFUSED = {
    "DELETE FROM repository_content WHERE {a}": MEMBERSHIP,
    "DELETE FROM repository_content WHERE {b}": MEMBERSHIP,
    "UPDATE repository_content SET version_added = 2 WHERE {a}": MEMBERSHIP,
    "UPDATE repository_content SET version_added = 0 WHERE {a}": MEMBERSHIP,
    "UPDATE repository_content SET version_removed = 4 WHERE {a}": MEMBERSHIP,
    "UPDATE repository_content SET version_removed = 1 WHERE {a}": MEMBERSHIP,
    "UPDATE repository_content SET version_removed = 5 WHERE {b}": MEMBERSHIP,
    "UPDATE repository_content SET version_removed = NULL WHERE {b}": MEMBERSHIP,
    "UPDATE repository_content SET version_added = 4, version_removed = 9 WHERE {b}": MEMBERSHIP,
    "UPDATE repository_content SET content_id = {c} WHERE {a}": MEMBERSHIP,
    "UPDATE repository_content SET repository_id = {s} WHERE {a}": MEMBERSHIP,
    "{member} SELECT repository_id, content_id, 4, NULL FROM repository_content WHERE {b}": MEMBERSHIP,
    "{member} SELECT repository_id, content_id, 0, 1 FROM repository_content WHERE {b}": MEMBERSHIP,
    "UPDATE repository_version SET number = number + 10": FACTS,
    "UPDATE repository_version SET created = '2000-01-01 00:00:00' WHERE number = 1": FACTS,
    "UPDATE repository_version SET present = 7 WHERE number = 1": FACTS,
    "UPDATE repository_version SET skipped = 7 WHERE number = 1": FACTS,
    "UPDATE repository_version SET run_id = NULL WHERE number = 1": FACTS,
    "{new} SELECT id, 3, {facts}": NUMBER,
    "{new} SELECT id, 4, {facts}": NUMBER,
    "{new} SELECT id, 5, {facts}": NUMBER,
    "DELETE FROM repository_version WHERE number = 4": NEWEST,
    "DELETE FROM repository_version": NEWEST,
    "UPDATE repository SET last_version = 3": "last_version never decreases, since numbers are not reused",
}
"""SQL by hand, and what is said of it. Units: ``a`` from version 1 on, ``b`` in 1 only; 0, 1, 2 and 4 exist."""

ALLOWED = (
    "UPDATE repository_content SET version_removed = version_removed WHERE {b}",
    "UPDATE repository_content SET version_removed = 5 WHERE {a}",
    "UPDATE repository_content SET version_removed = NULL WHERE {a}",
    "{member} SELECT repository_id, content_id, 3, 4 FROM repository_content WHERE {b}",
    "UPDATE repository_content SET version_removed = 3 WHERE version_added = 3 AND {b}",
    "DELETE FROM repository_content WHERE version_added = 3 AND {b}",
    "UPDATE repository_version SET added = 7 WHERE number = 2",
    "UPDATE repository_version SET added = 0 WHERE number = 2",
)
"""What changes nothing that a version holds, and leaves at last all as it was."""


def execute(catalog: Any, sql: str) -> Any:
    """Run SQL by hand."""
    filled = sql.format(new=NEW, member=MEMBER, **PLACES)
    return catalog.write(lambda tx: tx.connection.execute(filled))


class ImmutableTests:
    """Part of ``CatalogTests``."""

    async def test_the_database_refuses_to_change_a_version_that_exists(self, catalog: Any) -> None:
        before = await self._fill(catalog)
        for sql, said in REFUSED.items():
            with pytest.raises(CatalogError, match=f"versions are immutable: .*{said}$") as caught:
                await execute(catalog, sql)
            assert not caught.value.transient
            assert await self._state(catalog) == before, sql

    async def test_it_lets_pass_what_changes_no_version_that_exists(self, catalog: Any) -> None:
        before = await self._fill(catalog)
        for sql in ALLOWED:
            await execute(catalog, sql)
        assert await self._state(catalog) == before

    async def _fill(self, catalog: Any) -> list[Any]:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        await sync(catalog, [c], "s")
        for units in ([a, b], [a], [a, c], [a]):
            await sync(catalog, units)
        await catalog.write(lambda tx: tx.delete_version("r", 3))
        return await self._state(catalog)

    async def _state(self, catalog: Any) -> list[Any]:
        state: list[Any] = [await catalog.read(lambda tx, name=name: tx.versions(name)) for name in ("r", "s")]
        return state + [await names(catalog, number) for number in (0, 1, 2, 4)]
