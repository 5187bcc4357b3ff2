"""How plugins are found.

Floor 4, pipeline. They are named by entry points and loaded only when they are asked for; a broken one breaks nothing
else.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rxsync.errors import PluginError
from rxsync.pipeline.plugin import Plugin

GROUP = "rxsync.plugins"


def installed() -> dict[str, EntryPoint]:
    """The entry points of the plugins that are installed, by name."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def release(name: str) -> str:
    """Which release of a plugin is installed, as text; empty for one that is not installed."""
    point = installed().get(name)
    return "" if point is None or point.dist is None else f"{point.dist.name} {point.dist.version}"


def load(name: str) -> Plugin[Any, Any]:
    """Find and load the plugin of a name.

    Raises:
        PluginError: there is none, or it does not load, or it is no plugin.
    """
    found = installed()
    if name not in found:
        raise PluginError(f"no plugin {name!r}; installed: {', '.join(found) or 'none'}")
    point = found[name]
    try:
        loaded = point.load()
        plugin = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:
        raise PluginError(f"plugin {name!r} ({point.value}) does not load: {type(error).__name__}: {error}") from error
    if not isinstance(plugin, Plugin):
        raise PluginError(f"plugin {name!r} ({point.value}) is {plugin!r}: expected an rxsync.plugin.Plugin")
    return plugin
