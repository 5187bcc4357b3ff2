"""Bytes we hold.

Floor 1, models.
"""

from __future__ import annotations

from peewee import BigIntegerField, FixedCharField, IntegerField

from rxsync.models.base import Row

DIGEST_SIZES = {"sha256": 64, "sha512": 128, "sha384": 96, "sha224": 56, "sha1": 40, "md5": 32}
"""Algorithms a source may declare, strongest habit first, with the length of their hex digests."""


class Artifact(Row):
    """Bytes we hold. One row per distinct sha256, whatever the content that shares it.

    Follows: ``pulpcore.app.models.Artifact``.
    """

    id: IntegerField[int] = IntegerField(primary_key=True)
    sha256: FixedCharField[str] = FixedCharField(
        64, unique=True, help_text="lower-case hex of the bytes; their name in the store"
    )
    size: BigIntegerField[int] = BigIntegerField(help_text="length of the bytes, in bytes")
    sha512: FixedCharField[str | None] = FixedCharField(128, null=True, help_text="where a source declared it")
    sha384: FixedCharField[str | None] = FixedCharField(96, null=True, help_text="where a source declared it")
    sha224: FixedCharField[str | None] = FixedCharField(56, null=True, help_text="where a source declared it")
    sha1: FixedCharField[str | None] = FixedCharField(40, null=True, help_text="where a source declared it")
    md5: FixedCharField[str | None] = FixedCharField(32, null=True, help_text="where a source declared it")


for _name in DIGEST_SIZES:
    if _name != "sha256":  # which is unique already
        _field = Artifact._meta.fields[_name]
        Artifact.add_index(_field, where=_field.is_null(False))
