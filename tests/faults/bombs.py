"""An index that is little on the wire and would be 4 GiB of text.

Faults. ``python -m tests.faults.bombs URL CODING`` reads one in a process of its own, and prints what that cost.
"""

from __future__ import annotations

import asyncio
import bz2
import json
import lzma
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from rxsync.download import open_downloader
from rxsync.errors import MetadataError
from rxsync.testing.bombs import BLOCK
from rxsync.testing.faults import Script, answer, fault_server, gzip_bomb
from rxsync.testing.scratch import MemoryScratch
from tests.bench.measure import peak
from tests.faults.row import Outcome

SIZE = 4 << 30
MOST = 16 * 2**20 / 1e6
"""Most memory that reading one may add, in MB (a million bytes): 16 MiB."""

PACK: dict[str, Callable[[bytes], bytes]] = {"xz": lzma.compress, "bz2": bz2.compress}


async def bomb(_: Path, __: int, *, coding: str) -> Outcome:
    """Have a process read a bomb.

    Args:
        coding: ``gzip``, ``xz`` or ``bz2`` for a file; ``way`` for a text that is compressed for the way alone.
    """
    async with fault_server() as server:
        server.serve("/small", answer(b"a\n"))
        url = server.serve("/bomb", _script(coding))
        command = [sys.executable, "-m", "tests.faults.bombs", server.url("/small"), url, coding]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _error = await process.communicate()
    grown, error = json.loads(said)
    told = f"{'refused' if error else 'READ'}; memory grew by {grown:.1f} MB"
    return Outcome(1, told, bool(error) and grown <= MOST)


def _script(coding: str) -> Script:
    if coding in ("gzip", "way"):
        return gzip_bomb(SIZE, encoded=coding == "way")
    text = BLOCK * 8  # as much as xz looks back over
    stream = PACK[coding](text)

    async def streams() -> AsyncGenerator[bytes, None]:
        for _ in range(SIZE // len(text)):
            yield stream

    return Script(answer(length=None).wire, answer(length=None).end, more=streams)


async def _read(small: str, url: str, coding: str) -> None:
    """Read a small text, then the bomb; print by how many MB memory grew, and the error."""
    error = ""
    async with open_downloader(small, MemoryScratch()) as downloads:
        async for _ in downloads.lines(small):
            pass
        before = peak()
        try:
            async for _ in downloads.lines(url, **({} if coding == "way" else {"coding": coding})):
                pass
        except MetadataError as problem:
            error = str(problem)
    print(json.dumps([peak() - before, error]))


if __name__ == "__main__":
    asyncio.run(_read(*sys.argv[1:]))
