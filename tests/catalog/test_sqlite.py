"""SQLite is a catalog, in memory and in a file that other processes read meanwhile."""

import asyncio
import sqlite3
import subprocess
import sys

import pytest

from rxsync.catalog import SqliteCatalog, schema
from rxsync.errors import CatalogError, HomeError
from rxsync.testing.catalog import TYPES, CatalogTests
from rxsync.testing.catalog_units import leaf, sync


class TestInMemory(CatalogTests):
    @pytest.fixture
    async def catalog(self):
        catalog = SqliteCatalog()
        await catalog.prepare(TYPES)
        yield catalog
        await catalog.close()


class TestInAFile(CatalogTests):
    @pytest.fixture
    async def catalog(self, tmp_path):
        catalog = SqliteCatalog(tmp_path / "rx sync?#%41.db")
        await catalog.prepare(TYPES)
        yield catalog
        await catalog.close()


@pytest.fixture
async def catalog(tmp_path):
    catalog = SqliteCatalog(tmp_path / "rxsync.db")
    await catalog.prepare(TYPES)
    yield catalog
    await catalog.close()


async def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_what_it_does(catalog):
    loop, written, go = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    a = leaf("a")

    def save(tx):
        tx.add_content([a])
        loop.call_soon_threadsafe(written.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()

    writer = asyncio.create_task(catalog.write(save))
    await written.wait()
    reader = SqliteCatalog(catalog.path, writable=False)
    assert await reader.read(lambda tx: tx.find_content([a.identity])) == {}
    go.set()
    await writer
    assert len(await reader.read(lambda tx: tx.find_content([a.identity]))) == 1
    await reader.close()


async def test_a_reader_cannot_write(catalog):
    reader = SqliteCatalog(catalog.path, writable=False)
    with pytest.raises(CatalogError, match="reading only"):
        await reader.write(lambda tx: tx.delete_repository("r"))
    with pytest.raises(CatalogError, match="readonly"):
        await reader.read(lambda tx: tx.connection.execute("DELETE FROM content"))
    await reader.close()


async def test_an_acknowledged_version_is_durable_and_foreign_keys_hold(catalog):
    def pragmas(tx):
        return [
            tx.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert await catalog.write(pragmas) == ["wal", 2, 1]
    with pytest.raises(CatalogError, match="FOREIGN KEY"):
        await catalog.write(lambda tx: tx.add_content_artifacts([(404, "a", None)]))


async def test_another_schema_is_refused_by_reader_and_writer(catalog):
    await catalog.close()
    connection = sqlite3.connect(catalog.path)
    connection.execute(f"PRAGMA user_version = {schema.SCHEMA + 1}")
    connection.close()
    for writable in (True, False):
        other = SqliteCatalog(catalog.path, writable=writable)
        with pytest.raises(HomeError, match=f"schema {schema.SCHEMA + 1}, this rxsync knows {schema.SCHEMA}"):
            await other.read(lambda tx: tx.repositories())
        await other.close()


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "rxsync.db"
    path.write_bytes(b"precious" * 200)
    catalog = SqliteCatalog(path)
    with pytest.raises(CatalogError, match="not a database"):
        await catalog.prepare(TYPES)
    await catalog.close()
    assert path.read_bytes() == b"precious" * 200


@pytest.mark.parametrize("rolled_back", [False, True])
async def test_a_disk_without_room_is_told_as_that_and_what_to_do(catalog, rolled_back):
    def grow(tx):
        tx.connection.execute("PRAGMA max_page_count = 1")  # at most what there is already
        if rolled_back:
            tx.connection.execute("ROLLBACK")  # as SQLite does by itself where the disk is really full
        for n in range(20):
            tx.connection.execute(f"CREATE TABLE t{n} (x)")

    with pytest.raises(CatalogError) as caught:
        await catalog.write(grow)
    assert str(caught.value) == f"{catalog.path}: database or disk is full"
    assert caught.value.hint == "make room on the disk, then run again"


async def test_preparing_again_and_by_another_process_is_harmless(catalog):
    await sync(catalog, [leaf("a")])
    code = (
        "import asyncio, sys; from pathlib import Path; from rxsync.catalog import SqliteCatalog\n"
        "from rxsync.testing.catalog import TYPES\n"
        "async def main():\n"
        "    catalog = SqliteCatalog(Path(sys.argv[1])); await catalog.prepare(TYPES)\n"
        "    print((await catalog.read(lambda tx: tx.version('r'))).present); await catalog.close()\n"
        "asyncio.run(main())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(catalog.path)], capture_output=True, text=True, check=False
    )
    assert answer.stdout == "1\n", answer.stderr
    await catalog.prepare(TYPES)
    assert (await catalog.read(lambda tx: tx.version("r"))).present == 1


async def test_hot_look_ups_use_their_indexes(catalog):
    from rxsync.catalog import reading

    def plan(sql, *parameters):
        return lambda tx: "\n".join(row[3] for row in tx.connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters))

    content = await catalog.read(plan(reading._CONTENT.format(places="?"), b""))
    assert "SEARCH c USING COVERING INDEX content_identity" in content
    assert "SEARCH f USING INDEX content_artifact_content_id_relative_path" in content
    remote = await catalog.read(plan(reading._REMOTE_FILES.format(places="?"), 1, 1))
    assert "SEARCH remote_artifact USING PRIMARY KEY" in remote
    for algorithm, sql in reading._ARTIFACTS.items():
        assert f"SEARCH a USING INDEX artifact_{algorithm}" in await catalog.read(plan(sql, "[]"))


async def test_what_is_known_already_is_not_written_again(catalog):
    files = [({"sha256": "1" * 64, "md5": "1" * 32}, 1)]
    await catalog.write(lambda tx: tx.add_artifacts(files))

    def again(tx):
        before = tx.connection.total_changes
        tx.add_artifacts(files)
        return tx.connection.total_changes - before

    assert await catalog.write(again) == 0


@pytest.mark.parametrize("writable", [True, False])
async def test_somebody_elses_database_is_not_adopted(tmp_path, writable):
    path = tmp_path / "rxsync.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE precious (x)")
    other.close()
    catalog = SqliteCatalog(path, writable=writable)
    with pytest.raises(HomeError, match="somebody else's database"):
        await (catalog.prepare(TYPES) if writable else catalog.read(lambda tx: tx.repositories()))
    await catalog.close()
    other = sqlite3.connect(path)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
    other.close()


async def test_a_home_that_is_only_being_made_is_none_yet(tmp_path):
    (tmp_path / "rxsync.db").touch()
    reader = SqliteCatalog(tmp_path / "rxsync.db", writable=False)
    with pytest.raises(HomeError, match="no home yet"):
        await reader.read(lambda tx: tx.repositories())
    await reader.close()
