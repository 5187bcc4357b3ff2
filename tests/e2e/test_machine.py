"""Whatever is done to a home, in whatever order: ``machine.py``. ``RXSYNC_EXAMPLES=500`` draws that many, others each time."""

import os
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.postgresql import postgresql_server, schema  # noqa: F401 - a fixture

from .machine import Machine

EXAMPLES = int(os.environ.get("RXSYNC_EXAMPLES", "0"))


def drawn(examples, steps):
    return settings(
        max_examples=EXAMPLES or examples,
        stateful_step_count=steps,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


@pytest.mark.timeout(600 * max(1, EXAMPLES))
def test_a_home_on_sqlite_holds_what_a_plain_model_says():
    run_state_machine_as_test(Machine, settings=drawn(12, 20))


@pytest.mark.timeout(600 * max(1, EXAMPLES))
def test_a_home_on_postgresql_holds_what_a_plain_model_says(postgresql_server):  # noqa: F811 - the fixture
    class Machined(Machine):
        def __init__(self):
            self.stack = ExitStack()
            self.database = self.stack.enter_context(schema(postgresql_server))
            super().__init__()

        def teardown(self):
            super().teardown()
            self.stack.close()

    run_state_machine_as_test(Machined, settings=drawn(4, 15))
