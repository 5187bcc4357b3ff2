"""What a server of roles holds."""

from peewee import ForeignKeyField, TextField

from rxsync.plugin import Content, Related


class Role(Related):
    """A role: what its versions share. No content: it stands in no repository version by itself."""

    name = TextField()
    description = TextField(null=True)

    class Meta:
        """Known by its name."""

        related_type = "roles.role"
        natural_key = ("name",)


class Tag(Related):
    """A word that roles are found by."""

    word = TextField()

    class Meta:
        """Known by the word."""

        related_type = "roles.tag"
        natural_key = ("word",)


class RoleVersion(Content):
    """One version of a role."""

    role = ForeignKeyField(Role)
    version = TextField()
    readme = TextField(default="")

    class Meta:
        """A version of a role never changes; it can stand in a repository once."""

        content_type = "roles.version"
        natural_key = ("role", "version")
        repository_key = ("role", "version")


class RoleTag(Related):
    """Which roles have which tags: a many-to-many relation is a row with two foreign keys."""

    role = ForeignKeyField(Role)
    tag = ForeignKeyField(Tag)

    class Meta:
        """Known by both its ends."""

        related_type = "roles.role_tag"
        natural_key = ("role", "tag")
