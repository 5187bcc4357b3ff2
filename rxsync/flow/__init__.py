"""Streams that are bounded, cancellable, and wait for nobody for ever.

Floor 2, flow. Knows nothing of content. Push goes down through plain reactivex operators; demand comes up
on the scheduler that they hand to their source at subscribe time. The law book is ``docs/operators.md``.
"""

from rxsync.flow.buffer import buffer
from rxsync.flow.concurrent import flat_map_with_max_concurrent
from rxsync.flow.dial import Bound, Dial
from rxsync.flow.fan_out import fan_out
from rxsync.flow.flow import Flow
from rxsync.flow.from_async import from_async
from rxsync.flow.from_blocking import from_blocking
from rxsync.flow.from_callback import Emit, from_callback
from rxsync.flow.from_hot import from_hot
from rxsync.flow.from_iterable import from_iterable
from rxsync.flow.gauge import Gauge
from rxsync.flow.lanes import Lanes
from rxsync.flow.run import run
from rxsync.flow.scheduler import FlowScheduler
from rxsync.flow.stage import expand, stage
from rxsync.flow.then import then

__all__ = [
    "Bound",
    "Dial",
    "Emit",
    "Flow",
    "FlowScheduler",
    "Gauge",
    "Lanes",
    "buffer",
    "expand",
    "fan_out",
    "flat_map_with_max_concurrent",
    "from_async",
    "from_blocking",
    "from_callback",
    "from_hot",
    "from_iterable",
    "run",
    "stage",
    "then",
]
