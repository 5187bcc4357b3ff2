# %% [markdown]
# # First steps
# A home in a temporary folder, one sync, and a look at what goes through the line.
# Open this file as a notebook (jupytext, or any editor that knows `# %%` cells).

# %%
import tempfile
from pathlib import Path

from reactivex import operators as ops

import rxsync

home = rxsync.open(tempfile.mkdtemp())
source = Path("docs/examples/files").resolve()

# %% [markdown]
# The line is a value. Printed, it shows which steps share a transaction. Here it is tapped before anything is fetched.

# %%
seen = []


def tapped(recipe):
    print(recipe)
    return recipe.before("download_artifacts", tap=ops.do_action(seen.append))


report = await rxsync.sync(str(source), home.repository("files"), amend=tapped)
report

# %% [markdown]
# What went by is what became the version.

# %%
sorted(unit.name for unit in seen), [unit.name for unit in await home.repository("files").units()]
