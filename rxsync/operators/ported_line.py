"""The line as a ported stage sees it: units to take, and room to put units.

Floor 3, operators. What ``run`` does between the two, and what it keeps, cannot be seen from here. So its units are
held weakly, and it counts as at work unless all of its tasks are known to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from weakref import WeakSet

from reactivex import Observable, abc

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError
from rxsync.flow import FlowScheduler
from rxsync.flow.buffer import let_go
from rxsync.flow.gauge import Label, Waits
from rxsync.flow.offers import Offers, is_resting, nobody, rest
from rxsync.flow.stall import is_asleep
from rxsync.flow.step import Step
from rxsync.resolution import Resolvable
from rxsync.typing import Observer

INPUT = 100
"""Units that wait for a stage which asks for none, or for fewer."""


class PortedLine(Step):
    """One subscription: what comes from above and waits for ``run``, and what it puts and waits for the line below."""

    _task: asyncio.Future[None]

    def __init__(
        self, label: Label, run: Callable[[], Awaitable[None]], observer: Observer, scheduler: FlowScheduler
    ) -> None:
        super().__init__(label, INPUT, observer, scheduler)
        self._run, self._offers = run, Offers()
        self._asker: asyncio.Future[None] | None = None  # done once it may take what is here
        self._least, self._most = 1, INPUT
        self._flush = self._returned = False
        self._taken: WeakSet[DeclarativeContent] = WeakSet()  # in the hands of ``run``, until it forgets them
        self._strangers: WeakSet[asyncio.Task[object]] = WeakSet()

    def connect(self, source: Observable[DeclarativeContent]) -> abc.DisposableBase:
        """Begin ``run``, and subscribe to ``source``."""
        self._task = self.flow.adopt(self._run(), self._ended)
        self._strangers = WeakSet(asyncio.all_tasks())
        return super().connect(source)

    # -- what the class does

    async def take(self, least: int, most: int | None = None) -> list[DeclarativeContent]:
        """Wait for so many units, or as many as there is reason to wait for; none at the end.

        Raises:
            FlowError: another task waits already, or ``run`` has returned.
            asyncio.CancelledError: the line is over.
        """
        await self._check()
        if self._asker is not None:
            raise FlowError(f"two tasks of {self.label.name} wait for units at once: expected one")
        self._least, self._asker = least, asyncio.get_running_loop().create_future()
        try:
            self.pump()
            self.flow.stir()
            await rest(self._asker)
        finally:
            self._asker = None
        await self._check()
        units = [self.inbox.popleft() for _ in range(min(most or len(self.inbox), len(self.inbox)))]
        self._flush = self._flush and any(unit.urgent for unit in self.inbox)
        let_go(units, self)
        self._taken.update(units)
        self.flow.hold(-len(units))
        self.pump()
        return units

    async def put(self, unit: DeclarativeContent) -> None:
        """Wait until the line below takes the unit.

        Raises:
            FlowError: ``run`` has returned.
            asyncio.CancelledError: the line is over.
        """
        await self._check()
        self._taken.discard(unit)
        self.flow.stir()
        await self._offers.give(unit, self.pump)
        if self.stopped:
            await asyncio.sleep(0)  # the cancellation of run is due: here, not in whatever it awaits to clean up

    async def _check(self) -> None:
        if self._task.done():
            raise FlowError(f"run() of {self.label.name} has returned: expected nothing of it any more")
        if self.stopped:
            await nobody()

    def _ended(self, task: asyncio.Future[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.fail(error)
        elif not task.cancelled():
            self._returned = True
            self._upstream.dispose()  # it may have seen enough
            self._let_all_go()
            self.on_completed()
        elif not self.stopped:
            self.fail(FlowError(f"the task of {self.label.name} was cancelled from outside the run"))

    # -- as a step

    def on_next(self, item: DeclarativeContent) -> None:
        """Take one unit."""
        if self.stopped or self.flow.is_foreign_thread(self.label.name):
            return
        self.admit(item)
        self.inbox.append(item)
        self.flow.hold(1)
        if len(self.inbox) >= self._most:
            self.gate.close()  # now: the pump may be busy above us, and this be one of many items
        if self._asker is not None:
            self.pump()

    def admit(self, item: Resolvable) -> None:
        """Let the run know a unit, which lets us know when it is awaited."""
        super().admit(item)
        item.holders += (self,)
        self._flush = self._flush or item.urgent

    def awaited(self, item: Resolvable) -> None:
        """Let the list that holds ``item`` leave."""
        self._flush = True
        self.pump()

    def turn(self) -> None:
        """Send down what is put, and hand over what is asked for."""
        while self._offers and self.down.is_open and not self.stopped:
            self.observer.on_next(self._offers.take())
        if self.stopped:
            return
        if self._offers:
            self.watch_below()
        asker = self._asker if self._asker is not None and not self._asker.done() else None
        if asker is not None and (self.completed or len(self.inbox) >= self._least or (self._flush and self.inbox)):
            asker.set_result(None)
        self._regulate(asker is not None)

    def _regulate(self, asking: bool) -> None:
        self._most = max(INPUT, self._least) if asking else INPUT
        if len(self.inbox) >= self._most:
            self.gate.close()
        elif not self.gate.is_open and (asking or len(self.inbox) <= INPUT // 2):
            self.gate.open()

    def is_empty(self) -> bool:
        """Whether ``run`` has returned and all that it put is out."""
        return self._returned and not self._offers  # not ``_task.done()``: that comes before its error is looked at

    def clear(self) -> None:
        """Cancel ``run``, and give up what is held."""
        self._task.cancel()
        self._offers.refuse()
        if self._asker is not None and not self._asker.done():
            self._asker.set_result(None)
        self._let_all_go()

    def _let_all_go(self) -> None:
        self.flow.hold(-len(self.inbox))
        let_go(self.inbox, self)
        self.inbox.clear()
        self._taken.clear()

    # -- as a station

    def held(self) -> int:
        """Units in it, in the hands of ``run`` or not."""
        return len(self.inbox) + len(self._offers) + len(self._taken)

    def working(self) -> int:
        """Units in the hands of ``run``."""
        return len(self._taken)

    def waits_for(self) -> Waits:
        """What keeps it from going on."""
        if self.stopped:
            return "done"
        if self._offers:
            return "room"
        if self._asker is None:
            return "work"
        return "company" if self.inbox else "input"

    def items(self) -> Iterable[object]:
        """Whatever it holds, one by one."""
        return chain(self.inbox, self._offers, self._taken)

    def hurry(self) -> bool:
        """Let go of units that only wait for company; whether there were any."""
        if self._asker is None or not self.inbox:
            return False
        self.awaited(self.inbox[0])
        return True

    def is_busy(self) -> bool:
        """Whether ``run`` or a task of its own does more than wait, or has units in hand and waits for more to come."""
        if self.stopped or self._returned:
            return False
        own = asyncio.all_tasks() - self.flow.tasks - set(self._strangers)
        if not all(map(is_resting, (self._task, *own))):
            return True
        more = self._asker is not None and self.flow.gate.is_open and not is_asleep(self.flow)
        return bool(self._taken) and more
