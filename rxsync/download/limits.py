"""What bounds the downloads of one run, its parts included: one set of limits, however many connections.

Floor 3, download. Here the settings of ``controls.py`` become dials, buckets and places.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rxsync.download.adaptive import Adaptive
from rxsync.download.bandwidth import Bandwidth
from rxsync.download.controls import MOST, Controls
from rxsync.download.places import Places
from rxsync.download.rate import Rate
from rxsync.flow import Dial

PER_HOST = 10
"""Most at once of one host and port, unless that is found out."""


class Limits:
    """The limits of a run.

    Args:
        controls: what they are to be; may be set meanwhile.
        per_host: most at once of one host and port.

    Attributes:
        controls: the same.
        total: most at once.
        places: who may talk to which host.
        rate: who may ask now.
        bandwidth: who may read on.

    Raises:
        RuntimeError: there is no event loop.
    """

    controls: Controls
    total: Dial
    places: Places
    rate: Rate
    bandwidth: Bandwidth

    def __init__(self, controls: Controls, *, per_host: int = PER_HOST) -> None:
        self.controls, self._per_host = controls, per_host
        self._clock = asyncio.get_running_loop().time
        self._auto = controls.max_concurrent == "auto"
        self._hosts: dict[str, Dial] = {}
        self._adaptive: dict[str, Adaptive] = {}
        self.total = Dial(self._most())
        self.places = Places(self.total, self.host)
        self.rate, self.bandwidth = Rate(controls.rate), Bandwidth(controls.bwlimit)

    def host(self, name: str) -> Dial:
        """Give the dial of a host: most at once there."""
        dial = self._hosts.get(name)
        if dial is None:
            dial = self._hosts[name] = Dial(self._per_host)
            if self._auto:
                self._adaptive[name] = Adaptive(dial)
        return dial

    def ask(self, host: str) -> Callable[[bool], None] | None:
        """Begin to ask a host; whether it refused is to be told to the answer. None where nobody wants to know."""
        adaptive = self._adaptive.get(host)
        if adaptive is None:
            return None
        epoch, began = adaptive.epoch, self._clock()

        def tell(refused: bool) -> None:
            if self._adaptive.get(host) is not adaptive:
                return  # nobody wants to know any more
            if refused:
                adaptive.refused(epoch)
            else:
                adaptive.answered(epoch, self._clock() - began, self.places.at(host))

        return tell

    @property
    def found_out(self) -> Mapping[str, int]:
        """How many each host takes at once, as far as is known; empty unless that is found out."""
        return {name: self._hosts[name].value for name in self._adaptive}

    def follow(self) -> None:
        """Take on what the controls say now."""
        self.rate.turn(self.controls.rate)
        self.bandwidth.turn(self.controls.bwlimit)
        self._adapt(self.controls.max_concurrent == "auto")
        self.total.value = self._most()

    def _adapt(self, auto: bool) -> None:
        if auto == self._auto:
            return
        self._auto = auto
        self._adaptive = {name: Adaptive(dial) for name, dial in self._hosts.items()} if auto else {}
        for dial in () if auto else self._hosts.values():
            dial.value = self._per_host

    def _most(self) -> int:
        most = self.controls.max_concurrent
        return MOST if most == "auto" else most


@contextmanager
def limited(controls: Controls) -> Iterator[Limits]:
    """Give the limits of a run that follow ``controls`` while the context lasts.

    Raises:
        RuntimeError: there is no event loop.
    """
    limits = Limits(controls)
    forget = controls.on_change(limits.follow)
    try:
        yield limits
    finally:
        forget()
        limits.bandwidth.turn(None)  # no timer is left
