"""What all tests share."""

import pytest

pytest.register_assert_rewrite("rxsync.testing")


@pytest.fixture
async def catalog():
    """An empty catalog in memory that knows plain files."""
    from rxsync.catalog import SqliteCatalog
    from rxsync.plugins.file import FileContent

    catalog = SqliteCatalog()
    await catalog.prepare([FileContent])
    yield catalog
    await catalog.close()
