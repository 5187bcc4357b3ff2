"""Runs: what was tried, and how it ended.

Floor 1, models.
"""

from __future__ import annotations

from datetime import datetime

from peewee import CharField, DateTimeField, IntegerField, TextField

from rxsync.models.base import Row


class SyncRun(Row):
    """One sync of one repository, from its start; a run that died has no end."""

    id: CharField[str] = CharField(primary_key=True, help_text="32 hex digits")
    repository: CharField[str] = CharField(help_text="name of the repository")
    source: TextField[str] = TextField(help_text="without credentials")
    started: DateTimeField[datetime] = DateTimeField(help_text="UTC")
    finished: DateTimeField[datetime | None] = DateTimeField(null=True, help_text="UTC; NULL: it runs, or it died")
    exit_code: IntegerField[int | None] = IntegerField(null=True)
    forgotten: IntegerField[int] = IntegerField(
        default=0, help_text="1 once its repository was deleted: one of that name later is another"
    )
    report: TextField[str | None] = TextField(null=True, help_text="the report, as JSON")

    class Meta:
        """The last ones are asked for, of a repository and of all."""

        indexes: tuple[tuple[tuple[str, ...], bool], ...] = ((("repository", "started"), False), (("started",), False))
