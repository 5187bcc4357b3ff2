"""What a stage is.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from reactivex import Observable

from rxsync.declare import DeclarativeContent

Stage: TypeAlias = Callable[[Observable[DeclarativeContent]], Observable[DeclarativeContent]]
"""Any stage may follow any other."""


@dataclass(frozen=True)
class PlacedStage:
    """A stage that makes sense only in some places of a line; a recipe refuses it elsewhere.

    Attributes:
        stage: what it does.
        needs: facts that an earlier step must give.
        until: facts that no earlier step may give.
    """

    stage: Stage
    needs: frozenset[str] = frozenset()
    until: frozenset[str] = frozenset()

    def __call__(self, source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        """Be a ``Stage``."""
        return self.stage(source)
