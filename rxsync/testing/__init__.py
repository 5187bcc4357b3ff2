"""The test kit that plugin authors use, and that rxsync's own tests are written with.

Floor 6, doors. Imports no test framework.
"""

from rxsync.testing.marbles import Marbles, marbles

__all__ = ["Marbles", "marbles"]
