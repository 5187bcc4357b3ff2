"""Find out how many requests a host takes at once: one more while all is well, half as many when it is too much.

Floor 3, download. No I/O and no clock: it is told how long answers took. As TCP does, by Jacobson (additive increase,
multiplicative decrease) and Vegas (a round that takes longer tells of a queue).
"""

from __future__ import annotations

from collections import deque
from statistics import median

from rxsync.flow import Dial

FEW = 4
"""Where a host begins, and the fewest answers that tell anything of how long they take."""

MOST = 50

RISEN, NOISE = 2.0, 0.02
"""A round is slow that takes so many times as long as the quickest, and so many seconds longer."""

REMEMBERED = 20
"""Rounds, of which the quickest counts: a host that has become slower for another reason is not held to it for ever."""


class Adaptive:
    """One host. A round is as many answers as there may be requests at once.

    Args:
        dial: is turned: most requests at once, from 1 to 50.

    Attributes:
        epoch: counts the times it went down. Whoever asks notes it, and says it with the answer: what was asked before
            tells nothing of what holds now, and many refusals at once are one.
    """

    epoch: int
    _times: list[float]
    _full: bool

    def __init__(self, dial: Dial) -> None:
        self._dial, self.epoch = dial, 0
        self._rounds: deque[float] = deque(maxlen=REMEMBERED)
        self._slow = 0
        self._begin(FEW)

    def answered(self, epoch: int, seconds: float, at_once: int) -> None:
        """Count an answer.

        Args:
            epoch: when it was asked for.
            seconds: until its head came.
            at_once: how many were under way then; who asks for fewer than he may finds nothing out about more.
        """
        if epoch != self.epoch:
            return
        self._times.append(seconds)
        self._full = self._full or at_once >= self._dial.value
        if len(self._times) >= max(self._dial.value, FEW):
            self._end_round()

    def refused(self, epoch: int) -> None:
        """Count a refusal that may pass: 429, a 5xx, no connection, no answer in time."""
        if epoch == self.epoch:
            self._go_down()

    def _end_round(self) -> None:
        took = median(self._times)
        self._rounds.append(took)
        quickest = min(self._rounds)
        if took <= max(RISEN * quickest, quickest + NOISE):
            self._slow = 0
            self._begin(self._dial.value + self._full)
            return
        self._slow += 1  # one slow round is chance
        if self._slow < 2:
            self._begin(self._dial.value)
        else:
            self._go_down()

    def _go_down(self) -> None:
        """Halve it: where twice as many took twice as long, that ends the queue, and the quickest round shows again."""
        self.epoch += 1
        self._slow = 0
        self._begin(self._dial.value // 2)

    def _begin(self, most: int) -> None:
        self._times = []
        self._full = False
        self._dial.value = max(1, min(most, MOST))
