"""The shortcut for a source that has not changed.

Floor 4, pipeline. A fingerprint is what the plugin says the source looks like, beside a sum of everything else that
decides what a version holds. It is kept where all of a source came in, and goes with the next version.
"""

from __future__ import annotations

from typing import Any

from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.rules import Rules
from rxsync.pipeline.run import Run


class Seal:
    """What a source looked like, and looks like now.

    Args:
        rules: how the sync goes about it.
        plugin: whom to ask.
        source: its URL.

    Attributes:
        known: the fingerprint that the repository keeps; None for none.
        now: the one of now; None before ``holds``, and where nobody can tell.
    """

    known: str | None
    now: str | None

    def __init__(self, rules: Rules, plugin: Plugin[Any, Any], source: str) -> None:
        self._full, self._plugin, self._rules = rules.full, plugin, rules.fingerprint(source)
        self.known = self.now = None

    async def holds(self, run: Run[Any, Any]) -> bool:
        """Ask the plugin; answers whether nothing has changed, so that the line need not run."""
        if self._rules is None:
            return False
        rules, _, looked = (self.known or "").partition(" ")
        looks = await self._plugin.fingerprint(run, looked if looked and rules == self._rules else None)
        if looks is None:
            return False
        self.now = f"{self._rules} {looks}"
        return self.now == self.known and not self._full
