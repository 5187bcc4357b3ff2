"""A third party's plugin: built, installed and tested as its own distribution, then synced by the command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import http_server, rxsync

PLUGIN = Path(__file__).parents[2] / "docs" / "examples" / "plugin-roles"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The plugin in a folder of its own; gives the path on which it is found, and its sources."""
    folder = tmp_path_factory.mktemp("roles")
    shutil.copytree(PLUGIN, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder / "installed")]
    done = subprocess.run([*pip, str(folder / "source")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path = [str(folder / "installed"), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(filter(None, path)), folder / "source"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_its_own_tests_pass(installed, request, database):
    path, source = installed
    environment = {**os.environ, "PYTHONPATH": path}
    environment.pop("RXSYNC_TEST_PG_URL", None)
    if database == "postgresql":
        environment["RXSYNC_TEST_PG_URL"] = request.getfixturevalue("postgresql_server")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        str(source / "tests"),
    ]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.usefixtures("ask")
def test_the_command_finds_it_tells_of_it_and_syncs_a_server(installed, tmp_path):
    path, source = installed
    environment = {**os.environ, "PYTHONPATH": path}
    sys.path.insert(0, str(source / "tests"))
    try:
        from test_sync import LICENSED, put
    finally:
        sys.path.pop(0)
    server = tmp_path / "server"
    for folder in ("roles", "files", "readme"):
        (server / folder).mkdir(parents=True)
    (server / "roles.json").write_text('["a"]')
    put(server, "a", {"1.0": LICENSED}, ["base"])
    put(server, "base", {"0.1": "tasks: []\n"})
    home = tmp_path / "home"

    shown = rxsync(home, "plugin", "roles", env=environment)
    assert [(o["name"], o["default"]) for o in shown["options"]] == [("on_lint", "skip")]
    assert {"file", "roles"} <= {one["name"] for one in rxsync(home, "plugin", env=environment)["plugins"]}
    with http_server(server) as url:
        words = ("sync", f"{url}roles.json", "--repository", "roles", "--plugin", "roles")
        wrong = rxsync(home, *words, "-o", "on_link=skip", env=environment, expect=2)
        assert wrong["error"]["message"] == "plugin 'roles' has no option 'on_link'; did you mean on_lint?"
        failed = rxsync(home, *words, "-o", "on_lint=fail", env=environment, expect=4)
        assert failed["version"] is None
        report = rxsync(home, *words, env=environment, expect=3)
    assert (report["new"], report["skipped"], report["version"]) == (1, 1, 1)
    assert rxsync(home, "repository", "show", "roles")["present"] == 1  # without its plugin
    assert rxsync(home, "plugin")["without_plugin"] == ["roles.version"]
    missing = rxsync(home, "sync", "http://127.0.0.1:9/", "--repository", "roles", "--plugin", "roles", expect=2)
    assert missing["error"]["message"].startswith("no plugin 'roles'; installed: ")
