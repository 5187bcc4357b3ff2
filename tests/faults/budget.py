"""A thousand mixes of units through a real line with a small budget.

Faults. The mixes, and what must hold of each, are those of ``tests/pipeline/test_random_budgets.py``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.faults.row import Outcome

MIXES = 1000
TESTS = Path(__file__).parent.parent


async def mixes(folder: Path, _: int) -> Outcome:
    """Draw them, others each time."""
    words = [sys.executable, "-m", "pytest", "-q", "--timeout", "3600", "-o", f"cache_dir={folder}"]
    process = await asyncio.create_subprocess_exec(
        *words, str(TESTS / "pipeline" / "test_random_budgets.py"), env={**os.environ, "RXSYNC_EXAMPLES": str(MIXES)},
        cwd=TESTS.parent, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return Outcome(0, out.decode().splitlines()[-1], process.returncode == 0)
