"""Tell whoever watches how a run goes.

Floor 4, pipeline.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from reactivex import interval
from reactivex.disposable import SerialDisposable
from reactivex.scheduler.eventloop import AsyncIOScheduler

from rxsync.download import Limits
from rxsync.flow import Flow
from rxsync.pipeline.outcome import Outcome
from rxsync.pipeline.progress import EVERY, Advanced, Event, Events

_log = logging.getLogger(__name__)


class Watched:
    """A run that somebody may watch.

    Args:
        outcome: of the run.
        events: who watches; None for nobody.
        limits: of the run.
    """

    def __init__(self, outcome: Outcome, events: Events | None, limits: Limits) -> None:
        self._outcome, self._events, self._limits = outcome, events, limits

    def tell(self, event: Event) -> None:
        """Tell whoever watches; who fails at watching is told no more, and holds up nothing."""
        if self._events is not None:
            try:
                self._events.on_next(event)
            except Exception:
                self._events = None
                _log.warning("an observer of progress failed and is told no more", exc_info=True)

    @asynccontextmanager
    async def flow(self) -> AsyncIterator[Callable[[Flow], None]]:
        """Tell where the run stands, a few times a second, and once more at its end."""
        ticking = SerialDisposable()
        flows: list[Flow] = []

        def advance(_: object = None) -> None:
            self.tell(self._advanced(flows[0]))

        def watch(flow: Flow) -> None:
            flows.append(flow)
            if self._events is not None:
                clock = AsyncIOScheduler(asyncio.get_running_loop())
                ticking.disposable = interval(EVERY, scheduler=clock).subscribe(advance)

        try:
            yield watch
        finally:
            ticking.dispose()
            if flows:
                advance()

    def _advanced(self, flow: Flow) -> Advanced:
        tally = self._outcome.tally
        seconds = time.monotonic() - self._outcome.began
        return Advanced(
            seconds,
            tally.declared,
            tally.ended,
            tally.done,
            tally.bytes_downloaded,
            flow.gauges,
            self._limits.found_out,
        )
