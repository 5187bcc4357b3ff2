"""Say in a diagram what an operator does, and see it done on a virtual clock.

Floor 6, testing. ``reactivex.testing`` does it too, but knows neither gates nor runs, and cannot say which
picture differs. One character is one second that nobody waits for; ``rxsync.testing.diagram`` says what they mean.

    with marbles() as m:
        source = m.hot("-a-b------|")
        answer = m.effect("--k|")
        m.expect(source.pipe(stage(answer)), "---k-k----|")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from reactivex import Notification, Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable
from reactivex.notification import OnCompleted, OnError, OnNext
from reactivex.testing import TestScheduler
from reactivex.testing.recorded import Recorded

from rxsync.flow import Flow, FlowScheduler
from rxsync.testing.diagram import Event, Kind, names_in, read
from rxsync.testing.picture import difference

_FOREVER = 100_000.0  # seconds; a stream that never ends is cut off here


@contextmanager
def marbles(window: int = 10_000) -> Iterator[Marbles]:
    """Make a virtual clock at 0; when the block ends, run it and compare what was expected.

    Args:
        window: most items that all stages together hold before sources pause, as in ``run``.

    Raises:
        AssertionError: a stream did something else than expected; draws both, one under the other.
        Exception: what an ``on_next`` raised where no stream could pass it on.
    """
    kit = Marbles(window)
    yield kit
    kit.check()


class Marbles:
    """A virtual clock, streams on it, and what is expected of them.

    Attributes:
        flow: the run that all of it belongs to.
        over: True when all has happened and only what never ends is taken down.
    """

    flow: Flow
    over: bool

    def __init__(self, window: int) -> None:
        self._clock, self._failures = TestScheduler(), list[BaseException]()
        self.flow = Flow(self._clock, window, self._failures.append)
        self.over = False
        self._expected: list[_Expectation] = []
        self._names: dict[str, Any] = {}

    @property
    def now(self) -> float:
        """Virtual time, in seconds."""
        return self._clock.to_seconds(self._clock.now)

    def hot(self, diagram: str, *, error: Exception | None = None, **values: Any) -> Observable[Any]:
        """Make a stream that happens by itself, from second 0 on.

        Raises:
            ValueError: ``diagram`` is none, or draws who watches.
        """
        return self._clock.create_hot_observable(self._recorded(diagram, error, values))

    def cold(self, diagram: str, *, error: Exception | None = None, **values: Any) -> Observable[Any]:
        """Make a stream that happens to each subscriber, from when it subscribes.

        Raises:
            ValueError: ``diagram`` is none, or draws who watches.
        """
        return self._clock.create_cold_observable(self._recorded(diagram, error, values))

    def effect(self, diagram: str, *further: str, error: Exception | None = None, **values: Any) -> Effect:
        """Make a function that answers with the stream ``cold`` would make: how long it takes, and what comes.

        Args:
            diagram: of the answer to the first call, and to all others.
            further: of the answers to the calls after it, in turn, the last of them for all others.
            error: the error ``#`` means.
            values: what the names in any of the diagrams mean.

        Raises:
            ValueError: a diagram is none, or draws who watches; or a value is given that is in none of them.
        """
        diagrams = (diagram, *further)
        used = [{name: values[name] for name in names_in(one) & values.keys()} for one in diagrams]
        unknown = values.keys() - set().union(*used)
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: in none of the diagrams {', '.join(map(repr, diagrams))}")
        return Effect(self, [self.cold(one, error=error, **its) for one, its in zip(diagrams, used, strict=True)])

    def expect(self, observable: Observable[Any], diagram: str, *, error: Any = Exception, **values: Any) -> None:
        """Subscribe to ``observable`` now, and expect of it what ``diagram`` says.

        A diagram that does not end is looked at only as far as it goes. At a ``!`` the subscription is disposed of,
        after all that comes in that second; ``Effect.cancelled`` tells what that stopped.

        Args:
            observable: the stream.
            diagram: what it must do.
            error: the error ``#`` means, or its type.
            values: what the names in the diagram mean; lists for batches. A name means itself otherwise.

        Raises:
            ValueError: ``diagram`` is none.
        """
        expectation = _Expectation(self, diagram, error, values)
        self._know(values)
        self._expected.append(expectation)
        expectation.watch(observable, FlowScheduler(self.flow))
        self.flow.lay()

    def check(self) -> None:
        """Run all there is to run; compare.

        Raises:
            AssertionError: a stream did something else than expected.
        """
        self._clock.advance_to(_FOREVER)
        self.over = True
        for expectation in self._expected:
            expectation.dispose()
        self.flow.close()
        for failure in self._failures:
            raise failure
        for expectation in self._expected:
            expectation.compare(self._names)

    def at(self, time: float, do: Callable[[], None]) -> None:
        """Call ``do`` at a time, in virtual seconds, after what is already to happen then."""
        self._clock.schedule_absolute(float(time), lambda *_: do())

    def _recorded(self, diagram: str, error: Exception | None, values: dict[str, Any]) -> list[Recorded[Any]]:
        events = read(diagram, values, error or RuntimeError("#"))
        if any(event.kind == "cancelled" for event in events):
            raise ValueError(f"{diagram!r}: a stream does not know who leaves it; ! stands in what is expected")
        self._know(values)
        return [Recorded(int(event.time), _notification(event)) for event in events]

    def _know(self, values: dict[str, Any]) -> None:
        """Remember what the test calls its values, for pictures."""
        self._names = {**values, **self._names}


class Effect:
    """A function of any arguments whose answer is a diagram.

    Attributes:
        calls: for every call, its virtual time in seconds and its positional arguments.
        cancelled: likewise for every answer that somebody left before it was whole, with the time of that.
    """

    def __init__(self, kit: Marbles, answers: Sequence[Observable[Any]]) -> None:
        self._kit, self._answers = kit, answers
        self.calls: list[tuple[float, tuple[Any, ...]]] = []
        self.cancelled: list[tuple[float, tuple[Any, ...]]] = []

    def __call__(self, *args: Any) -> Observable[Any]:
        """Record the call and answer."""
        answer = self._answers[min(len(self.calls), len(self._answers) - 1)]
        self.calls.append((self._kit.now, args))

        def subscribe(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
            whole = False

            def end() -> None:
                nonlocal whole
                whole = True

            def leave() -> None:
                subscription.dispose()
                if not whole and not self._kit.over:
                    self.cancelled.append((self._kit.now, args))

            watched = answer.pipe(ops.do_action(on_error=lambda _: end(), on_completed=end))
            subscription = watched.subscribe(observer, scheduler=scheduler)
            return Disposable(leave)

        return Observable(subscribe)


class _Expectation:
    def __init__(self, kit: Marbles, diagram: str, error: Any, values: dict[str, Any]) -> None:
        self._kit, self._diagram, self._values = kit, diagram, values
        self._events = read(diagram, values, error)
        self._seen: list[Event] = []
        self._subscription: abc.DisposableBase | None = None

    def watch(self, observable: Observable[Any], scheduler: FlowScheduler) -> None:
        self._subscription = observable.subscribe(
            lambda item: self._see("next", item),
            lambda error: self._see("error", error),
            lambda: self._see("completed"),
            scheduler=scheduler,
        )
        for event in self._events:
            if event.kind == "cancelled":
                self._kit.at(event.time, partial(self._kit.at, event.time, self._leave))  # twice: last in that second

    def dispose(self) -> None:
        if self._subscription is not None:
            self._subscription.dispose()

    def compare(self, names: dict[str, Any]) -> None:
        seen = self._seen if _ends(self._events) else [e for e in self._seen if e.time < len(self._diagram)]
        others = {name: value for name, value in names.items() if name not in self._values}
        picture = difference(self._events, seen, [self._values, others])
        if picture is not None:
            raise AssertionError(picture)

    def _see(self, kind: Kind, value: Any = None) -> None:
        self._seen.append(Event(self._kit.now, kind, value))

    def _leave(self) -> None:
        if not _ends(self._seen):
            self._see("cancelled")
            self.dispose()


def _ends(events: Sequence[Event]) -> bool:
    return bool(events) and events[-1].kind != "next"


def _notification(event: Event) -> Notification[Any]:
    if event.kind == "next":
        return OnNext(event.value)
    return OnCompleted() if event.kind == "completed" else OnError(event.value)
