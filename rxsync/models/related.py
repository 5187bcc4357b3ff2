"""Rows that are no content, and come with it: a role, a maintainer, a tag, and the links between them.

Floor 1, models. Pulp leaves them to each plugin's ``_pre_save``; here they are declared, and written in the one order.
"""

from __future__ import annotations

from peewee import BlobField, IntegerField

from rxsync.models.base import IdentityField
from rxsync.models.keyed import Keyed


class Related(Keyed):
    """Base of a plugin's rows that stand in no version by themselves.

    A child declares its fields, and in ``Meta``:

    - ``related_type``: ``"plugin.type"``, lower case; names the table, and is part of every identity;
    - ``natural_key``: the fields, in order, that make two rows the same row.

    Content refers to it by a foreign key. A many-to-many relation is a row with two foreign keys for its natural key.
    Rows are shared by all who declare them, in all repositories and versions: the last word counts, field by field; a
    field that is None says nothing, and leaves what is there.

    ``id`` is the row's key in this database; None until saved.
    """

    id: IntegerField[int] = IntegerField(primary_key=True)
    saved_as: BlobField[bytes | None] = IdentityField(
        unique=True, column_name="identity", null=True, help_text="blake2b-128 of the key"
    )

    class Meta:
        """Inherited by every related type."""

        scope_option = "related_type"
        related_type: str | None = None
