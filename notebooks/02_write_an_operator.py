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
# # Write an operator, and watch it in virtual time
#
# A step of the line is a reactivex operator: a function from a stream to a stream. `stage` makes one of a function of
# an item; it bounds the work, keeps its order if asked to, and pauses whoever stands above.
#
# Our operator asks another server for the stars of each role. What touches the world comes in as an argument, so that a
# test can put a diagram in its place.

# %%
import matplotlib.pyplot as plt
from reactivex import operators as ops

from rxsync.flow import from_iterable, run, stage, then
from rxsync.testing import marbles


def with_stars(ask, max_concurrent=2):
    """Pair each role with its stars, at most ``max_concurrent`` questions at once."""

    def work(role):
        return then(ask(role), lambda stars: [f"{role}{stars}"])

    return stage(work, concurrency=max_concurrent, name="with_stars")


# %% [markdown]
# ## Two diagrams
#
# One character is one second, on a clock that nobody waits for. `source` happens by itself; each call of `ask` answers
# with its diagram: `5` after four seconds. Two questions at once, so `c` has to wait until `a` has its answer.

# %%
with marbles() as m:
    source = m.hot("-a-b-c------------|")
    ask = m.effect("----5|")
    m.expect(
        source.pipe(with_stars(ask)),
        "-----a-b--c-------|",
        a="a5", b="b5", c="c5",
    )  # fmt: skip

# %% [markdown]
# Nothing was printed: it did what the picture says. `ask.calls` tells when each question was put.

# %%
ask.calls

# %% [markdown]
# ## Watch it
#
# The same with six roles; only the number of questions at once differs. A bar is a question under way, a dot a role
# that comes.


# %%
def watch(max_concurrent):
    """When roles came, and when each question was put and answered, in virtual seconds."""
    came, asked, answered = {}, {}, {}
    with marbles() as m:
        answer = m.effect("----5|")

        def ask(role):
            asked[role] = m.now
            return answer(role)

        line = m.hot("-abc--def--------------------|").pipe(
            ops.do_action(lambda role: came.update({role: m.now})),
            with_stars(ask, max_concurrent),
            ops.do_action(lambda result: answered.update({result[0]: m.now})),
        )
        m.expect(line, "-")  # runs it; nothing more is said of it
    return came, asked, answered


fig, panes = plt.subplots(1, 3, figsize=(10, 2.6), sharey=True, layout="constrained")
for pane, most in zip(panes, (1, 2, 6), strict=True):
    came, asked, answered = watch(most)
    roles = [*came]
    waited = [answered[role] - asked[role] for role in roles]
    pane.barh(roles, waited, left=[asked[role] for role in roles], height=0.55, color="#4c8dd6")
    pane.plot([came[r] for r in roles], roles, "o", color="#e08a1e", markersize=6)
    pane.set(title=f"{most} at once", xlabel="virtual seconds", xlim=(0, 32))
    pane.spines[["top", "right"]].set_visible(False)
panes[0].invert_yaxis()

# %% [markdown]
# ## Break it
#
# With one question at a time the diagram above no longer holds. The failure draws both, one under the other.

# %%
try:
    with marbles() as m:
        line = m.hot("-a-b-c------------|").pipe(with_stars(m.effect("----5|"), max_concurrent=1))
        m.expect(line, "-----a-b--c-------|", a="a5", b="b5", c="c5")
except AssertionError as difference:
    print(difference)

# %% [markdown]
# ## What if the server fails?
#
# `#` is an error. Without more it fails the line at the same moment, and whatever is under way is cancelled.

# %%
with marbles() as m:
    line = m.hot("-a-b-c---|").pipe(with_stars(m.effect("--#")))
    m.expect(line, "---#")

# %% [markdown]
# ## The same operator on a real loop
#
# `ask` may as well be a coroutine function. `run` owns every task: when it returns, none is left.


# %%
async def ask_really(role):
    return len(role)


results = []
flow = await run(from_iterable(["nginx", "redis", "java"]).pipe(with_stars(ask_really)), results.append)
results, flow.gauges
