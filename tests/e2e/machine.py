"""A whole home that people, runs and crashes work on, and what a plain model says it must hold.

Syncs in both modes, skips, sources that have not changed, plans, rollbacks, pins, labels, deletes, retention, runs that
die at any of several points, and gc, over real files and a real database.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import rxsync
from rxsync.errors import UsageError
from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, Plugin
from rxsync.plugins.file import FileContent
from tests.catalog.versions_model import VersionsModel

PATHS = st.sampled_from("abcd")
SOURCES = st.dictionaries(PATHS, st.sampled_from("xyz"), max_size=4)

DEAD = 9
"""What a process ends with that a run was killed in."""


def digest(word):
    return sha256(word.encode()).hexdigest()


class Words(Plugin):
    """Declares what ``source.json`` in the source's folder says; skips what it says, and dies where it says."""

    name = "words"
    content_types = (FileContent,)

    def said(self, run):
        return json.loads((folder_of(run) / "source.json").read_text())

    async def fingerprint(self, run, known):
        said = self.said(run)
        return digest(json.dumps(said, sort_keys=True))

    async def declare(self, run):
        said = self.said(run)
        for at, (path, word) in enumerate(sorted(said["files"].items())):
            artifact = DeclarativeArtifact(f"{run.remote.url}{word}", path, digests={"sha256": digest(word)})
            unit = DeclarativeContent(FileContent(relative_path=path, sha256=digest(word)), [artifact])
            if path in said["skipped"]:
                unit.skip("as it was told")
            yield unit
            if said["dies"] == f"after unit {at}":
                if path not in said["skipped"]:
                    await unit.resolution()
                os._exit(DEAD)

    def finalize_version(self, run, draft):
        if self.said(run)["dies"] == "in the transaction":
            os._exit(DEAD)

    async def after_run(self, run, report):
        if self.said(run)["dies"] == "after the version":
            os._exit(DEAD)


def folder_of(run):
    return Path(run.remote.url.removeprefix("file://"))


def die():
    """Be the process that a run dies in; its arguments are the home, the database, the source and the mode."""
    path, database, source, mode = sys.argv[1:]
    home = rxsync.open(path, database or None)
    asyncio.run(rxsync.sync(source, home.repository("r"), plugin=Words(), mode=mode, max_delete="100%"))


