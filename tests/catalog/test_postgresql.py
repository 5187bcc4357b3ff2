"""PostgreSQL is a catalog, which several processes and hosts may share."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager

import psycopg
import pytest

from rxsync.catalog import open_catalog, postgresql, schema
from rxsync.errors import CatalogError, HomeError, LockedError, UsageError
from rxsync.testing.catalog import TYPES, CatalogTests
from rxsync.testing.catalog_units import leaf, sync


@pytest.fixture
async def catalog(postgresql):
    catalog = open_catalog(postgresql)
    await catalog.prepare(TYPES)
    yield catalog
    await catalog.close()


@pytest.fixture
async def other(postgresql, catalog):
    """The same database, as another process would open it."""
    other = open_catalog(postgresql)
    yield other
    await other.close()


@pytest.fixture
def administrator(postgresql):
    with psycopg.connect(postgresql, autocommit=True) as connection:
        yield connection


class TestPostgresql(CatalogTests):
    @pytest.fixture
    async def catalog(self, postgresql):
        catalog = open_catalog(postgresql)
        await catalog.prepare(TYPES)
        yield catalog
        await catalog.close()


@asynccontextmanager
async def amid_writing(catalog, work=lambda _: None):
    """While a transaction has done ``work`` and is open still; it is committed at the end."""
    loop, inside, go = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def stay(tx):
        work(tx)
        loop.call_soon_threadsafe(inside.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()

    writer = asyncio.create_task(catalog.write(stay))
    await inside.wait()
    try:
        yield
    finally:
        go.set()
        await writer


async def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_what_it_does(catalog):
    a = leaf("a")
    async with amid_writing(catalog, lambda tx: tx.add_content([a])):
        assert await catalog.read(lambda tx: tx.find_content([a.identity])) == {}
    assert len(await catalog.read(lambda tx: tx.find_content([a.identity]))) == 1


async def test_writers_of_two_processes_take_turns_and_give_every_row_a_key_of_its_own(catalog, other):
    batches = [[leaf(f"{n}/{m}") for m in range(20)] for n in range(20)]

    def save(batch):
        return lambda tx: (tx.add_content(batch), tx.add_content_artifacts([(u.id, u.path, None) for u in batch]))

    await asyncio.gather(*((catalog, other)[n % 2].write(save(batch)) for n, batch in enumerate(batches)))
    units = [unit for batch in batches for unit in batch]
    found = await catalog.read(lambda tx: tx.find_content([unit.identity for unit in units]))
    assert {found[unit.identity].id for unit in units} == {unit.id for unit in units} == set(range(1, 401))


async def test_who_waits_for_a_turn_sees_what_was_saved_meanwhile(catalog, other, administrator):
    a = leaf("a")
    async with amid_writing(catalog, lambda tx: tx.add_content([a])):
        second = asyncio.create_task(other.write(lambda tx: set(tx.find_content([a.identity]))))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while administrator.execute(waiting).fetchone() == (0,):  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0)
    assert await second == {a.identity}


async def test_a_wait_for_another_transaction_ends(catalog, other, monkeypatch):
    monkeypatch.setattr(postgresql, "PATIENCE", 0.1)
    async with amid_writing(catalog):
        with pytest.raises(CatalogError, match=r"locked for 0\.1 seconds") as caught:
            await other.write(lambda tx: tx.add_content([leaf("a")]))
    assert caught.value.transient


class TestHolding:
    async def test_a_repository_is_held_against_another_process_even_while_one_writes(self, catalog, other):
        async with catalog.holding("r"), amid_writing(catalog):
            with pytest.raises(LockedError, match="r: another run holds the repository"):
                await self.hold(other, "r")
            await self.hold(other, "s")
        await self.hold(other, "r")

    async def test_who_reads_sees_that_it_is_held_and_takes_nothing(self, catalog, other):
        async with catalog.holding("r"):
            assert [await other.read(lambda tx, name=name: tx.is_held(name)) for name in "rs"] == [True, False]
        assert await other.read(lambda tx: tx.is_held("r")) is False
        await self.hold(catalog, "r")

    async def test_the_lock_goes_with_the_connection_of_who_died(self, catalog, other, administrator):
        async with catalog.holding("r"):
            await end_sessions(administrator, await catalog.write(backend))
            await self.hold(other, "r")

    async def hold(self, catalog, name):
        async with catalog.holding(name):
            pass


class TestAgain:
    """A transaction that another one got in the way of."""

    @pytest.mark.parametrize("state", ["40001", "40P01"])
    async def test_it_is_tried_again_as_a_whole(self, catalog, state):
        a, attempts = leaf("a"), []

        def save(tx):
            attempts.append(tx)
            assert tx.find_content([a.identity]) == {}
            tx.add_content([a])
            if len(attempts) < postgresql.ATTEMPTS:
                fail(tx, state)
            return len(attempts)

        assert await catalog.write(save) == postgresql.ATTEMPTS
        assert len(await catalog.read(lambda tx: tx.find_content([a.identity]))) == 1

    async def test_but_not_for_ever(self, catalog):
        attempts = []
        with pytest.raises(CatalogError, match="on purpose") as caught:
            await catalog.write(lambda tx: (attempts.append(tx), fail(tx, "40001")))
        assert (len(attempts), caught.value.transient) == (postgresql.ATTEMPTS, True)

    async def test_and_not_where_that_could_not_help(self, catalog):
        attempts = []
        with pytest.raises(CatalogError, match="on purpose") as caught:
            await catalog.write(lambda tx: (attempts.append(tx), fail(tx, "23505")))
        assert (len(attempts), caught.value.transient) == (1, False)


def fail(tx, state):
    tx.connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{state}'; END $$")


def backend(tx):
    return tx.connection.execute("SELECT pg_backend_pid()").fetchone()[0]


async def end_sessions(administrator, *pids):
    for pid in pids:
        administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def test_a_lost_connection_is_one_clear_error_and_the_next_to_ask_gets_a_new_one(catalog, administrator):
    await end_sessions(administrator, await catalog.write(backend), await catalog.read(backend))
    for ask in (catalog.write, catalog.read):
        with pytest.raises(CatalogError, match="terminating connection due to administrator command") as caught:
            await ask(lambda tx: tx.repositories())
        assert caught.value.transient
        assert "\n" not in str(caught.value)
        assert await ask(lambda tx: tx.repositories()) == []


async def test_a_reader_cannot_write(postgresql, catalog):
    reader = open_catalog(postgresql, writable=False)
    with pytest.raises(CatalogError, match="reading only"):
        await reader.write(lambda tx: tx.delete_repository("r"))
    with pytest.raises(CatalogError, match="read-only transaction"):
        await reader.read(lambda tx: tx.connection.execute("DELETE FROM content"))
    await reader.close()


async def test_foreign_keys_hold(catalog):
    with pytest.raises(CatalogError, match="foreign key"):
        await catalog.write(lambda tx: tx.add_content_artifacts([(404, "a", None)]))


async def test_another_schema_is_refused_by_reader_and_writer(postgresql, catalog, administrator):
    administrator.execute("UPDATE rxsync_schema SET number = number + 1")
    for writable in (True, False):
        other = open_catalog(postgresql, writable=writable)
        with pytest.raises(HomeError, match=f"schema {schema.SCHEMA + 1}, this rxsync knows {schema.SCHEMA}"):
            await other.read(lambda tx: tx.repositories())
        await other.close()


@pytest.mark.parametrize("writable", [True, False])
async def test_somebody_elses_database_is_not_adopted(postgresql, administrator, writable):
    administrator.execute("CREATE TABLE precious (x INTEGER)")
    catalog = open_catalog(postgresql, writable=writable)
    with pytest.raises(HomeError, match="somebody else's database"):
        await (catalog.prepare(TYPES) if writable else catalog.read(lambda tx: tx.repositories()))
    await catalog.close()
    assert tables(administrator) == ["precious"]


async def test_who_reads_makes_no_home(postgresql, administrator):
    reader = open_catalog(postgresql, writable=False)
    with pytest.raises(HomeError, match="is no home yet") as caught:
        await reader.read(lambda tx: tx.repositories())
    await reader.close()
    assert "rxsync sync" in caught.value.hint
    assert tables(administrator) == []


def tables(administrator):
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return [name for (name,) in administrator.execute(sql).fetchall()]


async def test_a_search_path_that_leads_nowhere_is_named(postgresql):
    catalog = open_catalog(f"{postgresql}_of_nobody")
    with pytest.raises(HomeError, match="nothing in the search_path exists"):
        await catalog.prepare(TYPES)
    await catalog.close()


def test_several_processes_may_all_be_the_first(postgresql):
    code = (
        "import asyncio, sys; from rxsync.catalog import open_catalog\n"
        "from rxsync.testing.catalog import TYPES\n"
        "async def main():\n"
        "    catalog = open_catalog(sys.argv[1]); await catalog.prepare(TYPES); await catalog.close()\n"
        "asyncio.run(main())"
    )
    command = [sys.executable, "-c", code, postgresql]
    all_of_them = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(one.communicate()[1], one.returncode) for one in all_of_them] == [("", 0)] * 3


async def test_preparing_again_is_harmless(catalog, other):
    await sync(catalog, [leaf("a")])
    await other.prepare(TYPES)
    assert (await other.read(lambda tx: tx.version("r"))).present == 1


async def test_hot_look_ups_use_their_indexes(catalog):
    from rxsync.catalog import reading

    def plan(sql, *parameters):
        def ask(tx):
            tx.connection.execute("SET LOCAL enable_seqscan = off")
            return "\n".join(row[0] for row in tx.connection.execute(f"EXPLAIN {sql}", parameters))

        return ask

    keys = "SELECT unnest(?::bytea[])"
    content = await catalog.read(plan(reading._CONTENT.format(places=keys), [b""]))
    assert "using content_identity" in content
    assert "content_artifact_content_id_relative_path" in content
    keys = "SELECT unnest(?::bigint[])"
    assert "remote_artifact_pkey" in await catalog.read(plan(reading._REMOTE_FILES.format(places=keys), 1, [1]))
    for algorithm, sql in reading._ARTIFACTS.items():
        assert f"artifact_{algorithm}" in await catalog.read(plan(sql, [""]))


async def test_a_server_that_is_not_there_is_one_line(tmp_path):
    catalog = open_catalog(f"postgresql://ada:lovelace@/rxsync?host={tmp_path}")
    with pytest.raises(CatalogError, match=r"postgresql:///rxsync: connection .*No such file") as caught:
        await catalog.prepare(TYPES)
    await catalog.close()
    assert caught.value.transient
    assert "lovelace" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_who_is_not_let_in_is_told_so(postgresql):
    catalog = open_catalog(postgresql.replace("user=rxsync", "user=nobody_known"))
    with pytest.raises(CatalogError, match="nobody_known") as caught:
        await catalog.prepare(TYPES)
    await catalog.close()
    assert not caught.value.transient


@pytest.mark.parametrize("url", ["postgresql://ada:love%lace@host/db", "postgresql://ada:lovelace@host/db?nonsense=1"])
async def test_a_malformed_url_is_refused_without_its_password(url):
    with pytest.raises(UsageError, match="postgresql://host/db is no database URL") as caught:
        open_catalog(url)
    assert "love" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["mysql://ada:lovelace@host/db?password=lovelace", "rxsync.db", "/var/lib/rxsync.db"])
def test_another_database_is_refused(url):
    with pytest.raises(UsageError, match=r"expected postgresql://HOST/DATABASE") as caught:
        open_catalog(url)
    assert "lovelace" not in str(caught.value)


def test_without_its_driver_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "rxsync.catalog.postgresql")
    monkeypatch.delitem(sys.modules, "rxsync.catalog.spelling")
    with pytest.raises(UsageError, match="PostgreSQL needs psycopg") as caught:
        open_catalog("postgresql://host/db")
    assert caught.value.hint == "pip install 'rxsync[postgres]'"


@pytest.mark.parametrize("table", ["repository_content", "repository_version"])
async def test_no_versions_are_emptied_at_once(catalog, table):
    await sync(catalog, [leaf("a")])
    with pytest.raises(CatalogError, match="versions are immutable"):
        await catalog.write(lambda tx: tx.connection.execute(f"TRUNCATE {table}"))


async def test_a_home_that_is_made_while_somebody_looks_is_no_strangers(postgresql, monkeypatch):
    """Between the two questions of the look another process makes it."""
    other, first = open_catalog(postgresql), schema._number

    def late(database, *tables):
        number = first(database, *tables)
        monkeypatch.setattr(schema, "_number", first)
        asyncio.run_coroutine_threadsafe(other.prepare(TYPES), loop).result()
        return number

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(schema, "_number", late)
    catalog = open_catalog(postgresql)
    await catalog.prepare(TYPES)
    await sync(catalog, [leaf("a")])
    assert [one.present for one in await other.read(lambda tx: tx.versions("r"))] == [0, 1]
    for one in (catalog, other):
        await one.close()
