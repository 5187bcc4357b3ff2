"""Lines drawn at random, over asyncio, with faults at random points: whatever they are made of, the laws hold.

``RXSYNC_EXAMPLES=20000`` draws that many, and others each time.
"""

import asyncio
import gc
import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from rxsync.flow import run
from tests.flow.leaping import LeapingLoop, Stuck
from tests.flow.lines import Boom, FanOut, InLanes, Inside, Work, World, lines

EXAMPLES = int(os.environ.get("RXSYNC_EXAMPLES", "0"))
randomly = settings(
    max_examples=EXAMPLES or 300,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong: at the ``at``-th event of a place, an error, or the run is cancelled, perhaps again later."""

    kind: str
    place: str
    at: int
    again: tuple[int, ...] = ()


FAULTS = st.none() | st.builds(
    Fault,
    st.sampled_from(["raise", "cancel"]),
    st.sampled_from(["source", "work", "operator", "sink", "clean-up"]),
    st.integers(1, 40),
    st.lists(st.integers(0, 5), max_size=2).map(tuple),
)


class Trial:
    """One line, run once."""

    def __init__(self, source, pieces, window, fault):
        self.source, self.pieces, self.window, self.fault = source, pieces, window, fault
        self.world, self.got, self.raised, self.cancelled = World(self.happens), [], False, False
        self.ended, self.flow, self.complaints = None, None, []
        self.line = source.build(self.world).pipe(*(piece.operator(self.world) for piece in pieces))

    def happens(self, place, number):
        fault = self.fault
        if fault is None or self.raised or self.cancelled or (place, number) != (fault.place, fault.at):
            return
        if fault.kind == "raise":
            self.raised = True
            raise Boom
        self.cancelled = self.running.cancel()
        self.canceller = asyncio.get_running_loop().create_task(self.cancel_again())

    async def cancel_again(self):
        for turns in self.fault.again:
            for _ in range(turns):
                await asyncio.sleep(0)
            self.running.cancel()

    def sink(self, item):
        assert self.ended is None
        assert not (self.raised and self.fault.place == "sink"), "called again after it raised"
        self.got.append(item)
        self.world.event("sink")

    async def run(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.complaints.append(context))

        def watch(flow):
            self.flow = flow

        self.canceller = None
        self.running = loop.create_task(run(self.line, self.sink, self.window, watch=watch))
        try:
            await self.running
            self.ended = "well"
        except Boom:
            self.ended = "failed"
        except asyncio.CancelledError:
            self.ended = "cancelled"
        self.left = asyncio.all_tasks() - {asyncio.current_task(), self.canceller}
        if self.canceller is not None:
            await self.canceller

    def go(self):
        loop = LeapingLoop()
        try:
            loop.run_until_complete(self.run())
        except Stuck as stuck:
            raise AssertionError(f"{stuck}: {self.flow.gauges}") from None
        finally:
            gc.collect(0)
            loop.close()
        return self


def traits(pieces, name):
    return any(getattr(piece, name) for piece in pieces)


@randomly
@given(lines(), st.integers(1, 40) | st.just(10_000), FAULTS)
def test_whatever_a_line_is_made_of_it_keeps_the_laws(line, window, fault):
    source, pieces, ordered = line
    trial = Trial(source, pieces, window, fault)
    assert not trial.world.events, "work before anybody subscribed"
    trial.go()
    event(trial.ended)
    check_the_end(trial)
    check_that_nothing_is_left(trial)
    check_the_items(trial, ordered)
    check_the_bounds(trial)


def check_the_end(trial):
    fault, swallowing, leaving = trial.fault, traits(trial.pieces, "swallows"), traits(trial.pieces, "leaves")
    if trial.cancelled:
        assert trial.ended == "cancelled"
    elif not trial.raised:
        assert trial.ended == "well"
    elif fault.place == "sink" or not (swallowing or leaving or fault.place == "clean-up"):
        assert trial.ended == "failed"  # a clean-up may fail after the end is decided


def check_that_nothing_is_left(trial):
    world, flow = trial.world, trial.flow
    assert not trial.left
    assert not trial.complaints
    assert world.opened == world.closed
    assert not +world.at_work
    assert flow.held == flow.timers == flow.hot == 0
    assert not flow.tasks


def check_the_items(trial, ordered):
    expected, pieces = trial.source.items(), trial.pieces
    for piece in pieces:
        expected = piece.model(expected)
    if trial.ended == "well" and not trial.raised:
        assert trial.got == expected if ordered else Counter(trial.got) == Counter(expected)
    elif not (trial.raised and traits(pieces, "swallows")):
        assert trial.got == expected[: len(trial.got)] if ordered else not Counter(trial.got) - Counter(expected)


def check_the_bounds(trial):
    world, pieces = trial.world, trial.pieces
    pushed = sum(piece.pushes for piece in pieces)
    for piece in pieces:
        for work in piece.branches if isinstance(piece, FanOut) else [piece]:
            if isinstance(work, Work):
                assert world.most_at_work[id(work)] <= work.concurrency
                if not trial.raised:
                    assert world.most_held[id(work)] <= sum(work.bounds()) + pushed
            elif isinstance(work, InLanes):
                lanes = [world.most_at_work[id(work), lane] for lane in range(2)]
                assert max(lanes) <= work.most
            elif isinstance(work, Inside) and work.around == "group_by":
                assert world.most_at_work[id(work.work)] <= 3 * work.work.concurrency
    bounds = [bound for piece in pieces for bound in piece.bounds()]
    assert trial.flow.peak <= sum(bounds) + pushed * len(bounds)
    growing = next((at for at, piece in enumerate(pieces) if piece.grows), len(pieces))
    below = sum(bound for piece in pieces[growing:] for bound in piece.bounds())
    if not trial.raised:  # what an error took with it was not seen to leave
        assert world.most_held["all"] <= trial.window + below


def test_the_loop_of_these_tests_finds_what_hangs():
    with closing(LeapingLoop()) as loop, pytest.raises(Stuck):
        loop.run_until_complete(asyncio.Event().wait())
