"""Other processes: the store is shared by them, and they die."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PREAMBLE = """
import asyncio, os, signal, sys
from pathlib import Path
from rxsync.errors import StorageError
from rxsync.declare.body import Body
from rxsync.storage import LocalStorage, durable, folders
from rxsync.testing.storage import received, sha256_of, some_bytes

def made(data):
    return Body(len(data), {"sha256": sha256_of(data)}, data=data)

def say(word):
    print(word, flush=True)

def heard():
    return sys.stdin.readline().strip()

home = Path(sys.argv[1])
storage = LocalStorage(home)
"""


class Child:
    """A process that runs ``main`` of a script; talks in lines."""

    def __init__(self, main: str, *arguments: object, under: tuple[str, ...] = ()) -> None:
        script = PREAMBLE + textwrap.dedent(main)
        self.process = subprocess.Popen(
            [*under, sys.executable, "-c", script, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def heard(self) -> str:
        """Its next line; what it complained of, where there is none."""
        return self.process.stdout.readline().strip() or self.process.stderr.read()

    def say(self, word: str) -> None:
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        """Wait for its end: exit status, and all it said."""
        said, complaints = self.process.communicate()
        return self.process.returncode, said + complaints


@pytest.fixture
def child():
    """Start processes that do not outlive the test."""
    children = []

    def start(main, *arguments, **options):
        children.append(Child(main, *arguments, **options))
        return children[-1]

    yield start
    for each in children:
        each.process.kill()
        each.process.communicate()
