"""What a stage is.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from reactivex import Observable

from rxsync.declare import DeclarativeContent

Stage: TypeAlias = Callable[[Observable[DeclarativeContent]], Observable[DeclarativeContent]]
"""Any stage may follow any other."""
