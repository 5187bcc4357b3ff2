"""A source that contradicts itself is refused before anything is fetched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxsync.errors import ConflictError
from rxsync.flow import from_iterable, run
from rxsync.operators import refuse_clashes
from rxsync.ports.catalog import Declared
from rxsync.testing import marbles
from tests.operators.conftest import RUN, Memory, unit


def test_units_pass_in_order_until_one_contradicts_an_earlier_one(memory):
    a, b, c = unit("a", origin="line 1"), unit("b"), unit("a", b"other", origin="line 3")
    with marbles() as m:
        refuse = refuse_clashes(memory.after(m, "--u|"), RUN, batch=2, linger=5)
        m.expect(m.hot("-a-b-------|", a=a, b=b).pipe(refuse), "-----(a,b)-|", a=a, b=b)
    with marbles() as m:
        m.expect(m.hot("-c|", c=c).pipe(refuse_clashes(memory.transact, RUN, batch=1)), "-#", error=ConflictError)
    with pytest.raises(ConflictError, match=r'"a" \(line 3\) and "a" \(line 1\) have other bytes'):
        refuse_clashes(memory.transact, RUN).apply(memory.tx, [c])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.text("ab.-!/", min_size=1, max_size=5), min_size=1, max_size=6), max_size=5))
def test_it_finds_what_a_look_at_every_pair_finds(batches):
    memory = Memory()
    seen: list[Declared] = []
    for batch in batches:
        files = [Declared(path.strip("/").replace("//", "/") or "x", (path[-1] * 16).encode(), None) for path in batch]
        seen += files
        pairs = [(one, other) for one in seen for other in seen]
        clashes = {
            (one.path, other.path)
            for one, other in pairs
            if (one.path == other.path and one.identity != other.identity) or one.path.startswith(f"{other.path}/")
        }
        clash = memory.transact(lambda tx, files=files: tx.declare(RUN, files))
        assert (clash is None) == (not clashes)
        if clash is not None:
            assert (clash.path, clash.other) in clashes
            break
    memory.database.close()


async def test_the_same_operator_runs_over_asyncio_and_sqlite(catalog):
    units = [unit(f"{n}/{n}") for n in range(1100)]
    came = []
    await run(from_iterable([*units, *units]).pipe(refuse_clashes(catalog.read, RUN)), came.append)
    assert came == [*units, *units]
