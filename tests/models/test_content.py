"""One declaration of a content type serves author and catalog alike."""

import pytest
from peewee import BooleanField, ForeignKeyField, IntegerField, SchemaManager, SqliteDatabase, TextField

from rxsync.errors import DeclarationError
from rxsync.identity import identify
from rxsync.models import CORE, Artifact, Content, content_type
from rxsync.plugins.file import FileContent


class Package(Content):
    name = TextField()
    epoch = IntegerField(default=0)
    essential = BooleanField(null=True)
    summary = TextField(null=True)

    class Meta:
        content_type = "test.package"
        natural_key = ("name", "epoch")
        repository_key = ("name",)


class Build(Content):
    package = ForeignKeyField(Package)
    number = IntegerField()

    class Meta:
        content_type = "test.build"
        natural_key = ("package", "number")


def test_the_identity_is_of_the_type_and_the_key_fields_in_order_and_of_nothing_else():
    package = Package(name="a", epoch=2, summary="changes")
    assert package.identity == identify("test.package", ["a", 2])
    assert package.identity == Package(name="a", epoch=2).identity
    assert package.identity != Package(name="a", epoch=3).identity
    assert package.place == Package(name="a", epoch=3).place != Package(name="b", epoch=2).place
    assert package.place != package.identity


class Singleton(Content):
    name = TextField()

    class Meta:
        content_type = "test.singleton"
        natural_key = ("name",)
        repository_key = ("name",)


def test_identity_and_place_are_never_taken_for_each_other():
    assert Singleton(name="a").identity != Singleton(name="a").place


def test_a_key_value_is_taken_as_its_field_stores_it():
    assert Package(name="a", epoch="2").identity == Package(name="a", epoch=2).identity
    assert Package(name="a").identity == Package(name="a", epoch=0).identity


def test_a_reference_contributes_the_identity_of_its_parent():
    build = Build(package=Package(name="a", epoch=2), number=1)
    assert build.identity == identify("test.build", [Package(name="a", epoch=2).identity, 1])
    assert build.place is None


def test_a_types_table_is_named_after_the_type():
    assert content_type(Package).table == "test_package"
    assert content_type(FileContent).table == "file_file"
    assert content_type(Package).columns == ("name", "epoch", "essential", "summary")


def declared(**meta):
    meta.setdefault("natural_key", ("name",))
    return type("Odd", (Content,), {"name": TextField(), "Meta": type("Meta", (), meta)})


@pytest.mark.parametrize(
    ("meta", "field"),
    [
        ({}, "Odd.Meta.content_type"),
        ({"content_type": "nodot"}, "Odd.Meta.content_type"),
        ({"content_type": "test.odd", "natural_key": ()}, "Odd.Meta.natural_key"),
        ({"content_type": "test.odd", "natural_key": ("nmae",)}, "Odd.Meta.natural_key"),
        ({"content_type": "test.odd", "repository_key": ("path",)}, "Odd.Meta.repository_key"),
    ],
)
def test_an_impossible_type_is_refused_with_the_name_of_what_is_wrong(meta, field):
    with pytest.raises(DeclarationError) as caught:
        content_type(declared(**meta))
    assert caught.value.field == field


def test_no_model_knows_a_database():
    assert [model for model in (*CORE, FileContent, Package) if model._meta.database is not None] == []


def test_scripts_find_the_tables_and_columns_they_were_promised():
    database = SqliteDatabase(":memory:")
    for model in CORE:
        SchemaManager(model, database).create_all()
    promised = {
        "artifact": {"id", "sha256", "size"},
        "content": {"id", "identity", "type", "repository_key"},
        "content_artifact": {"content_id", "relative_path", "artifact_id"},
        "repository_content": {"repository_id", "content_id", "version_added", "version_removed"},
    }
    for table, columns in promised.items():
        assert columns <= {column.name for column in database.get_columns(table)}
    database.close()
    assert Artifact._meta.fields["sha256"].unique
