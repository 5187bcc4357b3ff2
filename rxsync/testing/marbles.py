"""Say in a diagram what an operator does, and see it done on a virtual clock.

Floor 6, testing. ``reactivex.testing`` does it too, but knows neither gates nor runs, and cannot say which
picture differs. One character is one second that nobody waits for.

    with marbles() as m:
        source = m.hot("-a-b------|")
        answer = m.effect("--k|")
        m.expect(source.pipe(stage(lambda item: answer(item))), "---k---k-|")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from reactivex import Notification, Observable, abc
from reactivex.notification import OnCompleted, OnError, OnNext
from reactivex.testing import TestScheduler
from reactivex.testing.recorded import Recorded

from rxsync.flow import Flow, FlowScheduler
from rxsync.testing.diagram import Event, draw, read

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
    """

    flow: Flow

    def __init__(self, window: int) -> None:
        self._clock, self._failures = TestScheduler(), list[BaseException]()
        self.flow = Flow(self._clock, window, self._failures.append)
        self._expected: list[_Expectation] = []

    @property
    def now(self) -> float:
        """Virtual time, in seconds."""
        return self._clock.to_seconds(self._clock.now)

    def hot(self, diagram: str, *, error: Exception | None = None, **values: Any) -> Observable[Any]:
        """Make a stream that happens by itself, from second 0 on."""
        return self._clock.create_hot_observable(_recorded(diagram, error, values))

    def cold(self, diagram: str, *, error: Exception | None = None, **values: Any) -> Observable[Any]:
        """Make a stream that happens to each subscriber, from when it subscribes."""
        return self._clock.create_cold_observable(_recorded(diagram, error, values))

    def effect(self, diagram: str, *, error: Exception | None = None, **values: Any) -> Effect:
        """Make a function whose every call answers with the stream ``cold`` would make."""
        return Effect(self, lambda: self.cold(diagram, error=error, **values))

    def expect(self, observable: Observable[Any], diagram: str, *, error: Any = Exception, **values: Any) -> None:
        """Subscribe to ``observable`` now, and expect of it what ``diagram`` says.

        A diagram that does not end is looked at only as far as it goes.

        Args:
            observable: the stream.
            diagram: what it must do.
            error: the error ``#`` means, or its type.
            values: what the names in the diagram mean; lists for batches. A name means itself otherwise.
        """
        expectation = _Expectation(self, diagram, error, values)
        self._expected.append(expectation)
        expectation.watch(observable, FlowScheduler(self.flow))
        self.flow.lay()

    def check(self) -> None:
        """Run all there is to run; compare.

        Raises:
            AssertionError: a stream did something else than expected.
        """
        self._clock.advance_to(_FOREVER)
        for expectation in self._expected:
            expectation.dispose()
        self.flow.close()
        for failure in self._failures:
            raise failure
        for expectation in self._expected:
            expectation.compare()


class Effect:
    """A function of any arguments whose answer is a diagram.

    Attributes:
        calls: for every call, its virtual time in seconds and its positional arguments.
    """

    def __init__(self, kit: Marbles, answer: Callable[[], Observable[Any]]) -> None:
        self._kit, self._answer = kit, answer
        self.calls: list[tuple[float, tuple[Any, ...]]] = []

    def __call__(self, *args: Any) -> Observable[Any]:
        """Record the call and answer."""
        self.calls.append((self._kit.now, args))
        return self._answer()


class _Expectation:
    def __init__(self, kit: Marbles, diagram: str, error: Any, values: dict[str, Any]) -> None:
        self._kit, self._diagram, self._values = kit, diagram, values
        self._events = read(diagram, values, error)
        self._seen: list[Event] = []
        self._subscription: abc.DisposableBase | None = None

    def watch(self, observable: Observable[Any], scheduler: FlowScheduler) -> None:
        self._subscription = observable.subscribe(
            lambda item: self._seen.append(Event(self._kit.now, "next", item)),
            lambda error: self._seen.append(Event(self._kit.now, "error", error)),
            lambda: self._seen.append(Event(self._kit.now, "completed")),
            scheduler=scheduler,
        )

    def dispose(self) -> None:
        if self._subscription is not None:
            self._subscription.dispose()

    def compare(self) -> None:
        ends = bool(self._events) and self._events[-1].kind != "next"
        seen = self._seen if ends else [event for event in self._seen if event.time < len(self._diagram)]
        if len(seen) == len(self._events) and all(map(_agree, self._events, seen)):
            return
        expected, actual = draw(self._events, self._values), draw(seen, self._values)
        raise AssertionError(f"another stream than expected\nexpected  {expected}\nactual    {actual}")


def _agree(expected: Event, seen: Event) -> bool:
    if (expected.time, expected.kind) != (seen.time, seen.kind):
        return False
    if expected.kind == "error" and isinstance(expected.value, type):
        return isinstance(seen.value, expected.value)
    return bool(expected.value is seen.value or expected.value == seen.value)


def _recorded(diagram: str, error: Exception | None, values: dict[str, Any]) -> list[Recorded[Any]]:
    events = read(diagram, values, error or RuntimeError("#"))
    return [Recorded(int(event.time), _notification(event)) for event in events]


def _notification(event: Event) -> Notification[Any]:
    if event.kind == "next":
        return OnNext(event.value)
    return OnCompleted() if event.kind == "completed" else OnError(event.value)
