"""What the pages say is true: their code runs, their links lead somewhere."""

import doctest
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
from nbclient import NotebookClient

from rxsync.pipeline.standard import Run, standard

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "notebooks" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


PYTHON = [(page, number, code) for page in PAGES for number, code in enumerate(blocks(page, "python"), 1)]


@pytest.fixture
def checkout(tmp_path):
    """A folder with the examples where the pages say they are."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    return tmp_path


@pytest.mark.parametrize(("page", "number", "code"), PYTHON, ids=[f"{p.name} {n}" for p, n, _ in PYTHON])
def test_every_python_block_runs(checkout, page, number, code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_first_commands_of_the_readme_mirror_the_example_and_show_it(checkout):
    first, ask, *_ = blocks(ROOT / "README.md", "sh")
    install, _, sync = first.partition(" && ")
    assert install == "python -m pip install ."
    lines = [sync, *ask.strip().splitlines()]
    said = []
    for line in lines:
        program, *words = line.split()
        assert program == "rxsync"
        done = subprocess.run(
            [sys.executable, "-m", "rxsync", *words], cwd=checkout, capture_output=True, text=True, check=True
        )
        said.append(done.stdout)
    assert "version 1" in said[0]
    assert "iso/tiny.iso" in said[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_of_ours_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


EXAMPLES = [path for path in sorted((ROOT / "rxsync").rglob("*.py")) if ">>>" in path.read_text()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_in_a_docstring_is_true(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0


def test_the_page_on_the_line_shows_it_as_it_is():
    nothing = SimpleNamespace(read=None, write=None, put=None, release=None, fetch=None)
    run = Run("0" * 32, 1, 1, nothing, nothing, nothing, nothing, False, 50, lambda size: None)
    assert f"```text\n{standard(run)}\n```" in (ROOT / "docs" / "line.md").read_text()


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_runs_and_every_figure_in_it_is_drawn(tmp_path, path):
    notebook = jupytext.read(path)
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    for cell in notebook.cells:
        outputs = cell.get("outputs", ())
        assert not [output for output in outputs if output.get("name") == "stderr"], cell.source
        if "plt.subplots(" in cell.source:
            assert [output for output in outputs if "image/png" in output.get("data", ())], cell.source


def test_the_page_of_notebooks_lists_each_of_them():
    listed = re.findall(r"\]\((.*?\.py)\)", (ROOT / "notebooks" / "README.md").read_text())
    assert listed == [path.name for path in NOTEBOOKS]
