"""Marks: what nothing referred to when somebody last looked.

Floor 1, models.
"""

from __future__ import annotations

from datetime import datetime

from peewee import CharField, CompositeKey, DateTimeField, IntegerField

from rxsync.models.base import Row


class Mark(Row):
    """A row of content, or of an artifact, that nothing refers to; whoever finds it by a look-up takes the mark away.

    Follows: ``timestamp_of_interest`` of Pulp's ``Content`` and ``Artifact``, which each look-up sets anew.
    """

    kind: CharField[str] = CharField(help_text="the table: content or artifact")
    key: IntegerField[int] = IntegerField(help_text="of the row")
    marked: DateTimeField[datetime] = DateTimeField(
        help_text="UTC, to the microsecond; never before the start of a run that had begun by then"
    )

    class Meta:
        """Each row once."""

        primary_key: CompositeKey = CompositeKey("kind", "key")
        without_rowid = True
