"""A hook runs again with its whole transaction, where another transaction got in the way of that."""

import psycopg
import pytest

import rxsync
from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures

from .author import Maker, given, part


@pytest.fixture
def home(tmp_path, postgresql):  # noqa: F811 - the fixture
    return rxsync.open(tmp_path / "home", postgresql)


@pytest.mark.parametrize("which", ["pre_save", "post_save"])
@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_hook_runs_again_with_the_same_batch_and_what_it_wrote_is_written_once(sync, home, which, state):
    batches = []

    def hook(units, tx):
        batches.append([unit.content.name for unit in units])
        tx.add_content([], [Maker(name="hooked")])
        if len(batches) < 3:
            tx.connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '{state}'; END $$")

    def amend(recipe, run):
        return recipe.hook("save_content", **{which: hook})

    units = [part(name) for name in "abc"]  # no files, whose downloads would end in any order
    report = await sync(given(*units, amend=amend))
    assert batches == [["a", "b", "c"]] * 3
    assert (report.new, report.added, report.version) == (3, 3, 1)
    with psycopg.connect(home.database) as database:
        assert database.execute("SELECT name FROM author_maker").fetchall() == [("hooked",)]
        assert database.execute("SELECT count(*) FROM author_part").fetchall() == [(3,)]
