"""The contract of a catalog, its third part: what nothing refers to goes, and nothing else.

Doors, testing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rxsync.catalog import collecting, marks
from rxsync.catalog.collecting import NEVER, Limits
from rxsync.catalog.marks import ARTIFACT, CONTENT
from rxsync.models import Content, Related
from rxsync.ports.catalog import Declared, VersionTransaction
from rxsync.testing.catalog_units import Badge, Bond, Leaf, Stone, Twig, leaf, sync

NO_TIME = timedelta(0)


class CollectingTests:
    """Part of ``CatalogTests``."""

    async def test_what_no_version_holds_goes_with_its_bytes_and_the_rest_stays(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        await _save(catalog, [a, b, c])
        await sync(catalog, [a], "r")
        await sync(catalog, [a, b], "s")
        await catalog.write(lambda tx: tx.delete_repository("r"))
        assert await _collect(catalog) == (1, 1)
        assert await _paths(catalog) == ["a", "b"]
        assert await _bytes(catalog, a, b, c) == {a.sha256, b.sha256}
        assert await _collect(catalog) == (0, 0)

    async def test_bytes_that_two_units_share_go_with_the_last_of_them(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b", "0" * 64)
        a.sha256 = b.sha256
        await _save(catalog, [a, b])
        await sync(catalog, [a])
        assert await _collect(catalog) == (1, 0)
        await catalog.write(lambda tx: tx.delete_repository("r"))
        assert await _collect(catalog) == (1, 1)

    async def test_what_a_version_that_is_gone_held_alone_counts_as_gone(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        await _save(catalog, [a, b, c])
        for units in ([a, b], [b], [b, c]):
            await sync(catalog, units)
        assert await _told(catalog, [("r", 1)]) == (1, 1)
        assert await _told(catalog, [("r", 2)]) == await _told(catalog) == (0, 0)
        await sync(catalog, [a], "s")
        assert await _told(catalog, [("r", 1)]) == (0, 0)

    async def test_the_oldest_versions_expire_but_not_what_is_pinned_or_labelled(self, catalog: Any) -> None:
        for number in range(5):
            await sync(catalog, [Stone(number=number)])

        def expired(keep: int) -> Any:
            return catalog.read(lambda tx: tx.expired("r", keep))

        assert await expired(2) == [0, 1, 2, 3]
        assert await expired(6) == await expired(7) == []
        await catalog.write(lambda tx: tx.connection.execute("UPDATE repository SET pinned = 1"))
        label = "INSERT INTO version_label (id, repository_id, label, number) SELECT 1, id, 'stable', 3 FROM repository"
        await catalog.write(lambda tx: tx.connection.execute(label))
        assert await expired(2) == [0, 2]

    async def test_what_is_marked_waits_for_its_grace(self, catalog: Any) -> None:
        await _save(catalog, [leaf("a")])
        assert await _collect(catalog, grace=timedelta(hours=1)) == (0, 0)
        assert await _collect(catalog, later=timedelta(minutes=59), grace=timedelta(hours=1)) == (0, 0)
        assert await _collect(catalog, later=timedelta(minutes=61), grace=timedelta(hours=1)) == (1, 1)

    async def test_what_was_marked_since_a_run_began_waits_for_the_run(self, catalog: Any) -> None:
        await _save(catalog, [leaf("a")])
        marked = await _mark(catalog)
        assert await _collect(catalog, before=marked) == (0, 0)
        assert await _collect(catalog, before=marked + timedelta(microseconds=1)) == (1, 1)

    async def test_a_mark_is_never_older_than_a_run_that_has_begun_nor_than_another_mark(self, catalog: Any) -> None:
        await _save(catalog, [leaf("a"), leaf("b")])
        await catalog.write(lambda tx: tx.begin_run(uuid.uuid4().hex, "r", "http://there/"))
        ahead = "UPDATE sync_run SET started = '2999-01-01 00:00:00'"  # by a clock that is wrong
        await catalog.write(lambda tx: tx.connection.execute(ahead))
        times = [await catalog.write(lambda tx, key=key: marks.add(tx.connection, [(CONTENT, key)])) for key in (1, 2)]
        assert datetime(2999, 1, 1) <= times[0] < times[1]

    async def test_a_look_up_takes_the_mark_away(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        for ask in (catalog.read, catalog.write):
            await _save(catalog, [a, b])
            await _mark(catalog)
            assert len(await ask(lambda tx: tx.find_content([a.identity]))) == 1
            assert len(await ask(lambda tx: tx.find_artifacts("sha256", [b.sha256]))) == 1
            assert await _collect(catalog, mark=False) == (1, 0)
            assert await _paths(catalog) == ["a"]
            assert await _bytes(catalog, a, b) == {a.sha256, b.sha256}
            assert await _collect(catalog) == (1, 2)

    async def test_who_saves_what_is_there_already_takes_the_mark_away(self, catalog: Any) -> None:
        a = leaf("a")
        await _save(catalog, [a])
        await _mark(catalog)
        await catalog.write(lambda tx: tx.add_artifacts([({"sha256": a.sha256}, 1)]))
        assert await _collect(catalog, mark=False) == (1, 0)

    async def test_a_read_that_meets_marks_runs_again_and_leaves_nothing_of_the_first_time(self, catalog: Any) -> None:
        a = leaf("a")
        await _save(catalog, [a])
        await _mark(catalog)

        def ask(tx: Any) -> Any:
            clash = tx.declare("1" * 32, [Declared("a", a.identity, None)])
            return clash, len(tx.find_content([a.identity]))

        assert await catalog.read(ask) == (None, 1)
        other = Declared("a", b"1" * 16, None)
        assert await catalog.read(lambda tx: tx.declare("1" * 32, [other])) is not None
        await catalog.read(lambda tx: tx.end_declaring("1" * 32))

    async def test_what_is_in_a_version_again_is_unmarked_and_stays(self, catalog: Any) -> None:
        a = leaf("a")
        await _save(catalog, [a])
        await _mark(catalog)
        key = a.id

        def restore(tx: VersionTransaction) -> None:  # as a version is made of an older one: without a look-up
            repository, _ = tx.begin_run("1" * 32, "r", "http://there/")
            tx.begin_staging("1" * 32)
            tx.stage("1" * 32, [(key, None)])
            tx.complete("1" * 32, repository, tx.change("1" * 32, repository, mirror=True))
            tx.end_staging("1" * 32)

        await catalog.write(restore)
        assert await _delete(catalog, CONTENT, [key]) == set()
        assert await _collect(catalog) == (0, 0)
        assert await catalog.read(lambda tx: marks.exist(tx.connection)) is False

    async def test_what_kept_units_refer_to_stays(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        root, twig = Twig(name="root", leaf=a), Twig(name="twig")
        twig.grown_from = root
        await _save(catalog, [a, b, root, twig])
        await sync(catalog, [twig])
        assert await _collect(catalog) == (1, 1)
        assert await _paths(catalog) == ["a"]
        await catalog.write(lambda tx: tx.delete_repository("r"))
        assert await _collect(catalog) == (3, 1)

    async def test_what_a_unit_refers_to_stays_where_only_the_unit_was_looked_up(self, catalog: Any) -> None:
        a = leaf("a")
        twig = Twig(name="twig", leaf=a)
        await _save(catalog, [a, twig])
        await _mark(catalog)
        assert len(await catalog.read(lambda tx: tx.find_content([twig.identity]))) == 1
        assert await _collect(catalog, mark=False) == (0, 0)
        assert len(await catalog.read(lambda tx: tx.find_content([a.identity]))) == 1

    async def test_units_that_refer_to_each_other_go_together(self, catalog: Any) -> None:
        one, other = Twig(name="one"), Twig(name="other")
        one.grown_from, other.grown_from = other, one
        await _save(catalog, [one, other])
        assert await _collect(catalog) == (2, 0)

    async def test_a_related_row_goes_with_its_units_unless_one_of_them_stays(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        one, two, three = Stone(number=1), Stone(number=2), Stone(number=3)
        bonds = [
            Bond(name="goes", leaf=a, stone=one),
            Bond(name="stays", leaf=b, stone=two),
            Bond(name="of one", leaf=c),
            Bond(name="of none"),
        ]
        badges = [Badge(bond=bond) for bond in bonds]
        await _save(catalog, [a, b, c, one, two, three], [*bonds, *badges])
        await sync(catalog, [two, three])
        assert await _collect(catalog) == (3, 2)
        assert await _paths(catalog) == ["b"]
        found = "SELECT b.name FROM test_bond b JOIN test_badge s ON s.bond_id = b.id ORDER BY b.name"
        names = await catalog.read(lambda tx: [name for (name,) in tx.connection.execute(found)])
        assert names == ["of none", "stays"]

    async def test_what_rows_of_somebody_else_refer_to_stays(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        await _save(catalog, [a, b])

        def refer(tx: Any) -> None:
            tx.connection.execute("CREATE TABLE theirs (leaf INTEGER REFERENCES test_leaf (id))")
            tx.connection.execute("INSERT INTO theirs VALUES (?)", (a.id,))

        await catalog.write(refer)
        assert await _collect(catalog) == (1, 1)
        assert await _paths(catalog) == ["a"]

    async def test_offers_of_remotes_go_with_the_files_they_are_of(self, catalog: Any) -> None:
        a = leaf("a")
        await _save(catalog, [a])

        def offer(tx: Any) -> None:
            _, remote = tx.begin_run("1" * 32, "r", "http://there/")
            (row,) = tx.connection.execute("SELECT id FROM content_artifact").fetchone()
            sql = "INSERT INTO remote_artifact (content_artifact_id, remote_id, position, url, digests)"
            tx.connection.execute(f"{sql} VALUES (?, ?, 0, 'http://there/a', '')", (row, remote))

        await catalog.write(offer)
        assert await _collect(catalog) == (1, 1)

    async def test_names_of_bytes_that_no_row_has_are_told(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        await _save(catalog, [a, b])
        await sync(catalog, [b])
        names = [a.sha256, b.sha256, "f" * 64]
        assert await catalog.read(lambda tx: collecting.unnamed(tx, names)) == {"f" * 64}
        await _told(catalog)
        assert await catalog.read(lambda tx: collecting.unnamed(tx, names, soon=True)) == {"f" * 64, a.sha256}

    async def test_runs_without_an_end_are_told(self, catalog: Any) -> None:
        for run in ("1" * 32, "2" * 32):
            await catalog.write(lambda tx, run=run: tx.begin_run(run, "r", "http://there/"))
        await catalog.write(lambda tx: tx.end_run("1" * 32, 0, "{}"))
        ((run, repository, started),) = await catalog.read(collecting.begun)
        assert (run, repository) == ("2" * 32, "r")
        assert started <= await catalog.read(lambda tx: marks.moment(tx.connection))


async def _save(catalog: Any, contents: Sequence[Content], related: Sequence[Related] = ()) -> None:
    """Save units, leaves with a file, without any version."""
    leaves = [content for content in contents if isinstance(content, Leaf)]

    def save(tx: VersionTransaction) -> None:
        saved = tx.find_content([content.identity for content in contents])
        tx.add_content([content for content in contents if content.identity not in saved], related)
        stored = tx.add_artifacts([({"sha256": leaf.sha256}, 1) for leaf in leaves])
        fresh = [leaf for leaf in leaves if leaf.identity not in saved]
        tx.add_content_artifacts([(leaf.id, leaf.path, stored[leaf.sha256].artifact_id) for leaf in fresh])

    await catalog.write(save)


async def _mark(catalog: Any) -> datetime:
    """Mark what nothing refers to."""
    await catalog.read(collecting.survey)
    stale = await catalog.read(lambda tx: collecting.outdated(tx, ("", 0), 10_000))
    await catalog.write(lambda tx: collecting.unmark(tx, stale))
    rows = await catalog.read(lambda tx: collecting.unmarked(tx, ("", 0), 10_000))
    at: datetime = await catalog.write(lambda tx: marks.add(tx.connection, rows))
    return at


async def _told(catalog: Any, gone: Sequence[tuple[str, int]] = ()) -> tuple[int, int]:
    """Tell what would go without these versions, whenever it was marked."""
    references, now = await catalog.read(lambda tx: collecting.survey(tx, gone))
    await catalog.read(lambda tx: collecting.doom(tx, references, Limits(now, NO_TIME)))
    told: tuple[int, int] = await catalog.read(collecting.count_doomed)
    return told


async def _collect(
    catalog: Any, *, mark: bool = True, later: timedelta = NO_TIME, grace: timedelta = NO_TIME, before: datetime = NEVER
) -> tuple[int, int]:
    """Do by hand what a collection does; answers how many units and artifacts went."""
    if mark:
        await _mark(catalog)
    references, now = await catalog.read(collecting.survey)
    limits = Limits(now + later, grace, before)
    await catalog.read(lambda tx: collecting.doom(tx, references, limits))
    counts = []
    for kind in (CONTENT, ARTIFACT):
        keys = await catalog.read(lambda tx, kind=kind: collecting.doomed(tx, kind, 1 << 62, 10_000))
        counts.append(len(await _delete(catalog, kind, keys, limits)))
    return counts[0], counts[1]


async def _delete(catalog: Any, kind: str, keys: Sequence[int], limits: Limits | None = None) -> set[int]:
    references, now = await catalog.read(collecting.survey)
    limits = limits or Limits(now, NO_TIME)
    gone: set[int] = await catalog.write(lambda tx: collecting.delete(tx, references, kind, keys, limits))
    return gone


async def _paths(catalog: Any) -> list[str]:
    """The paths of the files that are left."""
    sql = "SELECT relative_path FROM content_artifact ORDER BY relative_path"
    return [path for (path,) in await catalog.read(lambda tx: tx.connection.execute(sql).fetchall())]


async def _bytes(catalog: Any, *leaves: Leaf) -> set[str]:
    """Which leaves' bytes are named."""
    sql = "SELECT sha256 FROM artifact"
    named = {name for (name,) in await catalog.read(lambda tx: tx.connection.execute(sql).fetchall())}
    return named & {leaf.sha256 for leaf in leaves}
