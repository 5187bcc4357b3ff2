"""Repositories of plain files: a folder with a ``PULP_MANIFEST`` in it, over HTTP or on disk.

Floor 5, plugins. A folder without a manifest is walked.
Follows: ``pulp_file``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from peewee import FixedCharField, TextField

from rxsync.plugin import Content, DeclarativeArtifact, DeclarativeContent, MetadataError, NoOptions, Plugin, Run
from rxsync.plugins.file.folder import MANIFEST, summed
from rxsync.plugins.file.manifest import ManifestEntry, ManifestError, parse_line


class FileContent(Content):
    """A file at a path. Another file at the same path takes its place in the next version.

    Follows: ``pulp_file.app.models.FileContent``.
    """

    relative_path: TextField[str] = TextField()
    sha256: FixedCharField[str] = FixedCharField(64)

    class Meta:
        """Two files are the same unit if path and bytes are the same."""

        content_type = "file.file"
        natural_key: tuple[str, ...] = ("relative_path", "sha256")
        repository_key: tuple[str, ...] = ("relative_path",)


class FilePlugin(Plugin[NoOptions, None]):
    """Reads a manifest, or a folder, as declarations."""

    name = "file"
    content_types: tuple[type[Content], ...] = (FileContent,)

    async def declare(self, run: Run[NoOptions, None]) -> AsyncIterator[DeclarativeContent]:
        """Declare each file of the source, in its order, while it is being read.

        Args:
            run: its ``remote.url`` is that of a manifest, whatever its name, or of a folder, which ends in a slash.

        Raises:
            MetadataError: the manifest is malformed; names the line, what was expected and what came.
            DownloadError: it cannot be had.
        """
        folder, manifest = _places(run)
        if manifest is None:
            async for entry in summed(_path(folder)):
                yield _unit(folder, entry, None)
            return
        name = unquote(urlsplit(manifest).path.rpartition("/")[2])
        number = 0
        async with aclosing(run.downloader.lines(manifest)) as lines:
            async for line in lines:
                number += 1
                try:
                    read = parse_line(number, line)
                except ManifestError as error:
                    raise _malformed(name, line, error) from error
                if read is not None:
                    yield _unit(folder, read, f"{name} line {number}")

    async def fingerprint(self, run: Run[NoOptions, None], known: str | None) -> str | None:
        """Say what the manifest looks like; a folder without one would have to be read."""
        _, manifest = _places(run)
        return None if manifest is None else await run.downloader.fingerprint(manifest, known)


def _places(run: Run[NoOptions, None]) -> tuple[str, str | None]:
    """The URLs of the folder and of its manifest; None where there is none."""
    url = str(run.remote.url)
    folder = url[: len(url.partition("?")[0].rpartition("/")[0]) + 1]
    if url != folder:
        return folder, url
    return folder, folder + MANIFEST if _has_manifest(folder) else None


def _malformed(name: str, line: str, error: ManifestError) -> MetadataError:
    malformed = MetadataError(f"{name or 'the manifest'} {error}")
    if line.lstrip().startswith("<"):
        malformed.hint = f"that is a web page: the URL of a folder with a {MANIFEST} in it ends in a slash"
    return malformed


def _unit(folder: str, entry: ManifestEntry, origin: str | None) -> DeclarativeContent:
    path, sha256, size = entry
    artifact = DeclarativeArtifact(folder + quote(path), path, digests={"sha256": sha256}, size=size)
    return DeclarativeContent(FileContent(relative_path=path, sha256=sha256), (artifact,), origin=origin)


def _has_manifest(folder: str) -> bool:
    return not folder.startswith("file:") or (_path(folder) / MANIFEST).exists()


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


plugin: FilePlugin = FilePlugin()
