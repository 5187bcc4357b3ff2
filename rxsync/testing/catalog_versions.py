"""The contract of a catalog, its second half: how runs become versions, and what can be asked of them.

Doors, testing.
"""

from __future__ import annotations

from typing import Any

import pytest

from rxsync.errors import NotFoundError
from rxsync.ports.catalog import VersionTransaction
from rxsync.testing.catalog_units import Clashed, Stone, leaf, names, sync


class VersionTests:
    """Part of ``CatalogTests``."""

    async def test_a_repository_begins_with_an_empty_version_0(self, catalog: Any) -> None:
        await sync(catalog, [], begin_only=True)
        (version,) = await catalog.read(lambda tx: tx.versions("r"))
        assert (version.number, version.present, version.added, version.removed, version.run) == (0, 0, 0, 0, None)

    async def test_a_version_holds_what_was_staged(self, catalog: Any) -> None:
        change, version = await sync(catalog, [leaf("b"), leaf("a"), Stone(number=1)])
        assert (change.base, change.present, change.added, change.removed, change.vanishing) == (0, 0, 3, 0, 0)
        assert (version.number, version.present, version.added, version.removed) == (1, 3, 3, 0)
        assert await names(catalog, 1) == ["a", "b", "stone 1"]
        assert await names(catalog, 0) == []

    async def test_staging_the_same_unit_again_is_noticed(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")

        def twice(tx: VersionTransaction) -> list[set[int]]:
            tx.add_content([a, b])
            tx.begin_staging("0" * 32)
            first = tx.stage("0" * 32, [(a.id, None), (a.id, "again")])
            second = tx.stage("0" * 32, [(a.id, None), (b.id, None)])
            tx.end_staging("0" * 32)
            return [first, second]

        assert await catalog.write(twice) == [{a.id}, {b.id}]

    async def test_units_come_in_the_order_of_bytes_those_without_files_first(self, catalog: Any) -> None:
        paths = ["Z", "b", "a b", "a-b", "a.b", "ab", "B", "\u00e9", "a/z", "\U0001f600"]
        await sync(catalog, [*map(leaf, paths), Stone(number=1)])
        units = await catalog.read(lambda tx: list(tx.units("r", 1)))
        assert [unit.files[0][0] if unit.files else None for unit in units] == [None, *sorted(paths)]

    async def test_mirror_removes_what_is_no_longer_declared(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        await sync(catalog, [a, b])
        change, version = await sync(catalog, [b, c])
        assert (change.added, change.removed, change.vanishing) == (1, 1, 1)
        assert (version.number, version.present) == (2, 2)
        assert await names(catalog, 1) == ["a", "b"]
        assert await names(catalog, 2) == ["b", "c"]

    async def test_additive_removes_only_what_is_replaced(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        await sync(catalog, [a, b, Stone(number=1)])
        change, _ = await sync(catalog, [leaf("b"), Stone(number=2)], mirror=False)
        assert (change.added, change.removed, change.vanishing) == (2, 1, 0)
        assert await names(catalog, 2) == ["a", "b", "stone 1", "stone 2"]

    async def test_a_replaced_unit_does_not_vanish(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a"), leaf("b"), Stone(number=1)])
        change, _ = await sync(catalog, [leaf("a")])
        assert (change.added, change.removed, change.vanishing) == (1, 3, 2)

    async def test_the_same_set_again_changes_nothing(self, catalog: Any) -> None:
        both = [leaf("a"), leaf("b")]
        await sync(catalog, both)
        change, version = await sync(catalog, both)
        assert (change.base, change.added, change.removed) == (1, 0, 0)
        assert version is None

    async def test_two_units_on_one_place_clash_with_their_origins(self, catalog: Any) -> None:
        with pytest.raises(Clashed) as clashed:
            await sync(catalog, [leaf("a"), leaf("b"), leaf("a")])
        path, other, *origins = clashed.value.args
        assert (path, other, set(origins)) == ("a", "a", {"line 0", "line 2"})

    async def test_a_path_below_a_file_clashes_wherever_other_paths_sort(self, catalog: Any) -> None:
        paths = ["x/y", "x/y-z", "x/y.z", "x/y/z", "x/y!", "w"]
        with pytest.raises(Clashed) as clashed:
            await sync(catalog, [leaf(path) for path in paths])
        assert clashed.value.args[:2] == ("x/y/z", "x/y")

    async def test_a_unit_clashes_with_one_that_an_additive_run_leaves_in_place(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a")])
        with pytest.raises(Clashed) as clashed:
            await sync(catalog, [leaf("a/b")], mirror=False)
        assert clashed.value.args == ("a/b", "a", "line 0", None)
        _, version = await sync(catalog, [leaf("a/b")])
        assert version.present == 1

    async def test_a_difference_names_what_came_and_went_between_any_two_versions(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        for units in ([a, b], [b, c], [a, c], [a, b, c]):
            await sync(catalog, units)
        for one, there in enumerate([set(), {"a", "b"}, {"b", "c"}, {"a", "c"}, {"a", "b", "c"}]):
            for other, gone in enumerate([set(), {"a", "b"}, {"b", "c"}, {"a", "c"}, {"a", "b", "c"}]):
                changed = await catalog.read(lambda tx, x=one, y=other: list(tx.changed("r", x, y)))
                assert {unit.name for unit in changed} == there - gone, (one, other)

    async def test_repositories_do_not_see_each_other(self, catalog: Any) -> None:
        shared = leaf("a")
        await sync(catalog, [shared, leaf("b")], "r")
        _, version = await sync(catalog, [shared], "s")
        assert version.number == version.present == 1
        assert [(r.name, r.version, r.present) for r in await catalog.read(lambda tx: tx.repositories())] == [
            ("r", 1, 2),
            ("s", 1, 1),
        ]

    async def test_a_deleted_repository_is_gone_and_its_content_stays(self, catalog: Any) -> None:
        a = leaf("a")
        await sync(catalog, [a])
        assert await catalog.write(lambda tx: tx.delete_repository("r")) == 2
        with pytest.raises(NotFoundError, match="'r'"):
            await catalog.read(lambda tx: tx.versions("r"))
        assert len(await catalog.read(lambda tx: tx.find_content([a.identity]))) == 1
        change, _ = await sync(catalog, [a])
        assert (change.base, change.added) == (0, 1)

    async def test_what_is_not_there_is_named(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a")])
        with pytest.raises(NotFoundError, match="no version 7; it has 0 to 1"):
            await catalog.read(lambda tx: tx.version("r", 7))
        with pytest.raises(NotFoundError, match="'nobody'"):
            await catalog.write(lambda tx: tx.delete_repository("nobody"))
