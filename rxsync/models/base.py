"""What all rows have in common.

Floor 1, models.
"""

from __future__ import annotations

from peewee import BlobField, Field, Model


class Row(Model):
    """A detached row. It belongs to no database and has no query methods worth calling on it."""

    class Meta:
        """Tables are named in snake case after their class."""

        legacy_table_names = False


class IdentityField(BlobField):
    """Sixteen bytes that name something; plain ``bytes`` on every database."""

    def bind(self, model: type[Model], name: str, set_attribute: bool = True) -> None:
        """Bind as an ordinary field: no hook that changes the type of the value with the database."""
        Field.bind(self, model, name, set_attribute)

    def db_value(self, value: bytes | None) -> bytes | None:
        """Hand the bytes to the driver as they are."""
        return value
