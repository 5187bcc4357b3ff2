"""A real database for virtual time, and units to go through it."""

import pytest

from rxsync.testing import Memory, body, unit
from rxsync.testing.builders import sha256
from tests.flow.conftest import nothing_left  # noqa: F401 - a fixture, for the tests of this folder, too

__all__ = ["RUN", "Memory", "body", "sha256", "unit"]

RUN = Memory.run


@pytest.fixture
def memory():
    memory = Memory()
    yield memory
    memory.database.close()
