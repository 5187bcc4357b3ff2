"""How repositories stand.

Floor 4, pipeline. Reads only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from rxsync.pipeline.home import Home
from rxsync.pipeline.log import LoggedRun, read_run
from rxsync.ports.catalog import ListTransaction, RepositorySummary, Version


@dataclass(frozen=True, slots=True)
class Status:
    """How a repository stands.

    Attributes:
        repository: its name.
        version: the current one.
        size: bytes that its files take in the store, each once; those that are not here take none.
        checked: when the last run ended that went through, in UTC; None if none did.
        last: the last run; None if there was none.
    """

    repository: str
    version: Version
    size: int
    checked: datetime | None
    last: LoggedRun | None

    def age(self, now: datetime | None = None) -> float | None:
        """Seconds since it was known to be as the source was; None if it never was.

        Args:
            now: the time, in UTC and without a zone; None: that of the clock.
        """
        if self.checked is None:
            return None
        now = datetime.now(UTC).replace(tzinfo=None) if now is None else now
        return max(0.0, (now - self.checked).total_seconds())


async def status(home: Home, names: Collection[str] = ()) -> list[Status]:
    """Tell how repositories stand, by name.

    Args:
        home: where they are.
        names: which; none: all.

    Raises:
        UsageError: one of them cannot be a name.
        NotFoundError: one of them is no repository here.
        HomeError: there is no home here yet.
        CatalogError: the database refused.
    """
    wanted = sorted({home.repository(name).name for name in names})

    def ask(tx: ListTransaction) -> list[Status]:
        found = [tx.repository(name) for name in wanted] if wanted else tx.repositories()
        return [_status(home, tx, one) for one in found]

    return await home.read(ask)


def _status(home: Home, tx: ListTransaction, one: RepositorySummary) -> Status:
    name, version, last = one.name, one.current, tx.runs(one.name, limit=1, forgotten=False)
    return Status(
        name,
        version,
        tx.stored_size(name, version.number),
        tx.checked(name),
        read_run(home, tx, last[0]) if last else None,
    )
