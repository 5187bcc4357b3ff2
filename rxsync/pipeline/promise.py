"""What a plan said would happen, to be held against what does.

Floor 4, pipeline.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rxsync.errors import MovedError
from rxsync.ports.catalog import Change


@dataclass(frozen=True)
class Promise:
    """The end of a plan.

    Attributes:
        base_version: number of the version it starts from.
        digest: of the units that would come, and of those that would go.
        fingerprint: what the source looked like; None where nobody could tell.
        parts: of sub-repositories, by name.
    """

    base_version: int
    digest: str
    fingerprint: str | None = None
    parts: Mapping[str, Promise] = field(default_factory=dict)

    def of_part(self, name: str) -> Promise:
        """What was said of a sub-repository.

        Raises:
            MovedError: nothing.
        """
        if name not in self.parts:
            raise _moved(f"{name} was not planned")
        return self.parts[name]

    def check_beginning(self, base_version: int, fingerprint: str | None) -> None:
        """Let a run begin, before it fetches anything.

        Raises:
            MovedError: the repository, or the source, is seen to have moved.
        """
        self._check_base(base_version)
        if self.fingerprint is not None and fingerprint != self.fingerprint:
            raise _moved("the source has changed since it was planned")

    def check(self, change: Change, digest: str, parts: Collection[str]) -> None:
        """Let a version be made.

        Args:
            change: what would come and go.
            digest: of that.
            parts: names of the sub-repositories that were synced.

        Raises:
            MovedError: it would not be the one that was planned.
        """
        self._check_base(change.base)
        if digest != self.digest:
            raise _moved("other units would come or go than was planned")
        if missing := sorted(self.parts.keys() - set(parts)):
            raise _moved(f"{missing[0]} was planned, and the source has no such part now")

    def _check_base(self, base_version: int) -> None:
        if base_version != self.base_version:
            raise _moved(f"the plan starts from version {self.base_version}, the repository is at {base_version}")


def _moved(message: str) -> MovedError:
    error = MovedError(message)
    error.hint = "rxsync plan looks again"
    return error
