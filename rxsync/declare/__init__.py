"""What a plugin declares: values that refuse what cannot exist.

Floor 1, values.
"""

from rxsync.declare.artifact import DeclarativeArtifact, SavedFile, StoredFile, first_digest
from rxsync.declare.body import Body, Validators
from rxsync.declare.content import DeclarativeContent, Skip
from rxsync.declare.paths import check_relative_path

__all__ = [
    "Body",
    "DeclarativeArtifact",
    "DeclarativeContent",
    "SavedFile",
    "Skip",
    "StoredFile",
    "Validators",
    "check_relative_path",
    "first_digest",
]
