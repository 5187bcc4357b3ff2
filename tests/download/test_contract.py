"""The downloader keeps to the contract of its port, over sockets; so does the simulated one, without any."""

from contextlib import asynccontextmanager

from rxsync.download import Link, open_downloader
from rxsync.testing import SimulatedRemote
from rxsync.testing.downloader import DownloaderTests
from rxsync.testing.downloader_opened import Opened


class TestDownloads(DownloaderTests):
    def open_downloader(self, source_url, scratch):
        return open_downloader(source_url, scratch, Link(retries=self.retries), backoff=0)


class TestSimulatedRemote(DownloaderTests):
    retries = 3

    @asynccontextmanager
    async def opened(self):
        remote = SimulatedRemote(retries=self.retries)
        yield Opened(remote, remote, remote.scratch)