class Machine(RuleBasedStateMachine):
    """A home with one repository, and what it must hold."""

    database = None
    """URL of a database, or of none."""

    def __init__(self):
        super().__init__()
        self.runner, self.folder = asyncio.Runner(), tempfile.TemporaryDirectory(prefix="rxsync-machine-")
        self.source = Path(self.folder.name) / "source"
        self.source.mkdir()
        for word in "xyz":
            (self.source / word).write_text(word)
        self.home = rxsync.open(Path(self.folder.name) / "home", self.database)
        self.repository, self.model = self.home.repository("r"), VersionsModel()
        self.sync({}, mode="mirror", skipped=set(), full=False)

    def do(self, work):
        return self.runner.run(work)

    def declare(self, files, skipped=(), dies=None):
        said = {"files": files, "skipped": sorted(set(skipped) & set(files)), "dies": dies}
        (self.source / "source.json").write_text(json.dumps(said))
        return {path: word for path, word in files.items() if path not in skipped}

    def foresee(self, files, skipped, mode):
        """What the model holds after a sync that comes to its end; answers the number of its version, or None."""
        came = self.declare(files, skipped)
        left = set(files) - set(came)
        kept = {(p, w) for p, w in self.model.versions[self.model.newest] if p in left} if mode == "mirror" else set()
        return self.model.sync(set(came.items()) | kept, mirror=mode == "mirror", skipped=len(left))

    @rule(
        files=SOURCES,
        mode=st.sampled_from(["mirror", "additive"]),
        skipped=st.sets(PATHS, max_size=2),
        full=st.booleans(),
    )
    def sync(self, files, mode, skipped, full):
        self.declare(files, skipped)
        how = {"plugin": Words(), "mode": mode, "max_delete": "100%"}
        planned = self.do(rxsync.plan(str(self.source), self.repository, **how))
        report = self.do(rxsync.sync(str(self.source), self.repository, full=full, **how))
        made = self.foresee(files, skipped, mode)
        assert report.balances
        assert (report.version if report.created else None) == made
        assert report.exit_code == (3 if set(files) & skipped else 0)
        assert (len(planned.add), len(planned.remove)) == (report.added, report.removed)

    @rule(mode=st.sampled_from(["mirror", "additive"]))
    def sync_again(self, mode):
        said = json.loads((self.source / "source.json").read_text())
        self.sync(said["files"], mode, set(said["skipped"]), full=False)

    @precondition(lambda self: self.model.versions)
    @rule(
        files=SOURCES,
        mode=st.sampled_from(["mirror", "additive"]),
        dies=st.sampled_from(["after unit 0", "after unit 2", "in the transaction", "after the version"]),
    )
    def die(self, files, mode, dies):
        self.declare(files, dies=dies)
        command = [sys.executable, "-c", "from tests.e2e.machine import die; die()", str(self.home.path)]
        done = subprocess.run(
            [*command, self.database or "", f"{self.source}/", mode], capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, DEAD), done.stderr
        if done.returncode == 0 or dies == "after the version":
            self.foresee(files, (), mode)
        self.declare(files)

    @rule(data=st.data())
    def roll_back(self, data):
        number = self.some(data)
        done = self.do(self.repository.roll_back(number))
        assert (done.version.number, done.made) == self.model.roll_back(number)

    @rule(data=st.data())
    def pin(self, data):
        self.model.pinned = self.some(data)
        self.do(self.repository.pin(self.model.pinned))

    @rule()
    def unpin(self):
        self.model.pinned = None
        assert self.do(self.repository.unpin()).number == self.model.newest

    @rule(data=st.data(), label=st.sampled_from(["stable", "last-good"]))
    def label(self, data, label):
        self.model.labels[label] = self.some(data)
        self.do(self.repository.label(self.model.labels[label], label))

    @precondition(lambda self: self.model.labels)
    @rule(data=st.data())
    def unlabel(self, data):
        label = data.draw(st.sampled_from(sorted(self.model.labels)))
        assert self.do(self.repository.unlabel(label)).number == self.model.labels.pop(label)

    @rule(data=st.data())
    def delete(self, data):
        number = self.some(data)
        if reason := self.model.stays(number):
            with pytest.raises(UsageError, match=reason):
                self.do(self.repository.delete_version(number))
        else:
            self.do(self.repository.delete_version(number))
            self.model.delete(number)

    @rule(keep=st.integers(1, 4))
    def retain(self, keep):
        assert self.do(self.repository.retain(keep)) == self.model.retain(keep)

    @rule(keep=st.none() | st.integers(1, 4))
    def gc(self, keep):
        """With nobody at work and no grace, just what versions hold is left."""
        foreseen = self.do(self.home.gc(keep=keep, grace=0, dry_run=True))
        done = self.do(self.home.gc(keep=keep, grace=0))
        assert [number for _, number in done.versions] == (self.model.retain(keep) if keep else [])
        assert (done.content, done.artifacts, done.files, done.bytes_freed) == (
            foreseen.content,
            foreseen.artifacts,
            foreseen.files,
            foreseen.bytes_freed,
        )
        held = {unit for units in self.model.versions.values() for unit in units}
        assert self.stored() == {digest(word) for _, word in held}
        assert self.do(self.home.read(lambda tx: tx.connection.execute("SELECT count(*) FROM content").fetchone())) == (
            len(held),
        )

    @invariant()
    def every_version_holds_what_the_model_says_and_its_bytes_are_here(self):
        model, versions, stored = self.model, self.do(self.repository.versions()), self.stored()
        assert [version.number for version in versions] == sorted(model.versions)
        for version in versions:
            number = version.number
            units = self.do(self.repository.units(number))
            held = {(path, sha) for unit in units for path, sha, _ in unit.files}
            assert held == {(path, digest(word)) for path, word in model.versions[number]}
            assert {sha for _, sha in held} <= stored
            assert (version.present, version.skipped) == (len(held), model.skipped[number])
            assert (version.added, version.removed) == model.changes(number)
            assert version.current == (number == model.current)

    def stored(self):
        return {path.parent.name + path.name for path in (self.home.path / "artifacts").glob("*/*")}

    def some(self, data):
        return data.draw(st.sampled_from(sorted(self.model.versions)))

    def teardown(self):
        self.runner.close()
        self.folder.cleanup()
