"""Mirror content repositories as a reactive stream.

The front door: names are imported when they are first asked for, so that ``rxsync --help`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rxsync.version import __version__ as __version__

if TYPE_CHECKING:
    from rxsync.declare import DeclarativeArtifact, DeclarativeContent
    from rxsync.download import Controls
    from rxsync.errors import RxSyncError
    from rxsync.models import Content
    from rxsync.pipeline.home import Home, Repository
    from rxsync.pipeline.open import open  # the name reads well with the package's before it
    from rxsync.pipeline.planning import plan
    from rxsync.pipeline.recipe import Recipe
    from rxsync.pipeline.report import Report
    from rxsync.pipeline.sync import sync

_WHERE = {
    "Content": "rxsync.models",
    "Controls": "rxsync.download",
    "DeclarativeArtifact": "rxsync.declare",
    "DeclarativeContent": "rxsync.declare",
    "Home": "rxsync.pipeline.home",
    "Recipe": "rxsync.pipeline.recipe",
    "Report": "rxsync.pipeline.report",
    "Repository": "rxsync.pipeline.home",
    "RxSyncError": "rxsync.errors",
    "open": "rxsync.pipeline.open",
    "plan": "rxsync.pipeline.planning",
    "sync": "rxsync.pipeline.sync",
}

__all__ = [
    "Content",
    "Controls",
    "DeclarativeArtifact",
    "DeclarativeContent",
    "Home",
    "Recipe",
    "Report",
    "Repository",
    "RxSyncError",
    "open",
    "plan",
    "sync",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
