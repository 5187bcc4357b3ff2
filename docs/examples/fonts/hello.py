"""A plugin that says what a folder of fonts holds, and a sync with it."""

# [imports]
import asyncio
import hashlib
import tempfile
from pathlib import Path

from peewee import FixedCharField, TextField

import rxsync
from rxsync.plugin import Content, DeclarativeArtifact, DeclarativeContent, Plugin


class Font(Content):
    name = TextField()
    version = TextField()
    sha256 = FixedCharField(64)

    class Meta:
        content_type = "fonts.font"
        natural_key = ("name", "version", "sha256")
        repository_key = ("name", "version")


class FontPlugin(Plugin):
    name = "fonts"
    content_types = (Font,)

    async def declare(self, run):
        async for line in run.downloader.lines(run.remote.url + "index.txt"):
            name, version, sha256, size = line.split()
            path = f"{name}-{version}.ttf"
            url, digests = run.remote.url + path, {"sha256": sha256}
            yield DeclarativeContent(
                Font(name=name, version=version, sha256=sha256),
                [DeclarativeArtifact(url, path, digests=digests, size=int(size))],
            )


# [sync]
def make_foundry(folder):
    """Two fonts, and an index that lists them."""
    lines = []
    for name in ("mono", "serif"):
        data = f"font {name}".encode()
        (folder / f"{name}-1.0.ttf").write_bytes(data)
        lines.append(f"{name} 1.0 {hashlib.sha256(data).hexdigest()} {len(data)}")
    (folder / "index.txt").write_text("\n".join(lines))


async def main():
    source, home = Path(tempfile.mkdtemp()), rxsync.open(tempfile.mkdtemp())
    make_foundry(source)
    report = await rxsync.sync(str(source), home.repository("fonts"), plugin=FontPlugin())
    assert (report.version, report.new) == (1, 2), report
    print(report)


asyncio.run(main())
