"""PostgreSQL is a catalog."""

import pytest

from rxsync.catalog import open_catalog
from rxsync.testing.catalog import TYPES, CatalogTests


@pytest.fixture
async def catalog(postgresql):
    catalog = open_catalog(postgresql)
    await catalog.prepare(TYPES)
    yield catalog
    await catalog.close()


class TestPostgresql(CatalogTests):
    @pytest.fixture
    async def catalog(self, postgresql):
        catalog = open_catalog(postgresql)
        await catalog.prepare(TYPES)
        yield catalog
        await catalog.close()
