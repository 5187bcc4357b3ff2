"""The plugin of hello.py, grown: options, related rows, steps of its own, a look at the whole, and two more files."""

# [imports]
import asyncio
import hashlib
import tempfile
from contextlib import aclosing
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from peewee import FixedCharField, ForeignKeyField, TextField

import rxsync
from rxsync.plugin import (
    Content,
    DeclarativeArtifact,
    DeclarativeContent,
    MetadataError,
    Plugin,
    Related,
    for_new_content,
    validate,
)


# [related]
class Foundry(Related):
    """Who made a font: a row that is no content, shared by many."""

    name = TextField()

    class Meta:
        related_type = "fonts.foundry"
        natural_key = ("name",)


class Font(Content):
    name = TextField()
    version = TextField()
    sha256 = FixedCharField(64)
    foundry = ForeignKeyField(Foundry)
    licence = TextField(null=True)

    class Meta:
        content_type = "fonts.font"
        natural_key = ("name", "version", "sha256")
        repository_key = ("name", "version")


# [options]
@dataclass
class FontOptions:
    """What may be chosen with ``-o KEY=VALUE``, or as ``options=``."""

    only: str = "*"


@dataclass
class FontContext:
    """What a run learns beside its units."""

    licences: set[str] = field(default_factory=set)


# [plugin]
class FontPlugin(Plugin[FontOptions, FontContext]):
    name = "fonts"
    content_types = (Font,)
    related_types = (Foundry,)
    options = FontOptions
    context = FontContext

    async def declare(self, run):
        number = 0
        async with aclosing(run.downloader.lines(run.remote.url + "index.txt")) as lines:
            async for line in lines:
                number += 1
                try:
                    name, version, sha256, size, made_by = line.split()
                except ValueError:
                    raise MetadataError(f"index.txt line {number}: expected five words, came {line!r}") from None
                if fnmatch(name, run.options.only):
                    yield self.unit(run, number, name, version, sha256, int(size), Foundry(name=made_by))

    def unit(self, run, number, name, version, sha256, size, foundry):
        path = f"{name}-{version}.ttf"
        url, digests = run.remote.url + path, {"sha256": sha256}
        return DeclarativeContent(
            Font(name=name, version=version, sha256=sha256, foundry=foundry),
            [DeclarativeArtifact(url, path, digests=digests, size=size)],
            related=[foundry],
            origin=f"index.txt line {number}",
        )

    # [recipe]
    def recipe(self, standard, run):
        async def ask_for_licence(unit):
            """One more request, for new fonts only."""
            url = f"{run.remote.url}{unit.content.name}.licence"
            async with aclosing(run.downloader.lines(url)) as lines:
                unit.content.licence = await anext(lines)
            run.context.licences.add(unit.content.licence)

        async def looks_like_a_font(unit):
            """A reason against it, or None."""
            data = await run.bytes_of(unit.artifacts[0])
            return None if data.startswith(b"font ") else f"begins with {data[:5]!r}, expected b'font '"

        return standard.after("query_existing_content", licences=for_new_content(ask_for_licence)).after(
            "download_artifacts", looks=validate(looks_like_a_font, policy="skip")
        )

    # [whole]
    def finalize_version(self, run, draft):
        if "proprietary" in run.context.licences:
            draft.refuse("a font with a proprietary licence")

    # [fingerprint]
    async def fingerprint(self, run, known):
        return await run.downloader.fingerprint(run.remote.url + "index.txt", known)


# [sync]
def make_foundry(folder):
    """Two fonts and a file that is none, their licences, and an index that lists them."""
    lines = []
    for name, data in {"mono": b"font mono", "serif": b"font serif", "virus": b"EVIL"}.items():
        (folder / f"{name}-1.0.ttf").write_bytes(data)
        (folder / f"{name}.licence").write_text("OFL-1.1\n")
        lines.append(f"{name} 1.0 {hashlib.sha256(data).hexdigest()} {len(data)} acme")
    (folder / "index.txt").write_text("\n".join(lines))


async def main():
    source, home = Path(tempfile.mkdtemp()), rxsync.open(tempfile.mkdtemp())
    make_foundry(source)
    report = await rxsync.sync(str(source), home.repository("fonts"), plugin=FontPlugin())
    assert (report.version, report.new, report.skipped) == (1, 2, 1), report
    print(report)


asyncio.run(main())
