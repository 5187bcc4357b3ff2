"""What the pages say is true: their code runs, their links lead somewhere."""

import doctest
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
from nbclient import NotebookClient

import rxsync.flow
import rxsync.operators
from rxsync.pipeline.standard import Run, standard

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "notebooks" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>.+) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL
)


def blocks(page, language):
    """Blocks in a language, and why they are not run, by a comment in the line above; None where they are."""
    return [(m["code"], m["why"]) for m in BLOCK.finditer(page.read_text()) if m["language"] == language]


def all_blocks(language, pages=PAGES):
    rows = [(page, number, *block) for page in pages for number, block in enumerate(blocks(page, language), 1)]
    return [pytest.param(*row, id=f"{row[0].parent.name}/{row[0].name} {row[1]}") for row in rows]


@pytest.fixture
def checkout(tmp_path):
    """A folder with the examples where the pages say they are."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    return tmp_path


def is_run(why):
    """Skip what says why it cannot run."""
    if why is not None:
        pytest.skip(why)


def python(arguments, folder):
    """Run Python, and complain of whatever it complains of."""
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "number", "code", "why"), all_blocks("python"))
def test_every_python_block_runs_or_says_why_not(checkout, page, number, code, why):
    compile(code, page.name, "exec")
    is_run(why)
    python(["-c", code], checkout)


@pytest.mark.parametrize(("page", "number", "code", "why"), all_blocks("sh", PAGES[1:]))
def test_every_command_of_the_pages_runs_or_says_why_not(checkout, tmp_path, page, number, code, why):
    is_run(why)
    program = tmp_path / "bin" / "rxsync"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rxsync "$@"\n')
    program.chmod(0o755)
    earlier = "".join(code for code, why in blocks(page, "sh")[: number - 1] if why is None)
    path = f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", earlier + code],
        cwd=checkout, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


PROGRAMS = sorted((ROOT / "docs" / "examples").glob("*/*.py"))
PROGRAMS = [path for path in PROGRAMS if path.name != "setup.py"]  # of a distribution, which has tests of its own


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_every_example_runs_or_says_why_not(checkout, path):
    code = path.read_text()
    compile(code, path.name, "exec")
    said = re.search(r"^# not run: (.+)$", code, re.MULTILINE)
    is_run(said and said[1])
    python([str(path)], checkout)


def operators():
    """Every public function that is an operator, a source, or makes one."""
    for module in (rxsync.flow, rxsync.operators):
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing) and name != "run":
                yield pytest.param(f"{module.__name__}.{name}", thing, id=name)


@pytest.mark.parametrize(("name", "function"), [*operators()])
def test_every_operator_stands_on_the_page_of_operators_with_its_marble(name, function):
    assert re.search(rf"^.. autofunction:: {re.escape(name)}$", (ROOT / "docs" / "stages.md").read_text(), re.MULTILINE)
    assert re.search(r"^ {4,}\S.* +[-(][-\w(),|#]*[|#)]( |$)", inspect.getdoc(function), re.MULTILINE)


def test_the_first_commands_of_the_readme_mirror_the_example_and_show_it(checkout):
    (first, _), (ask, _), *_ = blocks(ROOT / "README.md", "sh")
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
    run = Run("0" * 32, *[nothing] * 10, on_demand=False, max_concurrent=50, received=print, nested=print)
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
