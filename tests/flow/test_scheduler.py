from datetime import timedelta

import reactivex as rx
from reactivex import operators as ops

from rxsync.flow import FlowScheduler, from_iterable, stage
from rxsync.testing import marbles


def test_a_subscription_that_is_deferred_keeps_the_gate():
    seen = []

    def deferred(when):
        def subscribe(observer, scheduler=None):
            def action(inner, _):
                seen.append(isinstance(inner, FlowScheduler) and inner.gate is scheduler.gate)

            return {
                "soon": lambda: scheduler.schedule(action),
                "later": lambda: scheduler.schedule_relative(1, action),
                "then": lambda: scheduler.schedule_absolute(scheduler.now + timedelta(seconds=1), action),
            }[when]()

        return rx.Observable(subscribe)

    with marbles() as m:
        for when in ("soon", "later", "then"):
            m.expect(deferred(when).pipe(ops.map(lambda x: x), stage(lambda x: [x])), "")
    assert seen == [True, True, True]


def test_what_is_scheduled_counts_until_it_has_run_or_is_taken_back():
    counts = []
    with marbles() as m:
        scheduler = FlowScheduler(m.flow)
        scheduler.schedule_relative(1, lambda *_: counts.append(m.flow.timers))
        taken_back = scheduler.schedule_relative(2, lambda *_: counts.append("never"))
        assert m.flow.timers == 2
        taken_back.dispose()
        taken_back.dispose()
        assert m.flow.timers == 1
    assert counts == [0]


def test_periodic_actions_work():
    with marbles() as m:
        m.expect(rx.interval(2).pipe(stage(lambda x: [x]), ops.take(3)), "--a-b-(c,|)", a=0, b=1, c=2)


def test_demand_reaches_a_source_that_is_subscribed_later():
    drawn = []
    late = rx.timer(2).pipe(ops.flat_map(lambda _: from_iterable(map(drawn.append, range(100)))))
    with marbles() as m:
        m.expect(late.pipe(stage(m.effect("--|"), prefetch=0)), "-----")
        m.cold("---k").subscribe(lambda _: drawn.append(len(drawn)))
    assert drawn[1] == 1
