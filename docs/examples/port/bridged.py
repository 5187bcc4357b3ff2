"""The classic first stage and a stage in the middle, moved by changing their base class."""

# [imports]
import asyncio
import csv
import tempfile
from urllib.parse import quote

import rxsync
from rxsync.operators import PortedStage, as_source, as_stage
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, Plugin
from rxsync.plugins.file import FileContent


# [first]
class FileFirstStage(PortedStage):
    def __init__(self, url, downloader):
        self.url, self.downloader = url, downloader

    async def run(self):
        async for line in self.downloader.lines(self.url + "PULP_MANIFEST"):
            [(path, sha256, size)] = csv.reader([line])
            artifact = DeclarativeArtifact(self.url + quote(path), path, digests={"sha256": sha256}, size=int(size))
            await self.put(DeclarativeContent(FileContent(relative_path=path, sha256=sha256), [artifact]))


# [middle]
class NoImages(PortedStage):
    async def run(self):
        async for batch in self.batches():
            for unit in batch:
                if unit.name.endswith(".iso"):
                    unit.skip("an image")  # and not put: its waiters are told, and the report counts it
                else:
                    await self.put(unit)


# [plugin]
class FilePlugin(Plugin):
    name = "files"
    content_types = (FileContent,)

    def declare(self, run):
        return as_source(lambda: FileFirstStage(run.remote.url, run.downloader))

    def recipe(self, standard, run):
        return standard.before("download_artifacts", no_images=as_stage(NoImages))


# [sync]
async def main():
    home = rxsync.open(tempfile.mkdtemp())
    report = await rxsync.sync("docs/examples/files", home.repository("files"), plugin=FilePlugin())
    assert (report.version, report.new, report.skipped) == (1, 2, 1), report


asyncio.run(main())
