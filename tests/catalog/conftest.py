"""What the tests of catalogs share."""

from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures, for the tests of this folder, too
