"""The laws that hold for every stage, whatever its numbers: drawn at random, on virtual time."""

import reactivex as rx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reactivex import operators as ops

from rxsync.flow import from_iterable, stage
from rxsync.testing import marbles

NUMBERS = st.fixed_dictionaries(
    {
        "batch": st.none() | st.integers(1, 7),
        "concurrency": st.integers(1, 4),
        "prefetch": st.integers(0, 9),
        "linger": st.none() | st.sampled_from([0.5, 3]),
        "ordered": st.booleans(),
    }
)
TIMES = st.lists(st.integers(0, 5), min_size=1, max_size=8)
lightly = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def bound(numbers):
    return numbers["prefetch"] + numbers["concurrency"] * (numbers["batch"] or 1)


class Watched:
    """Work that takes a time of its own for each call, and knows how many calls go on."""

    def __init__(self, times):
        self.times, self.calls, self.at_once, self.peak = times, 0, 0, 0

    def __call__(self, given):
        units = given if isinstance(given, list) else [given]
        self.calls += 1
        self.at_once += 1
        self.peak = max(self.peak, self.at_once)
        time = self.times[self.calls % len(self.times)]
        if not time:
            self.at_once -= 1
            return units
        return rx.timer(time).pipe(ops.do_action(self.done), ops.flat_map(lambda _: from_iterable(units)))

    def done(self, _):
        self.at_once -= 1


class Held:
    """Counts what has gone into a stage and has not come out of it."""

    def __init__(self):
        self.now = self.peak = 0

    def went_in(self, _):
        self.now += 1
        self.peak = max(self.peak, self.now)

    def came_out(self, _):
        self.now -= 1


@lightly
@given(above=NUMBERS, below=NUMBERS, above_times=TIMES, below_times=TIMES, count=st.integers(0, 60))
def test_a_stage_holds_at_most_prefetch_and_what_is_in_work(above, below, above_times, below_times, count):
    first, second, held_by_first, held_by_second = Watched(above_times), Watched(below_times), Held(), Held()
    got = []
    with marbles() as m:
        line = from_iterable(range(count)).pipe(
            ops.do_action(held_by_first.went_in),
            stage(first, **above),
            ops.do_action(held_by_first.came_out),
            ops.do_action(held_by_second.went_in),
            stage(second, **below),
            ops.do_action(held_by_second.came_out),
        )
        m.expect(line.pipe(ops.do_action(got.append)), "")
    assert sorted(got) == list(range(count))
    if all(numbers["ordered"] or numbers["concurrency"] == 1 for numbers in (above, below)):
        assert got == list(range(count))
    for watched, held, numbers in ((first, held_by_first, above), (second, held_by_second, below)):
        assert watched.peak <= numbers["concurrency"]
        assert held.peak <= bound(numbers)
        assert held.now == 0
    assert m.flow.peak <= bound(above) + bound(below)
    assert m.flow.held == m.flow.timers == 0


@lightly
@given(numbers=NUMBERS, times=TIMES, window=st.integers(1, 30), count=st.integers(0, 60))
def test_no_window_is_too_small_for_a_line_to_end(numbers, times, window, count):
    got = []
    with marbles(window=window) as m:
        line = from_iterable(range(count)).pipe(
            ops.group_by(lambda x: x % 3),
            ops.flat_map(lambda group: group.pipe(stage(Watched(times), **numbers))),
        )
        m.expect(line.pipe(ops.do_action(got.append)), "")
    assert sorted(got) == list(range(count))
    assert m.flow.peak <= window
    assert m.flow.held == 0
