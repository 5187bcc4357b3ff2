"""Content: the row every unit has, and the base of every plugin's own rows.

Floor 1, models. One declaration serves both: the author writes fields and keys, the catalog makes the table.
Follows: ``pulpcore.app.models.Content``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from peewee import BlobField, CharField, ForeignKeyField, IntegerField, TextField

from rxsync.errors import DeclarationError
from rxsync.identity import identify
from rxsync.models.artifact import Artifact
from rxsync.models.base import IdentityField, Row
from rxsync.models.keyed import Keyed, Read, RowType, fields_of, key_reader, row_type


class Content(Keyed):
    """Base of a plugin's content type.

    A child declares its fields, and in ``Meta``:

    - ``content_type``: ``"plugin.type"``, lower case; names the table, and is part of every identity;
    - ``natural_key``: the fields, in order, that make two units the same unit;
    - ``repository_key``: the fields that may stand only once in a version; empty for none;
    - ``learnt``: those of its fields that are known only once the unit's files are here.

    ``id`` is the row's key in this database, shared with the table ``content``; None until saved.
    """

    id: IntegerField[int] = IntegerField(primary_key=True)

    class Meta:
        """Inherited by every content type."""

        scope_option = "content_type"
        content_type: str | None = None
        repository_key: tuple[str, ...] = ()
        learnt: tuple[str, ...] = ()

    @property
    def place(self) -> bytes | None:
        """Sixteen bytes that may stand only once in a version; None where there are none, or not yet."""
        return content_type(type(self)).place(self)

    def learn(self, digests: Mapping[str, str], size: int) -> None:
        """Fill in fields that only the bytes tell: those in ``Meta.learnt`` that are None still.

        Called when the unit is saved, where its first file is here; in the thread of the transaction, and again if that
        runs again. As it stands it knows the names of digests, and ``size``; a
        type that learns more overrides it, or has a step of its own do so between download and save.

        Args:
            digests: of the first file, algorithm to lower-case hex; ``sha256`` is always there.
            size: of it, in bytes.
        """
        told: dict[str, object] = {**digests, "size": size}
        for name in content_type(type(self)).learnt:
            if self.__data__.get(name) is None and name in told:
                setattr(self, name, told[name])


class ContentRow(Row):
    """The part every unit has, whatever its type: its identity, and its place in a version."""

    id: IntegerField[int] = IntegerField(primary_key=True)
    identity: BlobField[bytes] = IdentityField(unique=True, help_text="blake2b-128 of the natural key")
    type: CharField[str] = CharField(
        help_text="content type, e.g. file.file; its own fields are in the table file_file"
    )
    repository_key: BlobField[bytes | None] = IdentityField(
        null=True, help_text="what may stand only once in a version, hashed"
    )

    class Meta:
        """Pulp's name for it."""

        table_name = "content"


class ContentArtifact(Row):
    """A file of a unit at its path. Without artifact: its bytes are not here (yet).

    Follows: ``pulpcore.app.models.ContentArtifact``.
    """

    id: IntegerField[int] = IntegerField(primary_key=True)
    content: ForeignKeyField[ContentRow] = ForeignKeyField(ContentRow, index=False)
    relative_path: TextField[str] = TextField(help_text="POSIX, relative, below the root of a publication")
    artifact: ForeignKeyField[Artifact | None] = ForeignKeyField(Artifact, null=True)

    class Meta:
        """Each path once in a unit."""

        indexes: tuple[tuple[tuple[str, ...], bool], ...] = ((("content", "relative_path"), True),)


@dataclass(frozen=True, eq=False)
class ContentType(RowType):
    """What a content type is made of.

    Attributes:
        repository_key: take what may stand only once in a version off a row.
        learnt: fields that are known only once the files are here.
        late: those of them that are part of the repository key.
    """

    repository_key: tuple[Read, ...]
    learnt: tuple[str, ...]
    late: tuple[str, ...]

    def place(self, content: Content) -> bytes | None:
        """Compute what may stand only once in a version; None for no such thing, or where it is yet to be learnt."""
        if not self.repository_key or any(content.__data__.get(name) is None for name in self.late):
            return None
        return identify(f"{self.name}/place", [read(content) for read in self.repository_key])


@cache
def content_type(model: type[Content]) -> ContentType:
    """Read a content class.

    Raises:
        DeclarationError: its ``Meta`` lacks a content type or a natural key, or names no field of it.
    """
    kind = row_type(model)
    learnt = tuple(field.name for field in fields_of(model, "learnt"))
    key, place = fields_of(model, "natural_key"), fields_of(model, "repository_key")
    late = tuple(field.name for field in place if field.name in learnt)
    if unkeyed := [name for name in late if name not in {field.name for field in key}]:
        raise DeclarationError(
            f"{model.__name__}.Meta.repository_key", unkeyed[0], "no learnt field but those of the key"
        )
    return ContentType(**vars(kind), repository_key=tuple(map(key_reader, place)), learnt=learnt, late=late)
