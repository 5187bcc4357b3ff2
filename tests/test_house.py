"""The house stands: imports go down its floors, also inside functions; each file says what it is for."""

import ast
import configparser
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rxsync

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "rxsync"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 300, 50

setup = configparser.ConfigParser()
setup.read(ROOT / "setup.cfg")


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def imports(path):
    """What a file imports of rxsync, wherever in it, as full module names."""
    me, found = module(path), set()
    package = me if path.name == "__init__.py" else me.rpartition(".")[0]
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names}
    return {name for name in found if name in MODULES and name != me}


def floors():
    """Floor by module prefix, 0 the lowest, from the import contract."""
    rows = setup["importlinter:contract:floors"]["layers"].strip().splitlines()
    return {name.strip(): floor for floor, row in enumerate(reversed(rows)) for name in re.split("[|:]", row)}


FLOORS = floors()


def floor(name):
    return max((f for prefix, f in FLOORS.items() if name == prefix or name.startswith(f"{prefix}.")), default=None)


@pytest.mark.parametrize("path", FILES, ids=module)
def test_each_file_opens_with_its_purpose_and_is_short(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "no module docstring"
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            assert node.end_lineno - body[0].lineno < LONGEST_FUNCTION, node.name


def test_every_module_stands_on_a_floor():
    assert {name for name in MODULES if floor(name) is None} <= {"rxsync", "rxsync.__main__"}


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_go_down_also_inside_functions(path):
    here = floor(module(path))
    if here is not None:
        up = {name for name in imports(path) if (there := floor(name)) is None or there > here}
        assert up - {"rxsync"} == set()


def test_there_is_no_circle_of_imports():
    graph = {name: imports(path) for name, path in MODULES.items()}
    done, under_way = set(), []

    def visit(name):
        assert name not in under_way, " -> ".join([*under_way[under_way.index(name) :], name])
        if name not in done:
            under_way.append(name)
            for other in sorted(graph[name]):
                visit(other)
            under_way.pop()
            done.add(name)

    for name in graph:
        visit(name)


def test_operators_and_backends_do_not_know_each_other():
    wings = setup["importlinter:contract:wings"]["modules"].split()
    for name, path in MODULES.items():
        wing = next((w for w in wings if name == w or name.startswith(f"{w}.")), None)
        if wing is not None:
            others = {i for i in imports(path) for w in wings if w != wing and (i == w or i.startswith(f"{w}."))}
            assert others == set(), name


def test_the_flow_knows_nothing_of_content():
    known = ("rxsync.flow", "rxsync.errors", "rxsync.typing", "rxsync.resolution", "rxsync.threads")
    for name, path in MODULES.items():
        if name.startswith("rxsync.flow"):
            assert {i for i in imports(path) if not i.startswith(known)} == set(), name


def test_the_front_door_is_small_lazy_and_whole():
    assert len(rxsync.__all__) <= 12
    for name in rxsync.__all__:
        assert getattr(rxsync, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = rxsync.nonsense
    heavy = "{'peewee', 'reactivex', 'aiohttp', 'rich'} & set(sys.modules)"
    code = f"import sys, rxsync; print({heavy})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout == "set()\n"


def test_every_module_can_be_the_first_to_be_imported():
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)"
    for name in MODULES:
        if not name.endswith("__main__"):
            importlib.import_module(name)
    starts = ["rxsync.operators", "rxsync.testing.clock", "rxsync.plugin", "rxsync.catalog", "rxsync.download"]
    for name in starts:
        done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr


def test_lint_exemptions_have_a_reason_beside_them():
    for path in FILES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for mark in ("# noqa", "# type: ignore", "# pragma: no cover"):
                if mark in line:
                    reason = line.split(mark)[1].split("]" if "[" in line.split(mark)[1] else " ", 1)[-1]
                    reason = re.sub(r"\b[A-Z]+\d+\b,?", "", reason)
                    assert len(reason.strip(" #-:")) > 10, f"{path.name}:{number}"


def test_the_top_level_is_what_the_owner_fixed():
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT).stdout.split(
        "\n"
    )
    top = {name.split("/")[0] for name in tracked if name}
    allowed = {"setup.cfg", "setup.py", "rxsync", "tests", "docs", "notebooks", "README.md", "LICENSE"}
    assert {name for name in top if not name.startswith(".")} <= allowed
    assert tomllib.loads((ROOT / ".ruff.toml").read_text())["target-version"] == "py311"


def test_every_decision_is_listed_and_every_listed_one_is_there():
    pages = {path.name for path in (ROOT / "docs" / "decisions").glob("0*.md")}
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert {name for name in pages if f"]({name})" not in index} == set()
    assert index.count("](0") == len(pages)
