"""Who waits for something that items further down hold, and get rid of when they are through.

Floor 2, flow. It is no deadlock as long as the line moves: lists below do not wait for company meanwhile, and once
nothing moves any more, whoever waits longest waits no longer.
"""

from __future__ import annotations

from typing import Protocol


class Patient(Protocol):
    """One who waits."""

    def concerns(self, work: object) -> bool:
        """Whether this, an item in work or a task that works on it, stands still meanwhile."""

    def relent(self) -> None:
        """Wait no longer: nothing in the line moves, so what is waited for will not come."""


class Patients:
    """All of them, in one run.

    Attributes:
        depth: how many stages stand below the uppermost place where somebody waits; 0 where nobody does.
    """

    depth: int

    def __init__(self) -> None:
        self.depth = 0
        self._waiting: dict[Patient, None] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def admit(self, patient: Patient, depth: int) -> None:
        """Remember that ``patient`` waits, with ``depth`` stages below."""
        self._waiting[patient] = None
        self.depth = max(self.depth, depth)

    def dismiss(self, patient: Patient) -> None:
        """Forget ``patient``: it waits no longer."""
        del self._waiting[patient]
        if not self._waiting:
            self.depth = 0

    def concern(self, work: object) -> bool:
        """Whether ``work``, an item or a task, stands still because of one of them."""
        return any(patient.concerns(work) for patient in self._waiting)

    def relent(self) -> None:
        """Let the first go on, of one or more."""
        next(iter(self._waiting)).relent()
