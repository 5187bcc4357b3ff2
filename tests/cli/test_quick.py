"""``rxsync --help`` brings only what help needs."""

import subprocess
import sys

import pytest

HEAVY = ("asyncio", "aiohttp", "peewee", "reactivex", "rich", "stamina", "rxsync.pipeline")


@pytest.mark.parametrize("args", [["--help"], ["sync", "--help"], ["--version"], ["bogus"]], ids=" ".join)
def test_nothing_heavy_is_imported_before_a_command_runs(args):
    script = f"import sys; from rxsync.cli import run; run({args}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "click" in loaded
    assert [name for name in HEAVY if name in loaded] == []
