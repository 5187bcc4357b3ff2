import asyncio
import gc

import pytest


@pytest.fixture
async def nothing_left():
    """No task outlives the test, and asyncio found nothing to complain about."""
    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    yield
    gc.collect()
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left
    assert not problems
