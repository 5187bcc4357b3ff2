"""Repositories and their immutable versions.

Floor 1, models. Membership is intervals, the one source of truth: a unit is in
version n if it was added at or before n and not removed at or before n.
"""

from __future__ import annotations

from datetime import datetime

from peewee import AutoField, CharField, DateTimeField, ForeignKeyField, IntegerField, TextField

from rxsync.models.base import Row
from rxsync.models.content import ContentRow
from rxsync.models.run import SyncRun


class Repository(Row):
    """A named line of versions.

    Follows: ``pulpcore.app.models.Repository``.
    """

    id: AutoField[int] = AutoField()
    name: CharField[str] = CharField(unique=True)
    last_version: IntegerField[int] = IntegerField(
        default=0, help_text="highest number given so far; numbers are never reused"
    )
    pinned: IntegerField[int | None] = IntegerField(
        null=True, help_text="number of the version that is current whatever comes later; NULL: the newest is"
    )
    fingerprint: TextField[str | None] = TextField(
        null=True, help_text="of the source, and of all that decided what the newest version holds; NULL: look again"
    )


class RepositoryVersion(Row):
    """An immutable set of units. Its row appears in the transaction that makes it, or never.

    Follows: ``pulpcore.app.models.RepositoryVersion``.
    """

    id: AutoField[int] = AutoField()
    repository: ForeignKeyField[Repository] = ForeignKeyField(Repository)
    number: IntegerField[int] = IntegerField(help_text="0 is the empty one that every repository begins with")
    created: DateTimeField[datetime] = DateTimeField(help_text="UTC")
    run: ForeignKeyField[SyncRun | None] = ForeignKeyField(SyncRun, null=True, help_text="the sync that made it")
    present: IntegerField[int] = IntegerField(help_text="units in it")
    added: IntegerField[int] = IntegerField(help_text="units in it that were not in the version before")
    removed: IntegerField[int] = IntegerField(help_text="units of the version before that are not in it")
    skipped: IntegerField[int] = IntegerField(help_text="units that the run which made it left out for an error")

    class Meta:
        """Each number once in a repository."""

        indexes: tuple[tuple[tuple[str, ...], bool], ...] = ((("repository", "number"), True),)


class VersionLabel(Row):
    """A name for a version, each once in a repository; a version may have several."""

    id: AutoField[int] = AutoField()
    repository: ForeignKeyField[Repository] = ForeignKeyField(Repository, index=False)
    label: CharField[str] = CharField()
    number: IntegerField[int] = IntegerField(help_text="of the version")

    class Meta:
        """Pulp's word, for versions."""

        indexes: tuple[tuple[tuple[str, ...], bool], ...] = ((("repository", "label"), True),)


class RepositoryContent(Row):
    """A unit in a repository from one version to another.

    Follows: ``pulpcore.app.models.RepositoryContent``.
    """

    id: AutoField[int] = AutoField()
    repository: ForeignKeyField[Repository] = ForeignKeyField(Repository, index=False)
    content: ForeignKeyField[ContentRow] = ForeignKeyField(ContentRow)
    version_added: IntegerField[int] = IntegerField(help_text="first version that has it")
    version_removed: IntegerField[int | None] = IntegerField(
        null=True, help_text="first later version that has it no more; NULL: still there"
    )


RepositoryContent.add_index(
    RepositoryContent.repository,
    RepositoryContent.content,
    unique=True,
    where=RepositoryContent.version_removed.is_null(),
)
RepositoryContent.add_index(RepositoryContent.repository, RepositoryContent.version_added)
RepositoryContent.add_index(
    RepositoryContent.repository,
    RepositoryContent.version_removed,
    where=RepositoryContent.version_removed.is_null(False),
)
