"""The author's face: what a plugin imports.

Stands between the line and the plugins; light, and eager.
"""

from rxsync.declare import DeclarativeArtifact, DeclarativeContent, check_relative_path
from rxsync.errors import ConflictError, DeclarationError, MetadataError, SourceError
from rxsync.models import Content, Remote
from rxsync.pipeline.plugin import Plugin
from rxsync.ports.downloader import Downloader
from rxsync.storage.prefetched import prefetched

__all__ = [
    "ConflictError",
    "Content",
    "DeclarationError",
    "DeclarativeArtifact",
    "DeclarativeContent",
    "Downloader",
    "MetadataError",
    "Plugin",
    "Remote",
    "SourceError",
    "check_relative_path",
    "prefetched",
]
