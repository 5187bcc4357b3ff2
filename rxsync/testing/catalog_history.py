"""The contract of a catalog, its third part: how repositories stand, and what became of runs.

Doors, testing.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from rxsync.errors import NotFoundError
from rxsync.ports.catalog import VersionTransaction
from rxsync.testing.catalog_units import leaf, sync


class HistoryTests:
    """Part of ``CatalogTests``."""

    async def test_a_size_counts_what_is_stored_of_a_version_and_each_file_once(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        await sync(catalog, [a, b])
        await sync(catalog, [b, c])
        await sync(catalog, [a], "other")
        assert await catalog.read(lambda tx: tx.stored_size("r", 2)) == 0

        def store(tx: VersionTransaction) -> None:
            stored = tx.add_artifacts(
                [({"sha256": a.sha256}, 1), ({"sha256": b.sha256}, 10), ({"sha256": "f" * 64}, 100)]
            )
            files = tx.find_content([unit.identity for unit in (a, b, c)])
            rows = {unit.path: files[unit.identity].files[unit.path].row for unit in (a, b)}
            tx.point_content_artifacts([(rows[unit.path], stored[unit.sha256].artifact_id) for unit in (a, b)])
            tx.add_content_artifacts([(b.id, "b.copy", stored[b.sha256].artifact_id)])

        await catalog.write(store)
        sizes = [await catalog.read(lambda tx, n=n: tx.stored_size("r", n)) for n in range(3)]
        assert sizes == [0, 11, 10]
        with pytest.raises(NotFoundError, match="no repository 'none' here"):
            await catalog.read(lambda tx: tx.stored_size("none", 1))

    async def test_runs_are_told_newest_first_also_of_a_second(self, catalog: Any) -> None:
        ids = [f"{n:032x}" for n in (3, 1, 2)]
        for run, name in zip(ids, "rsr", strict=True):
            await catalog.write(lambda tx, run=run, name=name: tx.begin_run(run, name, "http://there/"))
        found = await catalog.read(lambda tx: tx.runs(limit=9))
        assert [one.run for one in found] == ids[::-1]
        assert len({one.started for one in found}) == 3
        assert [one.run for one in await catalog.read(lambda tx: tx.runs("r", limit=9))] == [ids[2], ids[0]]
        assert [one.run for one in await catalog.read(lambda tx: tx.runs(limit=1))] == [ids[2]]
        assert await catalog.read(lambda tx: tx.runs("none", limit=9)) == []

    async def test_a_run_is_told_as_it_was_noted(self, catalog: Any) -> None:
        run = uuid.uuid4().hex
        await catalog.write(lambda tx: tx.begin_run(run, "r", "http://there/"))
        (one,) = await catalog.read(lambda tx: tx.runs(limit=9))
        assert (one.run, one.repository, one.source) == (run, "r", "http://there/")
        assert (one.finished, one.exit_code, one.report) == (None, None, None)
        await catalog.write(lambda tx: tx.end_run(run, 4, '{"version": null}'))
        (one,) = await catalog.read(lambda tx: tx.runs(limit=9))
        assert (one.exit_code, one.report) == (4, '{"version": null}')
        assert one.started <= one.finished

    async def test_a_run_is_found_by_what_its_id_begins_with(self, catalog: Any) -> None:
        for beginning in ("ab", "ac"):
            await catalog.write(lambda tx, run=beginning: tx.begin_run(run.ljust(32, "0"), "r", "http://there/"))
        assert (await catalog.read(lambda tx: tx.run("ac"))).run == "ac".ljust(32, "0")
        for beginning, why in (("a", "several runs begin"), ("b", "no run begins"), ("_c", "no run begins")):
            with pytest.raises(NotFoundError, match=f"^{why} with '{beginning}'$"):
                await catalog.read(lambda tx, beginning=beginning: tx.run(beginning))

    async def test_a_repository_was_checked_when_the_last_run_that_went_through_ended(self, catalog: Any) -> None:
        async def end(code: int) -> Any:
            run = uuid.uuid4().hex
            await catalog.write(lambda tx: tx.begin_run(run, "r", "http://there/"))
            await catalog.write(lambda tx: tx.end_run(run, code, "{}"))
            (one,) = await catalog.read(lambda tx: tx.runs("r", limit=1))
            return one.finished

        await end(4)
        assert await catalog.read(lambda tx: tx.checked("r")) is None
        for code in (0, 3):
            ended = await end(code)
            for bad in (1, 8, 130):
                await end(bad)
            assert await catalog.read(lambda tx: tx.checked("r")) == ended
        assert await catalog.read(lambda tx: tx.checked("other")) is None

    async def test_nobody_holds_a_repository_that_no_run_is_at_work_on(self, catalog: Any) -> None:
        assert await catalog.read(lambda tx: tx.is_held("r")) is False
