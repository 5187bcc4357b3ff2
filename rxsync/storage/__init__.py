"""Where the bytes are kept: the local content-addressed store.

Floor 3, the wing that touches the world. Implements ``rxsync.ports.storage``.
"""

from rxsync.storage.local import LocalStorage

__all__ = ["LocalStorage"]
