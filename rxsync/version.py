"""Which rxsync this is.

Floor 0.
"""

__version__ = "0.1.0.dev0"
