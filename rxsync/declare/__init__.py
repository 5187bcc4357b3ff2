"""What a plugin declares: values that refuse what cannot exist.

Floor 1, values.
"""

from rxsync.declare.artifact import DeclarativeArtifact, SavedFile, StoredFile, first_digest
from rxsync.declare.body import Body, Claim, NoRoomError, Validators
from rxsync.declare.content import FILTERED, DeclarativeContent, Skip
from rxsync.declare.paths import check_relative_path
from rxsync.declare.patterns import path_pattern

__all__ = [
    "FILTERED",
    "Body",
    "Claim",
    "DeclarativeArtifact",
    "DeclarativeContent",
    "NoRoomError",
    "SavedFile",
    "Skip",
    "StoredFile",
    "Validators",
    "check_relative_path",
    "first_digest",
    "path_pattern",
]
