"""The contract of a catalog, its third part: what people do to versions.

Doors, testing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from rxsync.errors import NotFoundError, UsageError
from rxsync.ports.catalog import Version, VersionTransaction
from rxsync.testing.catalog_units import leaf, names, sync

NOON = datetime(2026, 7, 26, 12)


async def numbers(catalog: Any, name: str = "r") -> list[int]:
    """The versions there are."""
    return [version.number for version in await catalog.read(lambda tx: tx.versions(name))]


async def current(catalog: Any) -> int:
    """The current version of repository ``r``."""
    version: Version = await catalog.read(lambda tx: tx.find_version("r"))
    assert version.current
    assert [v.number for v in await catalog.read(lambda tx: tx.versions("r")) if v.current] == [version.number]
    return version.number


def made_at(*times: datetime) -> Any:
    """Give repository ``r`` a version for each time, by hand: a catalog takes the time from the clock."""

    def make(tx: Any) -> None:
        key = tx.repository_key("r")
        for at in times:
            tx.connection.execute("UPDATE repository SET last_version = last_version + 1 WHERE id = ?", (key,))
            tx.connection.execute(
                "INSERT INTO repository_version (repository_id, number, created, present, added, removed, skipped)"
                " SELECT id, last_version, ?, 0, 0, 0, 0 FROM repository WHERE id = ?",
                (at.isoformat(" "), key),
            )

    return make


class LifecycleTests:
    """Part of ``CatalogTests``."""

    async def test_the_newest_is_current_until_another_is_pinned_and_syncs_go_on(self, catalog: Any) -> None:
        for units in ([leaf("a")], [leaf("b")]):
            await sync(catalog, units)
        assert await current(catalog) == 2
        pinned = await catalog.write(lambda tx: tx.pin("r", 1))
        assert (pinned.number, pinned.pinned, pinned.current) == (1, True, True)
        change, made = await sync(catalog, [leaf("c")])
        assert (change.base, made.number, await current(catalog)) == (2, 3, 1)
        (summary,) = await catalog.read(lambda tx: tx.repositories())
        assert (summary.version, summary.current) == (3, pinned)
        assert await catalog.read(lambda tx: tx.repository("r")) == summary
        assert (await catalog.write(lambda tx: tx.unpin("r"))).number == await current(catalog) == 3
        assert (await catalog.write(lambda tx: tx.unpin("r"))).pinned is False

    async def test_where_no_version_is_named_the_current_one_is_pinned(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a")])
        assert (await catalog.write(lambda tx: tx.pin("r"))).number == 1
        await sync(catalog, [leaf("b")])
        assert (await catalog.write(lambda tx: tx.pin("r"))).number == 1
        with pytest.raises(NotFoundError, match="no version 7"):
            await catalog.write(lambda tx: tx.pin("r", 7))
        assert await current(catalog) == 1

    async def test_a_label_names_one_version_and_moves_when_it_is_given_again(self, catalog: Any) -> None:
        for path in ("a", "b"):
            await sync(catalog, [leaf(path)])
        for label in ("stable", "Old", "good"):
            await catalog.write(lambda tx, label=label: tx.label("r", 1, label))
        assert (await catalog.read(lambda tx: tx.find_version("r", "stable"))).labels == ("Old", "good", "stable")
        moved = await catalog.write(lambda tx: tx.label("r", 2, "stable"))
        assert (moved.number, moved.labels) == (2, ("stable",))
        assert [v.labels for v in await catalog.read(lambda tx: tx.versions("r"))] == [(), ("Old", "good"), ("stable",)]
        assert (await catalog.write(lambda tx: tx.unlabel("r", "good"))).labels == ("Old",)
        for work in (lambda tx: tx.unlabel("r", "good"), lambda tx: tx.find_version("r", "good")):
            with pytest.raises(NotFoundError, match="r: no version is labelled good; labels are: Old, stable"):
                await catalog.write(work)

    async def test_labels_and_pins_are_those_of_one_repository(self, catalog: Any) -> None:
        for name in ("r", "s"):
            for path in ("a", "b"):
                await sync(catalog, [leaf(path)], name)
        await catalog.write(lambda tx: (tx.label("s", 1, "x"), tx.pin("s", 1)))
        assert not [v for v in await catalog.read(lambda tx: tx.versions("r")) if v.labels or v.pinned]
        with pytest.raises(NotFoundError, match="labels are: none"):
            await catalog.read(lambda tx: tx.find_version("r", "x"))
        await catalog.write(lambda tx: tx.delete_version("r", 1))
        assert (await numbers(catalog), await numbers(catalog, "s")) == ([0, 2], [0, 1, 2])

    async def test_a_time_stands_for_the_newest_version_that_was_made_by_then(self, catalog: Any) -> None:
        await sync(catalog, [], begin_only=True)
        hour = timedelta(hours=1)
        await catalog.write(made_at(NOON, NOON + hour, NOON - hour))  # somebody has set the clock back
        await catalog.write(lambda tx: (tx.pin("r", 1), tx.delete_version("r", 0)))
        asked = {-1: 3, -0.5: 3, 0: 3, 1: 3, 99: 3}
        for hours, number in asked.items():
            at = NOON + hours * hour
            assert (await catalog.read(lambda tx, at=at: tx.find_version("r", at))).number == number, hours
        await catalog.write(made_at(NOON + 2 * hour))
        asked = {1.99999: 3, 2: 4, 2.5: 4}
        for hours, number in asked.items():
            at = NOON + hours * hour
            assert (await catalog.read(lambda tx, at=at: tx.find_version("r", at))).number == number, hours
        early = NOON - 2 * hour
        with pytest.raises(
            NotFoundError, match=r"made by 2026-07-26 10:00:00 UTC; the first is 1, made 2026-07-26 12:"
        ):
            await catalog.read(lambda tx: tx.find_version("r", early))

    async def test_a_number_that_cannot_be_is_not_found_however_large(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a")])
        for number in (-1, 2, 1 << 31, 1 << 63, -(1 << 70), 10**30):
            with pytest.raises(NotFoundError, match=f"no version {number}; it has 0 to 1"):
                await catalog.read(lambda tx, number=number: tx.find_version("r", number))

    async def test_a_rollback_is_a_new_version_with_just_the_old_content_and_pinned(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        await sync(catalog, [a, b], skipped=3)
        for units in ([b, c], [c], [leaf("a"), c]):
            await sync(catalog, units)
        await catalog.write(lambda tx: tx.connection.execute("UPDATE repository SET fingerprint = 'f'"))
        done = await catalog.write(lambda tx: tx.roll_back("r", 1))
        assert (done.version.number, done.target.number, done.made) == (5, 1, True)
        assert (done.version.present, done.version.added, done.version.removed) == (2, 2, 2)
        assert (done.version.run, done.version.skipped, done.version.pinned, done.version.current) == (
            None,
            3,
            True,
            True,
        )
        assert await names(catalog, 5) == ["a", "b"]
        for other in (1, 5):
            assert list(await catalog.read(lambda tx, x=other: list(tx.changed("r", x, 6 - x)))) == []
        assert await catalog.read(
            lambda tx: tx.connection.execute("SELECT fingerprint FROM repository").fetchall()
        ) == [(None,)]

    async def test_after_a_rollback_a_sync_starts_from_it_and_changes_nothing_that_is_current(
        self, catalog: Any
    ) -> None:
        a, b = leaf("a"), leaf("b")
        await sync(catalog, [a])
        await sync(catalog, [b])
        await catalog.write(lambda tx: tx.roll_back("r"))
        change, made = await sync(catalog, [b])
        assert (change.base, change.added, change.removed, made.number) == (3, 1, 1, 4)
        assert await current(catalog) == 3
        assert await names(catalog, 3) == ["a"]

    async def test_a_rollback_to_what_the_newest_holds_only_pins_it(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        for units in ([a], [b], [a]):
            await sync(catalog, units)
        await catalog.write(lambda tx: tx.connection.execute("UPDATE repository SET fingerprint = 'f'"))
        for which in (1, 3):
            done = await catalog.write(lambda tx, which=which: tx.roll_back("r", which))
            assert (done.version.number, done.target.number, done.made) == (3, which, False)
        assert (await numbers(catalog), await current(catalog)) == ([0, 1, 2, 3], 3)
        assert await catalog.read(
            lambda tx: tx.connection.execute("SELECT fingerprint FROM repository").fetchall()
        ) == [("f",)]
        _, made = await sync(catalog, [b])
        assert made.number == 4

    async def test_a_rollback_goes_by_default_to_the_version_before_the_current_one(self, catalog: Any) -> None:
        for path in ("a", "b", "c"):
            await sync(catalog, [leaf(path)])
        await catalog.write(lambda tx: (tx.pin("r", 3), tx.delete_version("r", 2)))
        assert (await catalog.write(lambda tx: tx.roll_back("r"))).target.number == 1
        await catalog.write(lambda tx: tx.pin("r", 1))
        with pytest.raises(NotFoundError, match="before the current version 1 there is only the empty version 0"):
            await catalog.write(lambda tx: tx.roll_back("r"))
        await catalog.write(lambda tx: tx.delete_version("r", 0))
        with pytest.raises(NotFoundError, match="before the current version 1 there is none") as caught:
            await catalog.write(lambda tx: tx.roll_back("r"))
        assert caught.value.hint == "rxsync version rollback r N names another"
        assert await numbers(catalog) == [1, 3, 4]

    async def test_the_empty_version_is_rolled_back_to_where_it_is_named(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a")])
        done = await catalog.write(lambda tx: tx.roll_back("r", 0))
        assert (done.version.number, done.version.present, done.version.removed) == (2, 0, 1)

    async def test_a_deleted_version_is_folded_into_the_next_and_the_others_hold_what_they_held(
        self, catalog: Any
    ) -> None:
        a, b, c, d = leaf("a"), leaf("b"), leaf("c"), leaf("d")
        for units in ([a, b], [b, c], [a, c, d], [a]):
            await sync(catalog, units)
        gone = await catalog.write(lambda tx: tx.delete_version("r", 2))
        assert (gone.number, gone.added, gone.removed) == (2, 1, 1)
        versions = await catalog.read(lambda tx: tx.versions("r"))
        assert [(v.number, v.present, v.added, v.removed) for v in versions] == [
            (0, 0, 0, 0), (1, 2, 2, 0), (3, 3, 2, 1), (4, 1, 0, 2),
        ]  # fmt: skip
        assert [await names(catalog, number) for number in (1, 3, 4)] == [["a", "b"], ["a", "c", "d"], ["a"]]
        came = await catalog.read(lambda tx: list(tx.changed("r", 3, 1)))
        assert [unit.name for unit in came] == ["c", "d"]

    async def test_a_deleted_first_version_leaves_a_first_one_that_all_is_added_in(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        for units in ([a], [a, b]):
            await sync(catalog, units)
        for number in (0, 1):
            await catalog.write(lambda tx, number=number: tx.delete_version("r", number))
        (version,) = await catalog.read(lambda tx: tx.versions("r"))
        assert (version.number, version.present, version.added, version.removed) == (2, 2, 2, 0)
        assert await names(catalog, 2) == ["a", "b"]

    async def test_what_only_deleted_versions_held_leaves_no_row(self, catalog: Any) -> None:
        a, b, c = leaf("a"), leaf("b"), leaf("c")
        for units in ([a], [a, b], [a, c], [a, b], [a]):
            await sync(catalog, units)

        def rows(tx: Any) -> list[tuple[int, int | None]]:
            sql = "SELECT version_added, version_removed FROM repository_content ORDER BY version_added"
            return [tuple(row) for row in tx.connection.execute(sql)]

        await catalog.write(lambda tx: tx.delete_version("r", 3))
        assert await catalog.read(rows) == [(1, None), (2, 3), (4, 5)]
        assert list(await catalog.read(lambda tx: list(tx.changed("r", 4, 2)))) == []
        await catalog.write(lambda tx: tx.delete_version("r", 2))
        await catalog.write(lambda tx: tx.delete_version("r", 4))
        assert await catalog.read(rows) == [(1, None)]

    async def test_the_newest_the_pinned_and_the_labelled_are_not_deleted(self, catalog: Any) -> None:
        for path in ("a", "b", "c", "d"):
            await sync(catalog, [leaf(path)])
        await catalog.write(lambda tx: (tx.pin("r", 2), tx.label("r", 3, "x"), tx.label("r", 4, "y")))
        refused = {2: ("is pinned", "unpin r"), 3: ("is labelled x", "label r --remove x"), 4: ("is the newest", None)}
        for number, (reason, command) in refused.items():
            with pytest.raises(UsageError, match=f"r: version {number} {reason}") as caught:
                await catalog.write(lambda tx, number=number: tx.delete_version("r", number))
            assert caught.value.hint == (command and f"rxsync version {command} lets it go")
        await catalog.write(lambda tx: (tx.unpin("r"), tx.unlabel("r", "x")))
        for number in (2, 3):
            await catalog.write(lambda tx, number=number: tx.delete_version("r", number))
        with pytest.raises(NotFoundError, match="version 3 was deleted"):
            await catalog.read(lambda tx: tx.find_version("r", 3))
        with pytest.raises(NotFoundError, match="version 3 was deleted"):
            await catalog.write(lambda tx: tx.delete_version("r", 3))

    async def test_numbers_are_not_given_again(self, catalog: Any) -> None:
        a, b = leaf("a"), leaf("b")
        for units in ([a], [b], [a]):
            await sync(catalog, units)
        for number in (2, 1, 0):
            await catalog.write(lambda tx, number=number: tx.delete_version("r", number))
        _, made = await sync(catalog, [b])
        assert (made.number, await numbers(catalog)) == (4, [3, 4])

    async def test_what_is_older_than_the_newest_few_expires_oldest_first(self, catalog: Any) -> None:
        for path in "abcdef":
            await sync(catalog, [leaf(path)])
        await catalog.write(lambda tx: (tx.pin("r", 2), tx.label("r", 4, "x")))

        def expire(keep: int) -> Any:
            def work(tx: VersionTransaction) -> list[int]:
                return list(iter(lambda: tx.expire("r", keep), None))

            return work

        assert await catalog.write(expire(7)) == []
        assert await catalog.write(expire(6)) == [0]
        assert await catalog.write(expire(2)) == [1, 3]
        assert await numbers(catalog) == [2, 4, 5, 6]
        await catalog.write(lambda tx: (tx.unpin("r"), tx.unlabel("r", "x")))
        assert await catalog.write(expire(1)) == [2, 4, 5]
        assert await names(catalog, 6) == ["f"]
        with pytest.raises(NotFoundError):
            await catalog.write(lambda tx: tx.expire("nobody", 1))

    async def test_a_repository_is_deleted_whatever_is_pinned_and_labelled(self, catalog: Any) -> None:
        await sync(catalog, [leaf("a")])
        await sync(catalog, [leaf("b")])
        await catalog.write(lambda tx: (tx.pin("r", 1), tx.label("r", 1, "x")))
        assert await catalog.write(lambda tx: tx.delete_repository("r")) == 3
        _, made = await sync(catalog, [leaf("a")])
        (zero, one) = await catalog.read(lambda tx: tx.versions("r"))
        assert (zero.labels, one.labels, made.number, await current(catalog)) == ((), (), 1, 1)
