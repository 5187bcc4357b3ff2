"""What the tests of the benchmarks share."""

from tests.postgresql import postgresql, postgresql_server  # noqa: F401 - fixtures, for the tests of this folder, too
