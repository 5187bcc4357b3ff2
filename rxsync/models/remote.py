"""Where content may be had.

Floor 1, models.
"""

from __future__ import annotations

from peewee import AutoField, BigIntegerField, CompositeKey, ForeignKeyField, IntegerField, TextField

from rxsync.models.base import Row
from rxsync.models.content import ContentArtifact


class Remote(Row):
    """An upstream that was synced from.

    Follows: ``pulpcore.app.models.Remote``.
    """

    id: AutoField[int] = AutoField()
    url: TextField[str] = TextField(unique=True, help_text="the source as it was given, without credentials")


class RemoteArtifact(Row):
    """One URL at which a remote offers a unit's file, and what it said of the bytes.

    Follows: ``pulpcore.app.models.RemoteArtifact``, which keeps one URL; here all are kept, in order.
    """

    content_artifact: ForeignKeyField[ContentArtifact] = ForeignKeyField(ContentArtifact, index=False)
    remote: ForeignKeyField[Remote] = ForeignKeyField(Remote, index=False)
    position: IntegerField[int] = IntegerField(help_text="0 is tried first")
    url: TextField[str] = TextField(help_text="without credentials")
    size: BigIntegerField[int | None] = BigIntegerField(null=True, help_text="declared length, in bytes")
    digests: TextField[str] = TextField(help_text="declared, as algorithm:hex, sorted, joined by spaces; may be empty")
    etag: TextField[str | None] = TextField(
        null=True, help_text="of the bytes we hold, where nothing was declared to know them by"
    )
    last_modified: TextField[str | None] = TextField(null=True, help_text="likewise")

    class Meta:
        """A file's URLs lie together, in order."""

        primary_key: CompositeKey = CompositeKey("content_artifact", "remote", "position")
        without_rowid = True
