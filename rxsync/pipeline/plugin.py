"""What a plugin is, and how it is found.

Floor 4, pipeline. Plugins are named by entry points and loaded only when they are asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from importlib.metadata import entry_points
from typing import Protocol

from rxsync.declare import DeclarativeContent
from rxsync.errors import PluginError
from rxsync.models import Content, Remote
from rxsync.ports.downloader import Downloader

GROUP = "rxsync.plugins"


class Plugin(Protocol):
    """One kind of repository.

    Attributes:
        name: how people ask for it.
        content_types: what it declares.
    """

    name: str
    content_types: Sequence[type[Content]]

    def declare(self, remote: Remote, downloader: Downloader) -> AsyncIterator[DeclarativeContent]:
        """Declare what the remote holds, as an async generator: it is paused while the line is busy.

        Args:
            remote: where; ``remote.url`` is the source as it was given, a folder as ``file:///…/``.
            downloader: for the remote's metadata.
        """


def load(name: str) -> Plugin:
    """Find and load the plugin of a name.

    Raises:
        PluginError: there is none, or it does not load.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        raise PluginError(f"no plugin {name!r}; installed: {', '.join(sorted(found)) or 'none'}")
    try:
        plugin: Plugin = found[name].load()
    except Exception as error:
        raise PluginError(f"plugin {name!r} ({found[name].value}) does not load: {error}") from error
    return plugin
