"""A plugin for tests: what it declares, and how it amends the line, is given."""

from peewee import FixedCharField, ForeignKeyField, IntegerField, TextField

from rxsync.plugin import Content, DeclarativeArtifact, DeclarativeContent, Plugin, Related


class Maker(Related):
    name = TextField()
    motto = TextField(null=True)

    class Meta:
        related_type = "author.maker"
        natural_key = ("name",)


class Part(Content):
    name = TextField()
    note = TextField(null=True)
    maker = ForeignKeyField(Maker, null=True)

    class Meta:
        content_type = "author.part"
        natural_key = ("name",)
        repository_key = ("name",)


class Whole(Content):
    part = ForeignKeyField(Part)
    name = TextField()

    class Meta:
        content_type = "author.whole"
        natural_key = ("part", "name")


class Link(Related):
    whole = ForeignKeyField(Whole)
    maker = ForeignKeyField(Maker)

    class Meta:
        related_type = "author.link"
        natural_key = ("whole", "maker")


class Knot(Related):
    name = TextField()
    up = ForeignKeyField("self", null=True)

    class Meta:
        related_type = "author.knot"
        natural_key = ("name",)


class Sized(Content):
    name = TextField()
    size = IntegerField(null=True)

    class Meta:
        content_type = "author.sized"
        natural_key = ("name",)
        learnt = ("size",)


class Learner(Content):
    name = TextField()
    sha256 = FixedCharField(64, null=True)

    class Meta:
        content_type = "author.learner"
        natural_key = ("name", "sha256")
        repository_key = ("name",)
        learnt = ("sha256",)


class Given(Plugin):
    """Declares what ``units(run)`` gives: an async generator."""

    name = "given"
    content_types = (Part, Whole, Learner)
    related_types = (Link,)

    def __init__(self, units, amend=lambda recipe, run: recipe):
        self._units, self._amend = units, amend

    def declare(self, run):
        return self._units(run)

    def recipe(self, standard, run):
        return self._amend(standard, run)


def given(*units, amend=lambda recipe, run: recipe):
    """A plugin that declares these units; functions make them anew for each run."""

    async def declare(run):
        for unit in units:
            yield unit(run) if callable(unit) else unit

    return Given(declare, amend)


def part(name, *, file=None, **more):
    """Declare a part, as a function of the run; with a file of the source of that path, where one is named."""

    def declare(run):
        files = [] if file is None else [DeclarativeArtifact(f"{run.remote.url}{file}", file)]
        return DeclarativeContent(Part(name=name, note=more.pop("note", None)), files, **more)

    return declare


async def rows(home, sql):
    return await home.read(lambda tx: [tuple(row) for row in tx.connection.execute(sql).fetchall()])
