"""A second of what ``python -m tests.faults.limits`` measures over twenty; loosely, since machines are busy."""

import pytest

from tests.faults.limits import bandwidth, rate


@pytest.mark.parametrize(("measure", "limits"), [(rate, (50,)), (bandwidth, (2e6,))], ids=lambda one: str(one)[:20])
async def test_a_limit_is_not_broken_and_is_used(measure, limits):
    held = await measure(*limits, 1.0)
    assert -0.8 < held.off < 0.2, str(held)
