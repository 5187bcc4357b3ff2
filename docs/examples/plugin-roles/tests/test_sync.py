"""A whole sync from a folder of files, on SQLite, or where $RXSYNC_TEST_PG_URL says."""

import hashlib
import json
import os
import uuid

import pytest

import rxsync
from rxsync.errors import RejectedError

LICENSED = "license: MIT\ntasks: []\n"


@pytest.fixture
def server(tmp_path):
    """Roles a and b, where a depends on base, which depends on a again; b has no license."""
    root = tmp_path / "server"
    for folder in ("roles", "files", "readme"):
        (root / folder).mkdir(parents=True)
    (root / "roles.json").write_text(json.dumps(["a", "b"]))
    put(root, "a", {"1.0": LICENSED, "1.1": LICENSED + "# more\n"}, ["base"], ["web", "db"])
    put(root, "b", {"1.0": "tasks: []\n"})
    put(root, "base", {"0.1": LICENSED}, ["a"], ["web"])
    return root


def put(root, name, versions, dependencies=(), tags=(), description="a role"):
    described = []
    for version, text in versions.items():
        (root / "files" / f"{name}-{version}.yml").write_text(text)
        (root / "readme" / f"{name}-{version}.md").write_text(f"# {name} {version}\n")
        digest = hashlib.sha256(text.encode()).hexdigest()
        described.append({"version": version, "sha256": digest, "size": len(text), "dependencies": dependencies})
    document = {"description": description, "tags": tags, "versions": described}
    (root / "roles" / f"{name}.json").write_text(json.dumps(document))


@pytest.fixture
def database():
    """The URL of a schema of its own, gone after the test; None for SQLite."""
    url = os.environ.get("RXSYNC_TEST_PG_URL")
    if url is None:
        yield None
        return
    import psycopg

    name = f"roles_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {name}")
        yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{name}"
        server.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def repository(tmp_path, database):
    return rxsync.open(tmp_path / "home", database).repository("roles")


async def sync(server, repository, **more):
    return await rxsync.sync((server / "roles.json").as_uri(), repository, plugin="roles", **more)


async def rows(repository, sql):
    return await repository.home.read(lambda tx: [tuple(row) for row in tx.connection.execute(sql).fetchall()])


async def test_a_sync_follows_dependencies_relates_rows_and_leaves_out_what_lint_refuses(server, repository):
    report = await sync(server, repository)
    assert (report.declared, report.new, report.skipped, report.exit_code) == (4, 3, 1, 3)
    assert [(p.relative_path, p.reason, p.stage) for p in report.problems] == [
        ("b-1.0.yml", "it has no license", "lint")
    ]
    found = await rows(
        repository,
        "SELECT r.name, v.version, v.readme FROM roles_version v JOIN roles_role r ON r.id = v.role_id ORDER BY 1, 2",
    )
    assert found == [("a", "1.0", "# a 1.0"), ("a", "1.1", "# a 1.1"), ("base", "0.1", "# base 0.1")]
    tags = (
        "SELECT r.name, t.word FROM roles_role_tag l JOIN roles_role r ON r.id = l.role_id"
        " JOIN roles_tag t ON t.id = l.tag_id ORDER BY 1, 2"
    )
    assert await rows(repository, tags) == [("a", "db"), ("a", "web"), ("base", "web")]


async def test_the_second_sync_asks_for_no_readme_and_changes_nothing(server, repository):
    await sync(server, repository)
    for readme in (server / "readme").iterdir():
        if not readme.name.startswith("b-"):  # which was left out, so it is new again
            readme.unlink()
    report = await sync(server, repository)
    assert (report.known, report.created, report.version) == (3, False, 1)


async def test_what_a_role_says_of_itself_is_kept_up_to_date(server, repository):
    await sync(server, repository)
    put(server, "base", {"0.1": LICENSED}, ["a"], ["web", "new"], description="the base")
    await sync(server, repository)
    assert ("base", "the base") in await rows(repository, "SELECT name, description FROM roles_role")
    assert ("new",) in await rows(repository, "SELECT word FROM roles_tag")


async def test_lint_can_fail_the_run_or_keep_the_file_for_a_look(server, repository):
    with pytest.raises(RejectedError, match=r"b-1\.0\.yml: it has no license"):
        await sync(server, repository, options={"on_lint": "fail"})
    report = await sync(server, repository, options={"on_lint": "quarantine"})
    (kept,) = (repository.home.path / "quarantine" / report.run).iterdir()
    assert (kept / "0").read_text() == "tasks: []\n"
    assert json.loads((kept / "facts.json").read_text())["reason"] == "it has no license"
