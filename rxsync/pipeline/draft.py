"""A version that is about to be.

Floor 4, pipeline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from rxsync.errors import GuardError
from rxsync.ports.catalog import Unit, Version, VersionTransaction


@dataclass(frozen=True)
class Draft:
    """All of a version, inside the transaction that makes it: whoever raises now undoes it.

    Attributes:
        repository: its name.
        version: its numbers.
        tx: the transaction.
    """

    repository: str
    version: Version
    tx: VersionTransaction

    def units(self) -> Iterable[Unit]:
        """Its units, by path; read as they are taken."""
        return self.tx.units(self.repository, self.version.number)

    def refuse(self, reason: str) -> NoReturn:
        """Make no version.

        Raises:
            GuardError: always.
        """
        raise GuardError(f"the plugin refuses the version: {reason}")
