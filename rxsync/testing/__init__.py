"""The test kit that plugin authors use, and that rxsync's own tests are written with.

Floor 6, doors. This face imports no test framework; the contract suites beside it are made of pytest.
"""

from rxsync.testing.marbles import Marbles, marbles

__all__ = ["Marbles", "marbles"]
