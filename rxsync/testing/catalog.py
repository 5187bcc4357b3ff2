"""The contract of a catalog: whoever implements the port proves it with one subclass.

Doors, testing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import count
from typing import Any

import pytest
from peewee import FixedCharField, IntegerField, TextField

from rxsync.errors import CatalogError, NotFoundError
from rxsync.models import Content
from rxsync.ports.catalog import Change, RemoteFile, Version, VersionTransaction


class Leaf(Content):
    """A unit with a place in its repository."""

    path = TextField()
    sha256 = FixedCharField(64)
    weight = IntegerField(null=True)

    class Meta:
        """Another leaf at the same path takes its place."""

        content_type = "test.leaf"
        natural_key = ("path", "sha256")
        repository_key = ("path",)


class Stone(Content):
    """A unit without a place: any number may stand in a version."""

    number = IntegerField()

    class Meta:
        """Known by its number alone."""

        content_type = "test.stone"
        natural_key = ("number",)


TYPES = (Leaf, Stone)

_digests = count()


def leaf(path: str, sha256: str | None = None) -> Leaf:
    """Make a leaf; with bytes of its own, where none are named."""
    return Leaf(path=path, sha256=sha256 or f"{next(_digests):064x}")


class CatalogTests:
    """Subclass it and give ``catalog``: a fixture that yields an empty catalog, prepared for ``TYPES``."""

    @pytest.fixture
    async def catalog(self) -> AsyncIterator[Any]:
        """Yield an empty catalog, prepared for ``TYPES``."""
        raise NotImplementedError
        yield  # noqa: PT022 - makes it a generator, as it is in a subclass

    # -- what the line asks and writes

    async def test_nothing_is_found_in_an_empty_catalog(self, catalog: Any) -> None:
        identity = leaf("a").identity
        assert await catalog.read(lambda tx: tx.find_content([identity])) == {}
        assert await catalog.read(lambda tx: tx.find_artifacts("sha256", ["0" * 64])) == {}
        assert await catalog.read(lambda tx: tx.find_artifacts("md5", [])) == {}
        assert await catalog.read(lambda tx: tx.repositories()) == []

    async def test_saved_content_is_found_by_its_identity_with_its_files(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")

        def save(tx: VersionTransaction) -> None:
            tx.add_content([a, b])
            stored = tx.add_artifacts([({"sha256": a.sha256, "md5": "0" * 32}, 7)])[a.sha256]
            tx.add_content_artifacts([(a.id, "a", stored.artifact_id), (a.id, "a.sig", None), (b.id, "b", None)])

        await catalog.write(save)
        found = await catalog.read(lambda tx: tx.find_content([a.identity, b.identity, leaf("c").identity]))
        assert set(found) == {a.identity, b.identity}
        assert found[a.identity].id == a.id
        assert found[a.identity].files["a"].stored[1:] == (a.sha256, 7)
        assert found[a.identity].files["a.sig"].stored is None
        assert set(found[b.identity].files) == {"b"}

    async def test_a_question_may_be_of_any_size(self, catalog: Any) -> None:
        leaves = [leaf(f"{n}") for n in range(1203)]
        await catalog.write(lambda tx: tx.add_content(leaves))
        for size in (1, 2, 25, 26, 499, 500, 501, 1203):
            asked = [leaf.identity for leaf in leaves[:size]]
            assert len(await catalog.read(lambda tx, asked=asked: tx.find_content(asked))) == size

    async def test_content_of_several_types_is_saved_at_once(self, catalog: Any) -> None:
        mixed: list[Content] = [Stone(number=1), leaf("a"), Stone(number=2), leaf("b")]
        await catalog.write(lambda tx: tx.add_content(mixed))
        assert len({content.id for content in mixed}) == 4
        found = await catalog.read(lambda tx: tx.find_content([content.identity for content in mixed]))
        assert {found[content.identity].id for content in mixed} == {content.id for content in mixed}

    async def test_the_same_natural_key_twice_is_refused_and_nothing_of_the_batch_is_kept(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        await catalog.write(lambda tx: tx.add_content([a]))
        with pytest.raises(CatalogError):
            await catalog.write(lambda tx: tx.add_content([b, leaf("a", a.sha256)]))
        assert set(await catalog.read(lambda tx: tx.find_content([a.identity, b.identity]))) == {a.identity}

    async def test_artifacts_are_one_row_for_each_sha256(self, catalog: Any) -> None:
        files = [({"sha256": "1" * 64}, 1), ({"sha256": "2" * 64, "md5": "2" * 32}, 2), ({"sha256": "1" * 64}, 1)]
        first = await catalog.write(lambda tx: tx.add_artifacts(files))
        again = await catalog.write(lambda tx: tx.add_artifacts(files))
        assert first == again
        assert set(first) == {"1" * 64, "2" * 64}
        assert await catalog.read(lambda tx: tx.find_artifacts("sha256", set(first))) == first

    async def test_an_artifact_is_found_by_any_digest_that_is_known_of_it(self, catalog: Any) -> None:
        await catalog.write(lambda tx: tx.add_artifacts([({"sha256": "1" * 64}, 1)]))
        assert await catalog.read(lambda tx: tx.find_artifacts("md5", ["1" * 32])) == {}
        await catalog.write(lambda tx: tx.add_artifacts([({"sha256": "1" * 64, "md5": "1" * 32}, 1)]))
        assert set(await catalog.read(lambda tx: tx.find_artifacts("md5", ["1" * 32, "2" * 32]))) == {"1" * 32}

    async def test_a_file_is_pointed_to_its_bytes_when_they_have_come(self, catalog: Any) -> None:
        a = leaf("a")

        def save(tx: VersionTransaction) -> int:
            tx.add_content([a])
            return tx.add_content_artifacts([(a.id, "a", None)])[0]

        row = await catalog.write(save)
        stored = (await catalog.write(lambda tx: tx.add_artifacts([({"sha256": a.sha256}, 3)])))[a.sha256]
        await catalog.write(lambda tx: tx.point_content_artifacts([(row, stored.artifact_id)]))
        found = await catalog.read(lambda tx: tx.find_content([a.identity]))
        assert found[a.identity].files["a"] == (row, stored)

    async def test_what_a_remote_offers_is_remembered_in_order_and_replaced(self, catalog: Any) -> None:
        a = leaf("a")

        def save(tx: VersionTransaction) -> tuple[int, int]:
            _, remote = tx.begin_run(uuid.uuid4().hex, "r", "http://there/")
            tx.add_content([a])
            return remote, tx.add_content_artifacts([(a.id, "a", None)])[0]

        remote, row = await catalog.write(save)
        offers = [RemoteFile(row, n, f"http://there/{n}", 4, "md5:00", None, None) for n in range(3)]
        await catalog.write(lambda tx: tx.set_remote_files(remote, offers[::-1], []))
        assert await catalog.read(lambda tx: tx.find_remote_files(remote, [row])) == {row: offers}
        other = offers[0]._replace(url="http://elsewhere/", etag='"e"')
        await catalog.write(lambda tx: tx.set_remote_files(remote, [other], [(row, 2)]))
        assert await catalog.read(lambda tx: tx.find_remote_files(remote, [row])) == {row: [other, offers[1]]}
        assert await catalog.read(lambda tx: tx.find_remote_files(remote + 1, [row])) == {}

    async def test_an_exception_in_a_transaction_undoes_it_and_comes_out(self, catalog: Any) -> None:
        a = leaf("a")

        def fail(tx: VersionTransaction) -> None:
            tx.add_content([a])
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            await catalog.write(fail)
        assert await catalog.read(lambda tx: tx.find_content([a.identity])) == {}

    async def test_a_cancelled_writer_waits_for_its_transaction(self, catalog: Any) -> None:
        loop, inside, go = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        a = leaf("a")

        def save(tx: VersionTransaction) -> None:
            loop.call_soon_threadsafe(inside.set)
            asyncio.run_coroutine_threadsafe(go.wait(), loop).result()
            tx.add_content([a])

        writer = asyncio.create_task(catalog.write(save))
        await inside.wait()
        writer.cancel()
        await asyncio.sleep(0)
        assert not writer.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await writer
        assert len(await catalog.read(lambda tx: tx.find_content([a.identity]))) == 1

    # -- versions

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


class Clashed(Exception):
    """What ``clash`` answered."""


async def sync(
    catalog: Any, units: Sequence[Content], repository: str = "r", *, mirror: bool = True, begin_only: bool = False
) -> tuple[Change, Any]:
    """Do by hand what a run does: save what is new, stage it, and make a version of it, or None.

    Raises:
        Clashed: two units cannot stand together.
    """
    run = uuid.uuid4().hex

    def begin(tx: VersionTransaction) -> int:
        key, _ = tx.begin_run(run, repository, "http://there/")
        tx.begin_staging(run)
        saved = tx.find_content([unit.identity for unit in units])
        fresh = [unit for unit in units if unit.identity not in saved]
        tx.add_content(fresh)
        tx.add_content_artifacts([(unit.id, unit.path, None) for unit in fresh if isinstance(unit, Leaf)])
        tx.stage(run, [(unit.id, f"line {n}") for n, unit in enumerate(units)])
        return key

    def complete(tx: VersionTransaction) -> tuple[Change, Version | None]:
        change = tx.change(run, key, mirror=mirror)
        if clash := tx.clash(run, key):
            raise Clashed(*clash)
        made = tx.complete(run, key, change) if change.added or change.removed else None
        tx.end_run(run, 0, "{}")
        return change, made

    key = await catalog.write(begin)
    try:
        return (Change(0, 0, 0, 0, 0), None) if begin_only else await catalog.write(complete)
    finally:
        await catalog.write(lambda tx: tx.end_staging(run))


async def names(catalog: Any, number: int) -> Iterable[str]:
    """What is in a version of repository ``r``, in order of name."""
    units = await catalog.read(lambda tx: list(tx.units("r", number)))
    return sorted(unit.name if unit.files else "stone 1" if _is_first(unit.identity) else "stone 2" for unit in units)


def _is_first(identity: str) -> bool:
    return identity == Stone(number=1).identity.hex()
