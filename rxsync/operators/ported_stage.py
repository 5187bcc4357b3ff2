"""Classes in the style of Pulp's stages, as steps and as sources of a line.

Floor 3, operators. A plugin moves here stage by stage: each class keeps its ``run`` and changes its base class.
Follows: ``pulpcore.plugin.stages.Stage``, of which nothing is imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from reactivex import Observable

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError
from rxsync.flow import Emit, FlowScheduler, from_callback
from rxsync.flow.gauge import Label
from rxsync.flow.step import Step, lift
from rxsync.operators.ported_line import PortedLine
from rxsync.operators.stage import Stage
from rxsync.typing import Observer

MINSIZE = 500
"""Units that ``batches`` waits for if it is told nothing else."""


class Line(Protocol):
    """What a stage sees of the line it stands in."""

    async def take(self, least: int, most: int | None = None) -> list[DeclarativeContent]:
        """Wait for so many units, or as many as there is reason to wait for; none at the end."""

    async def put(self, unit: DeclarativeContent) -> None:
        """Wait until the line below takes the unit."""


class PortedStage:
    """The base class of a stage that says what it does in one ``async def run(self)``.

    A unit that it keeps and neither puts nor ends (``unit.resolve()``, or better a reason) counts as dropped, and is an
    error for whoever awaits it. A new object for each run: ``as_stage`` and ``as_source`` take a factory.

    Follows: ``pulpcore.plugin.stages.Stage``.
    """

    __line: Line | None = None

    async def run(self) -> None:
        """Take units from ``items`` or ``batches`` and ``put`` units; the stream below ends when it returns."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does: it has no run()")

    async def items(self) -> AsyncIterator[DeclarativeContent]:
        """Give the units that come, one at a time, to their end.

        Raises:
            FlowError: this is a first stage, or another task waits for units already.
        """
        while units := await self.__where().take(1, most=1):
            yield units[0]

    async def batches(self, minsize: int = MINSIZE) -> AsyncIterator[list[DeclarativeContent]]:
        """Give the units that come, in lists.

        A list leaves, with all units that are here, when they are ``minsize``, at the end, at once when somebody awaits
        one of them, and when no company can come. There is no timer: a trickle waits.

        Raises:
            FlowError: this is a first stage, or another task waits for units already.
        """
        while units := await self.__where().take(minsize):
            yield units

    async def put(self, unit: DeclarativeContent) -> None:
        """Pass a unit on; waits while the line below wants nothing.

        Raises:
            ValueError: it is None: the end is said by returning.
            FlowError: ``run`` has returned.
            asyncio.CancelledError: the line is over.
        """
        if unit is None:
            raise ValueError(f"{type(self).__name__} put None: expected a unit; a stage ends by returning from run()")
        await self.__where().put(unit)

    def stand_in(self, line: Line) -> None:
        """Belong to a line, once and for all; called by ``as_stage`` and ``as_source``.

        Raises:
            FlowError: it belongs to one already.
        """
        if self.__line is not None:
            raise FlowError(f"{type(self).__name__} stands in a line already: expected the factory to make a new one")
        self.__line = line

    def __where(self) -> Line:
        if self.__line is None:
            raise FlowError(f"{type(self).__name__} stands in no line: put it into one with as_stage or as_source")
        return self.__line


def as_stage(factory: Callable[[], PortedStage]) -> Stage:
    """Run a class in the style of Pulp's stages as a step.

        source             -a-b-c---|
        puts all it takes  -a-b-c---|     in whatever order it puts them

    Needs an event loop, so no marbles. ``put`` waits while the line below wants nothing, and no more than 100 units, or
    one batch, wait for the class; what it keeps in lists of its own nobody bounds. A class that returns early leaves
    the source. When the line fails or is cancelled, ``run`` is cancelled and waited for; tasks of its own are cancelled
    in their next ``put``, ``items`` or ``batches``.

    Args:
        factory: makes the stage; called once a subscription.

    Errors: what ``run`` raises; ``FlowError`` if its task is cancelled from outside.
    """
    label = Label("as_stage")

    def make(observer: Observer, scheduler: FlowScheduler) -> Step:
        stage = factory()
        label.name = type(stage).__name__
        line = PortedLine(label, stage.run, observer, scheduler)
        stage.stand_in(line)
        return line

    return lift(make, "as_stage")


def as_source(factory: Callable[[], PortedStage]) -> Observable[DeclarativeContent]:
    """Run a first stage in the style of Pulp's as the source of a line.

        it puts                -a-b-c|
        as_source(factory)     -a-b-c|

    Needs an event loop, so no marbles. Within ``run``, ``await unit.resolution()`` waits for a unit that was put, and
    lets the batches that hold it leave.

    Args:
        factory: makes the stage; called once a subscription.

    Errors: what ``run`` raises; ``FlowError`` if its task is cancelled from outside.
    """

    async def start(emit: Emit[DeclarativeContent]) -> None:
        stage = factory()
        stage.stand_in(_First(type(stage).__name__, emit))
        await stage.run()

    start.__name__ = getattr(factory, "__name__", type(factory).__name__)
    return from_callback(start)


class _First:
    """The line as a first stage sees it."""

    def __init__(self, name: str, emit: Emit[DeclarativeContent]) -> None:
        self._name, self.put = name, emit.__call__

    async def take(self, least: int, most: int | None = None) -> list[DeclarativeContent]:
        raise FlowError(f"{self._name} is a first stage and has no input; as_stage makes one that has")
