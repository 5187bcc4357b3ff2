"""The page on testing shows tests that pass, and the picture of one that fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import blocks

PAGE = Path(__file__).parent.parent.parent / "docs" / "testing.md"


def code(language):
    """Blocks of the page, whatever else is told of them."""
    return [block if isinstance(block, str) else block[0] for block in blocks(PAGE, language)]


def test_the_tests_on_the_page_pass(tmp_path):
    tests = [block for block in code("python") if "def test_" in block or "class Test" in block]
    assert len(tests) == 4
    for number, block in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(block)
    options = ["-W", "error", "-p", "rxsync.testing.pytest_plugin", "-o", "asyncio_mode=auto"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, "-o", "asyncio_default_fixture_loop_scope=function"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "53 passed, 1 skipped" in done.stdout


def test_the_picture_on_the_page_is_what_the_broken_stage_gives():
    first, picture = code("python")[0], code("text")[0]
    with pytest.raises(AssertionError) as caught:
        exec(first.replace("max_concurrent=2", "max_concurrent=1"), {})
    assert f"{caught.value}\n" == picture
