# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Backpressure
#
# reactivex pushes: a source emits, whether or not anybody can keep up. In a line of rxsync *push goes down, and demand
# comes up*: each stage has a gate, closes it while it has enough, and whoever stands above waits.
#
# Here is a line with a slow end, and what each of its stages holds while it runs.

# %%
import asyncio
import time
import tracemalloc

import matplotlib.pyplot as plt
import reactivex
from reactivex import operators as ops

from rxsync.flow import from_async, run, stage

UNITS, SIZE = 3_000, 20_000  # units, and bytes that each of them carries


class Unit:
    def __init__(self, number):
        self.number, self.bytes = number, bytearray(SIZE)


# %% [markdown]
# ## The line
#
# A source that is never at a loss, four downloads at once, and a disk that takes fifty units at a time. In the middle
# of the run the disk has something else to do.

# %%
STALL = range(1_000, 1_050)  # the batch during which the disk stalls


passed = {"declared": 0, "saved": 0}


async def declare():
    for number in range(UNITS):
        passed["declared"] += 1
        yield Unit(number)


async def download(unit):
    await asyncio.sleep(0.0008)
    return [unit]


async def save(units):
    await asyncio.sleep(0.4 if units[0].number in STALL else 0.006)
    passed["saved"] += len(units)
    return units


def line(source):
    return source.pipe(
        stage(download, concurrency=4, prefetch=40, ordered=True),
        stage(save, batch=50, prefetch=100),
    )


# %% [markdown]
# ## Watching it
#
# `run(..., watch=)` hands over the run before anything moves. Its `gauges` say what each stage holds and what it waits
# for; reading them is all it costs. A sync tells the same in its `events`.


# %%
class Watch:
    """A reading every few milliseconds."""

    def __init__(self):
        self.seconds, self.gauges, self.passed, self.memory = [], [], [], []

    def look(self):
        self.seconds.append(time.perf_counter() - self.began)
        self.gauges.append(self.flow.gauges if self.flow else [])
        self.passed.append(dict(passed))
        self.memory.append((tracemalloc.get_traced_memory()[0] - self.before) / 1e6)

    async def __aenter__(self):
        tracemalloc.start()
        self.before, self.began, self.flow = tracemalloc.get_traced_memory()[0], time.perf_counter(), None
        passed.update(declared=0, saved=0)
        self.look()
        self.task = asyncio.create_task(self.keep_looking())
        return self

    async def keep_looking(self):
        while True:
            self.look()
            await asyncio.sleep(0.004)

    async def __aexit__(self, *_):
        self.task.cancel()
        self.look()
        tracemalloc.stop()


async with Watch() as ours:
    await run(line(from_async(declare)), watch=lambda flow: setattr(ours, "flow", flow))

[gauge.name for gauge in ours.gauges[-1]], ours.flow.peak

# %% [markdown]
# ## What each stage holds, and what it waits for
#
# The source is always faster than the line: what was declared never runs away from what is saved. When the disk stalls,
# `save` fills and closes its gate; `download` cannot hand over, and closes its own; nothing more is declared. Once the
# disk is back it all moves on, and nobody had to count anything.

# %%
COLOURS = {"download": "#4c8dd6", "save": "#e08a1e"}
WAITS = {"work": "#2e9e6b", "company": "#8fc7e8", "input": "#c9ced8", "room": "#d64545"}


def readings(watch, name):
    return [next((gauge for gauge in gauges if gauge.name == name), None) for gauges in watch.gauges]


def plain_frame(*panes):
    for pane in panes:
        pane.spines[["top", "right"]].set_visible(False)
        pane.margins(x=0.01)


fig, (counts, holds, waits) = plt.subplots(
    3, 1, figsize=(9, 7.5), sharex=True, height_ratios=[3, 3, 2], layout="constrained"
)
for name, colour in {"declared": "#8a93a3", "saved": "#2e9e6b"}.items():
    counts.plot(ours.seconds, [numbers[name] for numbers in ours.passed], color=colour, label=name)
counts.set(ylabel="units", title="Declared, and saved", ylim=(0, None))
counts.legend(loc="upper left", frameon=False)

held = [[gauge.held if gauge else 0 for gauge in readings(ours, name)] for name in COLOURS]
holds.stackplot(ours.seconds, held, labels=[*COLOURS], colors=[*COLOURS.values()], step="post", alpha=0.85)
holds.set(ylabel="units", title="What each stage holds")
holds.legend(loc="upper right", frameon=False, ncols=2)

for row, name in enumerate(["declare", *COLOURS]):
    for start, end, gauge in zip(ours.seconds, ours.seconds[1:], readings(ours, name), strict=False):
        if gauge and gauge.waits_for in WAITS:
            waits.broken_barh([(start, end - start)], (row - 0.3, 0.6), facecolors=WAITS[gauge.waits_for])
waits.set(yticks=range(3), yticklabels=["declare", *COLOURS], xlabel="seconds", title="What it waits for")
waits.invert_yaxis()
fig.legend(
    [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in WAITS.values()],
    ["work under way", "a full batch", "something to do", "room below: a gate is closed"],
    loc="outside lower center", ncols=4, frameon=False,
)  # fmt: skip
plain_frame(counts, holds, waits)

# %% [markdown]
# ## Memory, beside plain reactivex
#
# The same work with stock operators. `merge(max_concurrent=4)` runs four at once, too, but it takes all that comes, and
# queues it. Nothing tells the source to wait.


# %%
async def stock(unit):
    return (await download(unit))[0]


def plain():
    return reactivex.from_iterable(map(Unit, range(UNITS))).pipe(
        ops.map(lambda unit: reactivex.defer(lambda _: reactivex.from_future(asyncio.ensure_future(stock(unit))))),
        ops.merge(max_concurrent=4),
        ops.buffer_with_count(50),
        ops.map(lambda units: reactivex.defer(lambda _: reactivex.from_future(asyncio.ensure_future(save(units))))),
        ops.merge(max_concurrent=1),
    )


async with Watch() as theirs:
    done = asyncio.get_running_loop().create_future()
    plain().subscribe(on_error=done.set_exception, on_completed=lambda: done.set_result(None))
    await done

fig, pane = plt.subplots(figsize=(9, 3), layout="constrained")
pane.plot(theirs.seconds, theirs.memory, color="#8a93a3", label="stock operators")
pane.plot(ours.seconds, ours.memory, color="#4c8dd6", label="rxsync")
pane.set(xlabel="seconds", ylabel="MB in use", ylim=(0, None), title="Memory over time")
pane.legend(frameon=False)
plain_frame(pane)

# %% [markdown]
# The stock line holds everything at once, and would hold a million units as readily. Ours holds what its stages may
# hold, `prefetch + concurrency * batch` each, whatever the source declares.

# %%
most_ours, most_theirs = max(ours.memory), max(theirs.memory)
print(f"rxsync:          at most {most_ours:5.1f} MB, {ours.flow.peak} units in its stages")
print(f"stock operators: at most {most_theirs:5.1f} MB, {UNITS:,} units")
