"""What a run lends: to the plugin, to its steps, and to the standard ones.

Floor 4, pipeline. Whatever a step needs it takes from here as an argument, nothing from globals.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent
from rxsync.download import Controls, LineSplitter, decoded, decoder_of
from rxsync.errors import FlowError
from rxsync.flow import Bound, Dial
from rxsync.models import Remote
from rxsync.operators.budget import Budget
from rxsync.operators.download_artifacts import PER_HOST, request_of
from rxsync.pipeline.policy import FAIL, ErrorPolicy
from rxsync.pipeline.quarantine import WrongBytes, keep_aside
from rxsync.pipeline.report import Report
from rxsync.ports.catalog import Catalog
from rxsync.ports.downloader import Coding, Downloader, Request
from rxsync.ports.storage import Scratch, Storage
from rxsync.threads import in_thread
from rxsync.typing import OnError

Options = TypeVar("Options")
Context = TypeVar("Context")


Declare = Callable[[Any], AsyncIterator[DeclarativeContent]]
"""An async generator function of a run."""

OnNested = Literal["fail", "skip"]
Nested = Callable[[str, Declare, OnNested], Awaitable[Report]]

LONGEST = 1 << 20
"""Longest line of a text, in bytes."""


@dataclass(frozen=True)
class Run(Generic[Options, Context]):
    """One run, as its plugin and its steps see it.

    Attributes:
        id: 32 hex digits.
        remote: where from; ``remote.url`` is the source as it was given, a folder as ``file:///…/``.
        options: what the operator said with ``-o``, as the plugin's dataclass.
        context: the plugin's own, made anew for each run: for what leaves the line.
        downloader: where bytes come from.
        remote_key: key of the remote in the catalog.
        repository_key: key of the repository in the catalog.
        catalog: where rows go.
        storage: where bytes go.
        scratch: where bytes are until then.
        aside: folder for what is kept for a look.
        on_demand: True where bytes are left for later unless an artifact says otherwise.
        max_concurrent: most units being downloaded at once; a dial where that may change.
        per_host: most of them whose bytes are on one host: a number, or what gives the dial of a host.
        controls: sets how much, how often and how fast is fetched, from now on.
        received: told each number of bytes as they arrive.
        nested: runs the line of a sub-repository; see ``subrepository``.
        errors: what to do with units whose bytes cannot be had.
        spare: leaves such a unit out, or raises; None where every failure is the run's.
        wrong: where wrong bytes were put, by what was wanted.
        second_pass: True where units whose bytes did not come are worked on once more; not where nothing is retried.
        budget: of bytes that are downloaded and not yet stored.
        planning: True where nothing is written, and bytes are fetched only where somebody reads them.
    """

    id: str
    remote: Remote
    options: Options
    context: Context
    downloader: Downloader
    remote_key: int
    repository_key: int
    catalog: Catalog
    storage: Storage
    scratch: Scratch
    aside: Path
    on_demand: bool
    max_concurrent: Bound
    received: Callable[[int], None]
    nested: Nested
    errors: ErrorPolicy = FAIL
    spare: OnError | None = None
    wrong: dict[object, Path] = field(default_factory=dict)
    second_pass: bool = False
    planning: bool = False
    per_host: int | Callable[[str], Dial] = PER_HOST
    controls: Controls = field(default_factory=Controls)
    budget: Budget = field(default_factory=Budget)

    async def subrepository(self, name: str, declare: Declare, *, on_error: OnNested = "fail") -> Report:
        """Sync what ``declare`` gives into a repository of its own, ``REPOSITORY+name``, by a line of its own.

        Awaited inside the plugin's ``declare``, so the parts come first and the whole last. Each part is a version, or
        none, for itself; what it did stands in ``report.repositories``. Options and context are those of this run.

        Args:
            name: letters, digits and ``._+-``.
            declare: as the plugin's own.
            on_error: ``fail``: its failure is this run's; ``skip``: it is told as a problem, and this run goes on.

        Raises:
            RxSyncError: it failed, and ``on_error`` is ``fail``.
        """
        return await self.nested(name, declare, on_error)

    async def bytes_of(self, artifact: DeclarativeArtifact) -> bytes:
        """Read the whole of a file that has been fetched, or is in the store.

        Raises:
            FlowError: its bytes are not here.
            StorageError: they cannot be read.
        """
        return b"".join([piece async for piece in self.pieces_of(artifact)])

    async def pieces_of(self, artifact: DeclarativeArtifact) -> AsyncGenerator[bytes, None]:
        """Stream a file that has been fetched, or is in the store, piece by piece.

        Raises:
            FlowError: its bytes are not here.
            StorageError: they cannot be read.
        """
        await self._come_by(artifact)
        body, stored = artifact.body, artifact.stored
        if body is not None and body.kept:  # shared with a unit that is saved already: the store has it, and it alone
            async for piece in self.storage.read(body.sha256):
                yield piece
        elif body is not None and body.data is not None:
            yield body.data
        elif body is not None and body.path is not None:
            with body.path.open("rb") as file:
                while piece := await in_thread(None, lambda: file.read(1 << 20)):
                    yield piece
        elif stored is not None:
            async for piece in self.storage.read(stored.sha256):
                yield piece
        else:
            raise FlowError(f"{artifact.relative_path}: its bytes are not here; await its unit, or do not defer it")

    async def _come_by(self, artifact: DeclarativeArtifact) -> None:
        """A plan fetches what somebody reads, and that alone; a sync has it by now."""
        if self.planning and artifact.body is None and artifact.stored is None and not artifact.deferred:
            artifact.body = await self.downloader.fetch(request_of(artifact, self.received))

    async def lines_of(self, artifact: DeclarativeArtifact, *, coding: Coding | None = None) -> AsyncIterator[str]:
        """Read a text file that has been fetched, or is in the store, line by line: UTF-8, without their ends.

        Args:
            artifact: the file.
            coding: what it is compressed by; None: it is text.

        Raises:
            FlowError: its bytes are not here.
            StorageError: they cannot be read.
            MetadataError: it is no text in UTF-8, or what is compressed is broken or becomes too much; names the file.
        """
        name, pieces = artifact.relative_path, self.pieces_of(artifact)
        splitter, decoder = LineSplitter(name, LONGEST), decoder_of(name, coding, None)
        async with aclosing(pieces if decoder is None else decoded(pieces, decoder)) as text:
            async for piece in text:
                for line in splitter.feed(piece):
                    yield line
        for line in splitter.close():
            yield line

    async def quarantine(self, unit: DeclarativeContent, reason: str) -> None:
        """Keep the fetched files of a unit, and why they did not come in, for a look: ``quarantine/RUN/N`` in the home.

        Raises:
            StorageError: there is no room or no permission.
        """
        await keep_aside(self.aside, unit, reason, self.pieces_of)

    async def fetch(self, request: Request) -> Body | None:
        """Fetch one file, as the downloader does; wrong bytes go to the quarantine, where that is the policy.

        Raises:
            DownloadError: it cannot be had.
            StorageError: there is no room or no permission.
        """
        wrong = WrongBytes(self.aside, self.wrong)
        keeping = self.errors.keeping(self.downloader.fetch, wrong.keep, self.scratch.release, wrong.drop)
        return await keeping(request)
