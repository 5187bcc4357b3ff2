"""The contract of a catalog: whoever implements the port proves it with one subclass.

Doors, testing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rxsync.errors import CatalogError
from rxsync.models import Content
from rxsync.ports.catalog import Clash, Declared, RemoteFile, VersionTransaction
from rxsync.testing.catalog_collecting import CollectingTests
from rxsync.testing.catalog_history import HistoryTests
from rxsync.testing.catalog_immutable import ImmutableTests
from rxsync.testing.catalog_lifecycle import LifecycleTests
from rxsync.testing.catalog_units import TYPES, Stone, declared, leaf
from rxsync.testing.catalog_versions import VersionTests

__all__ = ["TYPES", "CatalogTests"]


class CatalogTests(VersionTests, HistoryTests, LifecycleTests, ImmutableTests, CollectingTests):
    """Subclass it and give ``catalog``: a fixture that yields an empty catalog, prepared for ``TYPES``."""

    @pytest.fixture
    async def catalog(self) -> AsyncIterator[Any]:
        """Yield an empty catalog, prepared for ``TYPES``."""
        raise NotImplementedError
        yield  # noqa: PT022 - makes it a generator, as it is in a subclass

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

    async def test_of_artifacts_that_share_a_weak_digest_the_first_one_stored_is_found(self, catalog: Any) -> None:
        for sha256 in ("2" * 64, "1" * 64):
            await catalog.write(lambda tx, name=sha256: tx.add_artifacts([({"sha256": name, "md5": "0" * 32}, 1)]))
        found = await catalog.read(lambda tx: tx.find_artifacts("md5", ["0" * 32]))
        assert found["0" * 32].sha256 == "2" * 64

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
        other = (await catalog.write(lambda tx: tx.add_artifacts([({"sha256": "f" * 64}, 3)])))["f" * 64]
        await catalog.write(lambda tx: tx.point_content_artifacts([(row, other.artifact_id)]))
        found = await catalog.read(lambda tx: tx.find_content([a.identity]))
        assert found[a.identity].files["a"].stored == stored

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

    async def test_the_same_file_again_is_no_clash_wherever_it_is_declared(self, catalog: Any) -> None:
        assert await declared(catalog, ["a", "b/c"], ["a", "d"], ["b/c"]) is None

    async def test_another_unit_at_the_same_path_clashes_in_and_across_batches(self, catalog: Any) -> None:
        assert await declared(catalog, ["a", "b", "a!"]) == Clash("a", "a", "0.2", "0.0")
        assert await declared(catalog, ["a"], ["b"], ["a!"]) == Clash("a", "a", "2.0", "0.0")

    async def test_a_path_below_a_file_and_a_file_above_a_path_clash(self, catalog: Any) -> None:
        assert await declared(catalog, ["a", "a.b", "a-b"], ["a/b/c"]) == Clash("a/b/c", "a", "1.0", "0.0")
        assert await declared(catalog, ["a/b/c", "a-b"], ["a"]) == Clash("a/b/c", "a", "0.0", "1.0")
        assert await declared(catalog, ["x", "a/b", "a/b/c"]) == Clash("a/b/c", "a/b", "0.2", "0.1")
        assert await declared(catalog, ["a/b", "a/bc", "a/b.c/d", "ab"]) is None

    async def test_what_another_run_declared_does_not_matter(self, catalog: Any) -> None:
        a = Declared("a", b"1" * 16, None)
        assert await catalog.read(lambda tx: tx.declare("1" * 32, [a])) is None
        assert await catalog.read(lambda tx: tx.declare("2" * 32, [a._replace(identity=b"2" * 16)])) is None
        for run in ("1" * 32, "2" * 32):
            await catalog.read(lambda tx, run=run: tx.end_declaring(run))
        assert await catalog.read(lambda tx: tx.declare("1" * 32, [a._replace(identity=b"3" * 16)])) is None

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
