"""The same plugin without the bridge: what was a first stage is an async generator, what was a stage is a function."""

# [imports]
import asyncio
import csv
import tempfile
from contextlib import aclosing
from urllib.parse import quote

import rxsync
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, Plugin, expand
from rxsync.plugins.file import FileContent


# [plugin]
def no_images(unit):
    if unit.name.endswith(".iso"):
        unit.skip("an image")
        return []
    return [unit]


class FilePlugin(Plugin):
    name = "files"
    content_types = (FileContent,)

    async def declare(self, run):
        url = run.remote.url
        async with aclosing(run.downloader.lines(url + "PULP_MANIFEST")) as lines:
            async for line in lines:
                [(path, sha256, size)] = csv.reader([line])
                artifact = DeclarativeArtifact(url + quote(path), path, digests={"sha256": sha256}, size=int(size))
                yield DeclarativeContent(FileContent(relative_path=path, sha256=sha256), [artifact])

    def recipe(self, standard, run):
        return standard.before("download_artifacts", no_images=expand(no_images))


# [sync]
async def main():
    home = rxsync.open(tempfile.mkdtemp())
    report = await rxsync.sync("docs/examples/files", home.repository("files"), plugin=FilePlugin())
    assert (report.version, report.new, report.skipped) == (1, 2, 1), report


asyncio.run(main())
