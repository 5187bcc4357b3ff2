"""Work that is cancelled before it begins leaves no coroutine behind that nobody awaited."""

import gc

import pytest

from rxsync.flow import from_iterable, run
from rxsync.operators import download_artifacts, for_new_content, query_existing_content, save_artifacts, validate
from tests.operators.conftest import unit


async def never(*_):
    raise AssertionError("it has begun")


STAGES = {
    "download_artifacts": (download_artifacts(never), False),
    "for_new_content": (for_new_content(never), True),
    "validate": (validate(never), True),
    "query_existing_content": (query_existing_content(never, batch=1), True),
    "save_artifacts": (save_artifacts(never, never, lambda bodies: None, batch=1), True),
}


@pytest.mark.parametrize("name", STAGES)
async def test_work_that_is_cancelled_before_it_begins_leaves_nothing_unawaited(name, nothing_left):
    stage, fetched = STAGES[name]

    def source():
        yield unit("a", fetched=fetched)
        raise KeyError("at once")  # the task of that work is there, and has not had its first turn

    with pytest.raises(KeyError):  # warnings are errors here
        await run(from_iterable(source()).pipe(stage))
    gc.collect()
