"""The author's face: what a plugin imports.

Stands between the line and the plugins; light, and eager.
"""

from rxsync.declare import DeclarativeArtifact, DeclarativeContent, check_relative_path
from rxsync.errors import ConflictError, DeclarationError, MetadataError, SourceError
from rxsync.flow import expand, flat_map_with_max_concurrent, from_async, from_blocking, from_callback, stage
from rxsync.models import Content, Related, Remote
from rxsync.operators import (
    Rank,
    Stage,
    closure,
    exclude,
    for_new_content,
    include,
    max_size,
    newest,
    older_than,
    prioritize,
    validate,
)
from rxsync.pipeline.draft import Draft
from rxsync.pipeline.plugin import NoOptions, Plugin
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.report import Report
from rxsync.pipeline.run import Run
from rxsync.ports.catalog import WriteTransaction
from rxsync.ports.downloader import Downloader, Request
from rxsync.storage.prefetched import prefetched

__all__ = [
    "ConflictError",
    "Content",
    "DeclarationError",
    "DeclarativeArtifact",
    "DeclarativeContent",
    "Downloader",
    "Draft",
    "MetadataError",
    "NoOptions",
    "Plugin",
    "Rank",
    "Recipe",
    "Related",
    "Remote",
    "Report",
    "Request",
    "Run",
    "SourceError",
    "Stage",
    "WriteTransaction",
    "check_relative_path",
    "closure",
    "exclude",
    "expand",
    "flat_map_with_max_concurrent",
    "for_new_content",
    "from_async",
    "from_blocking",
    "from_callback",
    "include",
    "max_size",
    "newest",
    "older_than",
    "prefetched",
    "prioritize",
    "stage",
    "validate",
]
