"""Rows that are known by what they are: their identity is computed from their natural key.

Floor 1, models. One declaration serves all: the author writes fields and keys, the catalog makes the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from peewee import CharField, Field, FixedCharField, ForeignKeyField, Metadata, TextField

from rxsync.errors import DeclarationError
from rxsync.identity import Value, identify
from rxsync.models.base import IdentityField, Row


class KeyedMetadata(Metadata):
    """Names a type's table after the type, so that two plugins' classes of one name keep apart."""

    scope_option: str
    natural_key: tuple[str, ...]

    def __init__(self, model: type[Row], *args: Any, **options: Any) -> None:
        named = options.get(options.get("scope_option", ""))
        if isinstance(named, str):
            options.setdefault("table_name", named.replace(".", "_"))
        super().__init__(model, *args, **options)

    @property
    def scope(self) -> str | None:
        """``"plugin.type"``; None where a class does not say."""
        return cast("str | None", getattr(self, self.scope_option, None))


class Keyed(Row):
    """A row with a natural key."""

    class Meta:
        """Inherited by content and by related rows."""

        model_metadata_class = KeyedMetadata
        natural_key: tuple[str, ...] = ()

    @property
    def identity(self) -> bytes:
        """Sixteen bytes, the same for the same natural key everywhere. Known only once all of the key is.

        Raises:
            DeclarationError: a key field holds what no key can be made of.
        """
        known: bytes | None = self.__dict__.get("_identity")
        if known is None:
            kind = row_type(type(self))
            if not kind.is_known(self):
                missing = next((name for name in kind.unknown if self.__data__.get(name) is None), kind.keyed)
                raise DeclarationError(f"{type(self).__name__}.{missing}", None, "a value, learnt from its files")
            known = self.__dict__["_identity"] = kind.identify(self)
        return known

    def is_known(self) -> bool:
        """Whether all of the natural key is there, so that there is an identity: False while a field is to be learnt.

        A row that it refers to by its key must be known, too.
        """
        return "_identity" in self.__dict__ or row_type(type(self)).is_known(self)

    def parents(self) -> list[Keyed]:
        """The rows it refers to by foreign keys, in the order of its fields."""
        found = (self.__rel__.get(name) for name in row_type(type(self)).references)
        return [row for row in found if row is not None]


Read = Callable[[Keyed], Value]
"""Takes one field's value off a row, as the database stores it."""


@dataclass(frozen=True, eq=False)
class RowType:
    """What a type of rows is made of, read once from its class.

    Attributes:
        name: ``"plugin.type"``.
        table: its table.
        columns: its columns without ``id``, in the order of the class.
        key_columns: those of the natural key.
        cells: take the columns' values off a row.
        natural_key: take what makes the identity off a row.
        references: names of the foreign keys to rows of plugins.
        rank: tables are written in this order: 0 refers to none of plugins, others come after what they refer to.
        unknown: fields of the natural key that may be None until they are learnt.
        keyed: foreign keys that are part of the natural key.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    key_columns: tuple[str, ...]
    cells: tuple[Read, ...]
    natural_key: tuple[Read, ...]
    references: tuple[str, ...]
    rank: int
    unknown: tuple[str, ...]
    keyed: tuple[str, ...]

    def identify(self, row: Keyed) -> bytes:
        """Compute the identity of ``row``."""
        return identify(self.name, [read(row) for read in self.natural_key])

    def is_known(self, row: Keyed) -> bool:
        """Whether nothing of the natural key is still to be learnt."""
        return all(row.__data__.get(name) is not None for name in self.unknown) and all(
            parent.is_known() for name in self.keyed if (parent := row.__rel__.get(name)) is not None
        )


@cache
def row_type(model: type[Keyed]) -> RowType:
    """Read a class.

    Raises:
        DeclarationError: its ``Meta`` lacks its name or a natural key, or names no field of it.
    """
    meta = cast(KeyedMetadata, model._meta)
    if not meta.scope or "." not in meta.scope:
        raise DeclarationError(f"{model.__name__}.Meta.{meta.scope_option}", meta.scope, '"plugin.type"')
    if not meta.natural_key:
        raise DeclarationError(f"{model.__name__}.Meta.natural_key", meta.natural_key, "one field or more")
    fields = [field for field in meta.sorted_fields if not (field.primary_key or isinstance(field, IdentityField))]
    key, learnt = fields_of(model, "natural_key"), getattr(meta, "learnt", ())
    references = [field for field in fields if _is_reference(field)]
    return RowType(
        meta.scope,
        meta.table_name,
        tuple(field.column_name for field in fields),
        tuple(field.column_name for field in key),
        tuple(map(_cell_reader, fields)),
        tuple(map(key_reader, key)),
        tuple(field.name for field in references),
        max((row_type(field.rel_model).rank + 1 for field in references if field.rel_model is not model), default=0),
        tuple(field.name for field in key if field.name in learnt),
        tuple(field.name for field in key if field in references),
    )


def fields_of(model: type[Keyed], key: str) -> list[Field]:
    """The fields that an option of ``Meta`` names.

    Raises:
        DeclarationError: it names none of the class.
    """
    names: tuple[str, ...] = getattr(model._meta, key)
    for name in names:
        if name not in model._meta.fields:
            known = ", ".join(model._meta.sorted_field_names)
            raise DeclarationError(f"{model.__name__}.Meta.{key}", name, f"one of {known}")
    return [model._meta.fields[name] for name in names]


def key_reader(field: Field) -> Read:
    """How a field contributes to a key: a foreign key by the identity of the row it refers to."""
    return _identity_reader(field) if _is_reference(field) else _reader(field)


def _identity_reader(field: Field) -> Read:
    name, expected = field.name, f"a {cast(Any, field).rel_model.__name__}, not its number"

    def read_identity(row: Keyed) -> Value:
        parent = row.__rel__.get(name)
        if parent is None:
            raise DeclarationError(f"{type(row).__name__}.{name}", row.__data__.get(name), expected)
        return cast(Keyed, parent).identity

    return read_identity


def _cell_reader(field: Field) -> Read:
    if not _is_reference(field):
        return _reader(field)
    name, expected = field.name, f"a {cast(Any, field).rel_model.__name__}, not its number"

    def read_key(row: Keyed) -> Value:  # of a row that may have got its number since it was set
        parent = row.__rel__.get(name)
        if parent is None and row.__data__.get(name) is not None:
            raise DeclarationError(f"{type(row).__name__}.{name}", row.__data__[name], expected)
        return None if parent is None else cast(int, parent.id)

    return read_key


def _is_reference(field: Field) -> bool:
    return isinstance(field, ForeignKeyField) and issubclass(field.rel_model, Keyed)


def _reader(field: Field) -> Read:
    name = field.name
    if type(field) not in (TextField, CharField, FixedCharField):
        return lambda row: cast(Value, field.db_value(row.__data__.get(name)))

    def read_text(row: Keyed) -> Value:  # which is stored as it is: by far the most frequent
        value = row.__data__.get(name)
        return value if type(value) is str else cast(Value, field.db_value(value))

    return read_text
