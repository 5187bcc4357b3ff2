"""What people do to versions: point at them, go back to them, and let them go.

Floor 2, ports. Nothing here changes what a version holds.
"""

from __future__ import annotations

from typing import Protocol

from rxsync.ports.answers import RolledBack, Version
from rxsync.ports.which import Which


class LifecycleTransaction(Protocol):
    """Versions are named as ``Which`` says, after ``parse_which``. Each method is one decision, taken inside."""

    def pin(self, name: str, which: Which = None) -> Version:
        """Let a version be the current one, whatever comes later.

        Raises:
            NotFoundError: no such repository or version.
        """

    def unpin(self, name: str) -> Version:
        """Let the newest version be the current one again, and answer it. Harmless where nothing is pinned.

        Raises:
            NotFoundError: no such repository.
        """

    def label(self, name: str, which: Which, label: str) -> Version:
        """Give a version a label, which another one loses if it had it.

        Raises:
            NotFoundError: no such repository or version.
        """

    def unlabel(self, name: str, label: str) -> Version:
        """Take a label away; answers the version that had it.

        Raises:
            NotFoundError: no such repository or label.
        """

    def roll_back(self, name: str, which: Which = None) -> RolledBack:
        """Make a version that holds what an older one holds, and pin it. Pin the newest if it holds just that.

        Args:
            name: of the repository.
            which: the older version; None for the one before the current version.

        Raises:
            NotFoundError: no such repository or version; or none was named, and before the current one there is none,
                or only the empty version 0.
        """

    def delete_version(self, name: str, which: Which) -> Version:
        """Delete a version by folding it into the next; answers what it was. All others hold what they held.

        Raises:
            NotFoundError: no such repository or version.
            UsageError: it is the newest, pinned or labelled.
        """

    def expire(self, name: str, keep: int) -> int | None:
        """Delete the oldest version that is not one of the ``keep`` newest, pinned or labelled; answers its number.

        None where there is none.

        Raises:
            NotFoundError: no such repository.
        """
