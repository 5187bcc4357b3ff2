"""Content: the row every unit has, and the base of every plugin's own rows.

Floor 1, models. One declaration serves both: the author writes fields and keys, the catalog makes the table.
Follows: ``pulpcore.app.models.Content``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from peewee import BlobField, CharField, Field, FixedCharField, ForeignKeyField, IntegerField, Metadata, TextField

from rxsync.errors import DeclarationError
from rxsync.identity import Value, identify
from rxsync.models.artifact import Artifact
from rxsync.models.base import IdentityField, Row


class _ContentMetadata(Metadata):
    """Names a type's table after the type, so that two plugins' classes of one name keep apart."""

    content_type: str | None
    natural_key: tuple[str, ...]
    repository_key: tuple[str, ...]

    def __init__(self, model: type[Row], *args: Any, **options: Any) -> None:
        if named := options.get("content_type"):
            options.setdefault("table_name", named.replace(".", "_"))
        super().__init__(model, *args, **options)


class Content(Row):
    """Base of a plugin's content type.

    A child declares its fields, and in ``Meta``:

    - ``content_type``: ``"plugin.type"``, lower case; names the table, and is part of every identity;
    - ``natural_key``: the fields, in order, that make two units the same unit;
    - ``repository_key``: the fields that may stand only once in a version; empty for none.

    ``id`` is the row's key in this database, shared with the table ``content``; None until saved.
    """

    id: IntegerField[int] = IntegerField(primary_key=True)

    class Meta:
        """Inherited by every content type."""

        model_metadata_class = _ContentMetadata
        content_type: str | None = None
        natural_key: tuple[str, ...] = ()
        repository_key: tuple[str, ...] = ()

    @property
    def identity(self) -> bytes:
        """Sixteen bytes, the same for the same natural key everywhere.

        Raises:
            DeclarationError: a key field holds what no key can be made of.
        """
        known: bytes | None = self.__dict__.get("_identity")
        if known is None:
            known = self.__dict__["_identity"] = content_type(type(self)).identify(self)
        return known

    @property
    def place(self) -> bytes | None:
        """Sixteen bytes that may stand only once in a version; None where the type has no repository key."""
        return content_type(type(self)).place(self)


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


Read = Callable[[Content], Value]
"""Takes one field's value off a row, as the database stores it."""


@dataclass(frozen=True, eq=False)
class ContentType:
    """What a content type is made of, read once from its class.

    Attributes:
        name: ``"plugin.type"``.
        table: its table.
        columns: its columns without ``id``, in the order of the class.
        key_columns: those of the natural key.
        cells: take the columns' values off a row.
        natural_key: take what makes the identity off a row.
        repository_key: take what may stand only once in a version off a row.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    key_columns: tuple[str, ...]
    cells: tuple[Read, ...]
    natural_key: tuple[Read, ...]
    repository_key: tuple[Read, ...]

    def identify(self, content: Content) -> bytes:
        """Compute the identity of ``content``."""
        return identify(self.name, [read(content) for read in self.natural_key])

    def place(self, content: Content) -> bytes | None:
        """Compute what may stand only once in a version; None for no such thing."""
        if not self.repository_key:
            return None
        return identify(f"{self.name}/place", [read(content) for read in self.repository_key])


@cache
def content_type(model: type[Content]) -> ContentType:
    """Read a content class.

    Raises:
        DeclarationError: its ``Meta`` lacks a content type or a natural key, or names no field of it.
    """
    meta = cast(_ContentMetadata, model._meta)
    if not meta.content_type or "." not in meta.content_type:
        raise DeclarationError(f"{model.__name__}.Meta.content_type", meta.content_type, '"plugin.type"')
    if not meta.natural_key:
        raise DeclarationError(f"{model.__name__}.Meta.natural_key", meta.natural_key, "one field or more")
    fields = [field for field in meta.sorted_fields if not field.primary_key]
    key, places = _fields(model, "natural_key"), _fields(model, "repository_key")
    return ContentType(
        meta.content_type,
        meta.table_name,
        tuple(field.column_name for field in fields),
        tuple(field.column_name for field in key),
        tuple(map(_reader, fields)),
        tuple(map(_key_reader, key)),
        tuple(map(_key_reader, places)),
    )


def _fields(model: type[Content], key: str) -> list[Field]:
    names: tuple[str, ...] = getattr(model._meta, key)
    for name in names:
        if name not in model._meta.fields:
            known = ", ".join(model._meta.sorted_field_names)
            raise DeclarationError(f"{model.__name__}.Meta.{key}", name, f"one of {known}")
    return [model._meta.fields[name] for name in names]


def _key_reader(field: Field) -> Read:
    if isinstance(field, ForeignKeyField):
        return lambda content: cast(Content, getattr(content, field.name)).identity
    return _reader(field)


def _reader(field: Field) -> Read:
    name = field.name
    if type(field) not in (TextField, CharField, FixedCharField):
        return lambda content: cast(Value, field.db_value(content.__data__.get(name)))

    def read_text(content: Content) -> Value:  # which is stored as it is: by far the most frequent
        value = content.__data__.get(name)
        return value if type(value) is str else cast(Value, field.db_value(value))

    return read_text
