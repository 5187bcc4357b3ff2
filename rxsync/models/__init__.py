"""The rows, under Pulp's names. None is bound to a database.

The catalog runs every query with an explicit one, so two homes in a process never meet.

Floor 1, values.
"""

from rxsync.models.artifact import DIGEST_SIZES, Artifact
from rxsync.models.base import Row
from rxsync.models.content import Content, ContentArtifact, ContentRow, ContentType, content_type
from rxsync.models.keyed import Keyed, RowType, row_type
from rxsync.models.mark import Mark
from rxsync.models.related import Related
from rxsync.models.remote import Remote, RemoteArtifact
from rxsync.models.repository import Repository, RepositoryContent, RepositoryVersion, VersionLabel
from rxsync.models.run import SyncRun

__all__ = [
    "CORE",
    "DIGEST_SIZES",
    "Artifact",
    "Content",
    "ContentArtifact",
    "ContentRow",
    "ContentType",
    "Keyed",
    "Mark",
    "Related",
    "Remote",
    "RemoteArtifact",
    "Repository",
    "RepositoryContent",
    "RepositoryVersion",
    "Row",
    "RowType",
    "SyncRun",
    "VersionLabel",
    "content_type",
    "row_type",
]

CORE = (
    Artifact,
    ContentRow,
    ContentArtifact,
    Remote,
    RemoteArtifact,
    Repository,
    SyncRun,
    RepositoryVersion,
    VersionLabel,
    RepositoryContent,
    Mark,
)
"""Tables every home has, parents first."""
