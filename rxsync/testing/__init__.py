"""The test kit that plugin authors use, and that rxsync's own tests are written with.

Floor 6, doors. This face imports no test framework, and nothing at all before it is asked for; the contract suites
beside it (``catalog``, ``storage``, ``stages``) are made of pytest. A name here must not be a module's, too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rxsync.testing.builders import artifact, body, unit
    from rxsync.testing.clock import Effect, Marbles, marbles
    from rxsync.testing.memory import Memory
    from rxsync.testing.remote import SimulatedRemote

_WHERE = {
    "Effect": "clock",
    "Marbles": "clock",
    "Memory": "memory",
    "SimulatedRemote": "remote",
    "artifact": "builders",
    "body": "builders",
    "marbles": "clock",
    "unit": "builders",
}

__all__ = ["Effect", "Marbles", "Memory", "SimulatedRemote", "artifact", "body", "marbles", "unit"]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
