"""One sync in a process of its own: ``python -m tests.bench.once URL HOME POLICY``.

Bench. Prints its figures, see ``measure``.
"""

from __future__ import annotations

import sys
from typing import cast

from rxsync.pipeline.open import open as open_home
from rxsync.pipeline.rules import Policy
from rxsync.pipeline.sync import sync
from rxsync.plugins.file import plugin
from tests.bench.measure import measure


async def once(url: str, home: str, policy: str) -> int:
    """Sync, and answer how many units there were; each of them must have come through, once."""
    report = await sync(url, open_home(home).repository("bench"), plugin=plugin, policy=cast(Policy, policy), full=True)
    if report.declared != report.new + report.known or report.created != (report.new > 0):
        raise SystemExit(f"not what was to be measured: {report}")
    return report.declared


if __name__ == "__main__":
    measure(once(*sys.argv[1:]))
