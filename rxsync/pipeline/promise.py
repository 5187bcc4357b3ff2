"""What a plan said would happen, to be held against what does.

Floor 4, pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass

from rxsync.errors import GuardError
from rxsync.ports.catalog import Change


@dataclass(frozen=True)
class Promise:
    """The end of a plan.

    Attributes:
        base_version: number of the version it starts from.
        digest: of the units that would be in the next one, or stay out of it.
    """

    base_version: int
    digest: str

    def check_base(self, base_version: int) -> None:
        """Let a run begin.

        Raises:
            GuardError: the repository has moved.
        """
        if base_version != self.base_version:
            raise _moved(f"the plan starts from version {self.base_version}, the repository is at {base_version}")

    def check(self, change: Change, digest: str) -> None:
        """Let a version be made.

        Raises:
            GuardError: the repository or the source has moved.
        """
        self.check_base(change.base)
        if digest != self.digest:
            raise _moved("the source declares other units than when it was planned")


def _moved(message: str) -> GuardError:
    error = GuardError(message)
    error.hint = "rxsync plan looks again"
    return error
