"""Where there is no ``$HOME``, no entry of the user, and a file that can only be read."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

USER = "54321"
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
AS_USER += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]  # an interpreter may lie in root's folder
as_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become a user without an entry"
)


@pytest.fixture
def anybody():
    """A folder where a user without an entry can work, if we can become one; else where we can."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "source").mkdir()
    (folder / "source" / "file").write_text("bytes")
    (folder / "data").mkdir()
    if os.geteuid() == 0:
        os.chown(folder / "data", int(USER), int(USER))
    yield folder
    shutil.rmtree(folder)


def as_anybody(folder, *words, **variables):
    """Run the command with next to no environment, and where that is possible as a user without an entry."""
    become = AS_USER if os.geteuid() == 0 and shutil.which("setpriv") else []
    return subprocess.run(
        [*become, sys.executable, "-m", "rxsync", *map(str, words)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_read_only_file_will_do_and_no_home_and_no_entry_of_the_user(anybody):
    folder = anybody
    path = folder / "etc" / "rxsync.toml"
    path.parent.mkdir()
    path.write_text(f"home = '{folder}/data'\n[repositories.tools]\nsource = '{folder}/source'")
    path.chmod(0o444)
    path.parent.chmod(0o555)
    for words, variables in ((("--config", path), {}), ((), {"RXSYNC_CONFIG": str(path)})):
        shown, synced = (
            as_anybody(anybody, *words, "config", **variables),
            as_anybody(anybody, *words, "sync", **variables),
        )
        assert (shown.returncode, shown.stderr) == (synced.returncode, synced.stderr) == (0, "")
    assert "1 repository: all well" in synced.stdout
    assert path.read_text().startswith("home = ")
    assert [one.name for one in path.parent.iterdir()] == ["rxsync.toml"]


def test_a_home_that_is_given_needs_no_data_folder_of_the_platform(anybody):
    folder = anybody
    done = as_anybody(anybody, "--home", folder / "data", "sync", "source", "--repository", "tools")
    assert (done.returncode, done.stderr) == (0, "")


@as_root
def test_without_any_word_about_the_home_it_is_asked_for_and_nothing_is_made(anybody):
    done = as_anybody(anybody, "sync", "source", "--repository", "tools")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: this user has no data folder: expected --home DIR or RXSYNC_HOME\n"
    assert sorted(path.name for path in anybody.iterdir()) == ["data", "source"]
