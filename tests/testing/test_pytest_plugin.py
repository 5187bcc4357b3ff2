"""Pytest finds the fixtures by itself, and nobody who does not use them notices."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NAME = "rxsync.testing.pytest_plugin"

LIGHT = """
    import sys

    def test_nothing_is_imported():
        assert {name for name in sys.modules if name.startswith("rxsync")} == {
            "rxsync", "rxsync.version", "rxsync.testing", "rxsync.testing.pytest_plugin"
        }
        assert not {"peewee", "reactivex", "aiohttp"} & set(sys.modules)
"""
FIXTURES = """
    import asyncio

    def test_all_four(home, catalog, remote, marbles):
        with marbles() as m:
            m.expect(m.hot("-a|"), "-a|")
        assert asyncio.run(catalog.read(lambda tx: tx.repositories())) == []
        assert not home.path.exists()
        assert remote.asked == []
"""
EXPLAINED = """
    from importlib.util import find_spec

    def test_assertions_of_a_suite_are_rewritten():
        assert type(find_spec("rxsync.testing.stages").loader).__name__ == "AssertionRewritingHook"
"""
OWN = """
    import pytest

    @pytest.fixture
    def remote():
        return "mine"

    def test_my_own_fixture_is_taken(remote):
        assert remote == "mine"
"""


@pytest.fixture
def installed(tmp_path):
    """A folder in which rxsync is a distribution with the entry point that setup.cfg declares."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    info = tmp_path / "rxsync_as_installed-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rxsync-as-installed\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[pytest11]{setup['options.entry_points']['pytest11']}\n")
    (info / "RECORD").write_text("")
    return tmp_path


def run_pytest(installed, test, *options):
    """Run a test in a process of its own that has no other plugins, where warnings are errors."""
    lines = test.strip("\n").splitlines()
    (installed / "test_it.py").write_text("\n".join(line.removeprefix("    ") for line in lines))
    path = os.pathsep.join([str(installed), str(ROOT)])
    others = [
        option for name in ("asyncio", "randomly", "timeout", "hypothesispytest") for option in ("-p", f"no:{name}")
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-W", "error", *others, *options, "test_it.py"],
        cwd=installed, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("options", [(), ("-p", NAME)], ids=["found", "found and asked for"])
@pytest.mark.parametrize("test", [LIGHT, FIXTURES, OWN, EXPLAINED], ids=["light", "fixtures", "own", "explained"])
def test_it_is_found_once_and_waits_to_be_asked(installed, test, options):
    run_pytest(installed, test, *options)


async def test_a_catalog_works_in_the_loop_of_a_test(catalog):
    assert await catalog.read(lambda tx: tx.find_content([])) == {}
