"""How a sync is to go about it.

Floor 4, pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from rxsync.errors import UsageError
from rxsync.pipeline.guards import MaxDelete
from rxsync.pipeline.recipe import Recipe

Mode = Literal["mirror", "additive"]
Policy = Literal["immediate", "on_demand"]
Amend = Callable[[Recipe], Recipe]

RETRIES = 4


@dataclass(frozen=True)
class Rules:
    """The arguments of ``sync``, checked. ``options`` are the plugin's.

    Raises:
        UsageError: one cannot be.
    """

    mode: Mode
    policy: Policy
    max_delete: MaxDelete
    max_concurrent: int
    retries: int
    amend: Amend | None
    options: object

    def __post_init__(self) -> None:
        """Check them."""
        if self.mode not in get_args(Mode):
            raise UsageError(f"mode {self.mode!r}: expected {' or '.join(get_args(Mode))}")
        if self.policy not in get_args(Policy):
            raise UsageError(f"policy {self.policy!r}: expected {' or '.join(get_args(Policy))}")
        if self.max_concurrent < 1:
            raise UsageError(f"max_concurrent {self.max_concurrent}: expected at least 1")
        if self.retries < 0:
            raise UsageError(f"retries {self.retries}: expected at least 0")
