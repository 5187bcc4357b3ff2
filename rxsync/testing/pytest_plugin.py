"""Fixtures for tests of plugins and operators; pytest finds them by an entry point.

Floor 6, testing. It is loaded into every pytest run of an environment that has rxsync, so it imports nothing of rxsync
before a fixture is used, sets nothing up, and asks for no plugin of pytest's. The entry point has the name of this
module, so that ``-p rxsync.testing.pytest_plugin`` does not load it twice.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rxsync.catalog import SqliteCatalog
    from rxsync.pipeline.home import Home
    from rxsync.testing import Marbles, SimulatedRemote

_SUITES = (
    "catalog",
    "catalog_immutable",
    "catalog_lifecycle",
    "catalog_units",
    "catalog_versions",
    "downloader",
    "downloader_metadata",
    "stages",
    "storage",
)

# Their failed assertions are to be explained like those of a test; what is imported already cannot be any more.
_names = [f"rxsync.testing.{suite}" for suite in _SUITES]
pytest.register_assert_rewrite(*(name for name in _names if name not in sys.modules))


@pytest.fixture(name="marbles")
def _marbles() -> Callable[..., AbstractContextManager[Marbles]]:
    """``rxsync.testing.marbles``: ``with marbles() as m: …``."""
    from rxsync.testing import marbles

    return marbles


@pytest.fixture
def remote() -> SimulatedRemote:
    """Give a ``rxsync.testing.SimulatedRemote`` at ``http://there/`` that has no files yet."""
    from rxsync.testing import SimulatedRemote

    return SimulatedRemote()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a home in the test's own folder; nothing is in it before the first sync."""
    from rxsync.pipeline.home import Home

    return Home(tmp_path / "home")


@pytest.fixture
def catalog() -> Iterator[SqliteCatalog]:
    """Give an empty catalog in memory, prepared for plain files; ``await catalog.prepare(types)`` for others."""
    from rxsync.catalog import SqliteCatalog
    from rxsync.plugins.file import FileContent

    catalog = SqliteCatalog()
    _finish(catalog.prepare([FileContent]))
    yield catalog
    _finish(catalog.close())


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` in a loop of its own, in a thread of its own: the test's loop, if it has one, is its own affair."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, work).result()
