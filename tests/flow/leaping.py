"""An asyncio loop whose clock leaps over every wait, and that knows when nothing can happen any more."""

import asyncio
import selectors

TURNS = 50_000


class Stuck(BaseException):
    """The loop has nothing to do and nothing to wait for, or never comes to an end."""


class _Selector(selectors.SelectSelector):
    loop: "LeapingLoop"
    turns = 0

    def select(self, timeout=None):
        ready = super().select(0)
        self.turns += 1
        if self.turns > TURNS:
            raise Stuck(f"still running after {TURNS} turns of the loop")
        if not ready and timeout is None:
            raise Stuck("nothing is left that could go on")
        if not ready:
            self.loop.now += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """A real loop on virtual time. For code without threads: what a thread does cannot be seen coming."""

    def __init__(self):
        selector = _Selector()
        super().__init__(selector)
        selector.loop, self.now = self, 0.0

    def time(self):
        return self.now
