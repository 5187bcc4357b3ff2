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
# # First sync
#
# A sync reads what a source declares and makes a *version* of it: an immutable list of units in a database, with every
# file once in a store. Here the source is a folder; with a URL nothing else would change.

# %%
import tempfile
from pathlib import Path

import rxsync

source = Path(tempfile.mkdtemp())
texts = {"about.txt": "about\n", "notes.txt": "notes\n", "iso/tiny.iso": "0" * 4096}
for name, text in texts.items():
    (source / name).parent.mkdir(exist_ok=True)
    (source / name).write_text(text)

home = rxsync.open(tempfile.mkdtemp())
files = home.repository("files")

# %% [markdown]
# ## One call
#
# `sync` gives a report. It balances: each unit that was declared is somewhere in it.

# %%
report = await rxsync.sync(str(source), files)
report

# %%
{unit.name: unit.identity for unit in await files.units()}

# %% [markdown]
# ## The line
#
# Between source and version stands the *line*: a `Recipe`, which is a value that is amended by name, and which shows
# itself. Steps in one frame work on a batch together, in one transaction.
#
# `amend` is given the standard recipe, and gives back what is to run. Here three steps are *tapped*: somebody is told
# of every unit that leaves them. The line does not notice.

# %%
(source / "about.txt").write_text("about, second edition\n")

passed = []
shown = []


def looker(step):
    """Note who passes, and whether new bytes come with it."""
    return lambda unit: passed.append((step, unit.name, unit.artifacts[0].body is not None))


def looked_at(recipe):
    for step in ("query_existing_content", "download_artifacts", "save_content"):
        recipe = recipe.tap(step, looker(step))
    shown.append(recipe)
    return recipe


second = await rxsync.sync(str(source), files, amend=looked_at)
shown[0]

# %% [markdown]
# What the taps saw: only the file that has changed has brought bytes. The others were known, and passed.

# %%
for step, name, has_bytes in sorted(passed, key=lambda row: row[1]):
    print(f"{name:14} left {step:24} {'with new bytes' if has_bytes else ''}")

# %%
second

# %% [markdown]
# ## What came, and what went
#
# Versions never change. The first is still there, and a difference is a question to the database.

# %%
came, went = await files.diff(1, 2)
for sign, units in (("+", came), ("-", went)):
    for unit in units:
        print(sign, unit.name, unit.identity)

# %% [markdown]
# A third sync finds nothing to do, and says so: no version is made.

# %%
third = await rxsync.sync(str(source), files)
third
