"""Settings that go on following their file while a sync runs.

Floor 4, config.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rxsync.config.values import Config, Effective, Settings
from rxsync.download import Controls
from rxsync.wording import OFF, size

KEYS = ("max_concurrent", "rate", "bwlimit")
"""Those that can be set while a sync runs."""


class Live:
    """What the three settings are now, of the sync under way and of those that come after it.

    Args:
        config: what the file says at the beginning.
        given: what goes before it, also when it says something else.
        read: reads the file again.
    """

    def __init__(self, config: Config, given: Settings, read: Callable[[], Config]) -> None:
        self._config, self._given, self._read = config, given, read
        self._one: Effective | None = None
        self._controls = Controls()

    def begin(self, one: Effective) -> Controls:
        """Give the controls of a sync that begins."""
        self._one, self._controls = one, Controls(**self._settings(one))
        return self._controls

    def read_again(self) -> str:
        """Take on what the file says now; tells what holds, in a line.

        Raises:
            UsageError: it is wrong; nothing has changed.
        """
        self._config = self._read()
        if self._one is None:
            return f"{self._config.path} was read again"
        self._controls.set(**self._settings(self._one))
        return f"{self._one.name}: {_told(self._controls)}"

    def _settings(self, one: Effective) -> dict[str, Any]:
        source = one.source.value if one.name not in self._config.repositories or one.remote is None else None
        now = self._config.effective(one.name, self._given, source)
        return {key: now.settings[key].value for key in KEYS}


def _told(controls: Controls) -> str:
    rate = OFF if controls.rate is None else f"{controls.rate:g}/s"
    bwlimit = OFF if controls.bwlimit is None else f"{size(controls.bwlimit)}/s"
    return f"max_concurrent {controls.max_concurrent}, rate {rate}, bwlimit {bwlimit}"
