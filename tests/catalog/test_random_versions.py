"""Versions at random, over a real catalog: whatever people do, each holds what a plain model says it holds.

``RXSYNC_EXAMPLES=2000`` draws that many, and others each time.
"""

import asyncio
import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rxsync.catalog import SqliteCatalog
from rxsync.errors import UsageError
from rxsync.pipeline.retention import retain
from rxsync.testing.catalog import TYPES
from rxsync.testing.catalog_units import leaf, sync

from .versions_model import VersionsModel

EXAMPLES = int(os.environ.get("RXSYNC_EXAMPLES", "0"))

units = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4).map(lambda drawn: set(drawn.items()))
labels = st.sampled_from(["stable", "last-good"])

# A row whose interval holds no version that exists is rubbish.
RUBBISH = """
    SELECT count(*) FROM repository_content m WHERE NOT EXISTS (
        SELECT 1 FROM repository_version v WHERE v.repository_id = m.repository_id
        AND v.number >= m.version_added AND (m.version_removed IS NULL OR v.number < m.version_removed))"""


class Versions(RuleBasedStateMachine):
    """A repository that people work on, and another that must never notice."""

    def __init__(self):
        super().__init__()
        self.runner, self.catalog, self.model = asyncio.Runner(), SqliteCatalog(), VersionsModel()
        self.do(self.catalog.prepare(TYPES))
        for declared in ({("a", 0), ("b", 1)}, {("a", 1)}):
            self.do(sync(self.catalog, self.leaves(declared), "other"))
        self.do(sync(self.catalog, [], begin_only=True))
        self.other = self.state("other")

    def do(self, work):
        return self.runner.run(work)

    def read(self, work):
        return self.do(self.catalog.read(work))

    def write(self, work):
        return self.do(self.catalog.write(work))

    def leaves(self, declared):
        return [leaf(path, f"{number:064x}") for path, number in sorted(declared)]

    def some(self, data):
        return data.draw(st.sampled_from(sorted(self.model.versions)))

    def held(self, tx, name, number):
        """What is in a version: paths, and of each the identity."""
        return {(unit.name, unit.identity) for unit in tx.units(name, number)}

    def state(self, name):
        return self.read(lambda tx: [(v, self.held(tx, name, v.number)) for v in tx.versions(name)])

    def modelled(self, number):
        return {(one.path, one.identity.hex()) for one in self.leaves(self.model.versions[number])}

    @rule(declared=units, mirror=st.booleans(), skipped=st.integers(0, 2))
    def sync(self, declared, mirror, skipped):
        _, made = self.do(sync(self.catalog, self.leaves(declared), mirror=mirror, skipped=skipped))
        assert (made and made.number) == self.model.sync(declared, mirror=mirror, skipped=skipped)

    @rule(data=st.data())
    def roll_back(self, data):
        number = self.some(data)
        done = self.write(lambda tx: tx.roll_back("r", number))
        assert done.target.number == number
        assert (done.version.number, done.made) == self.model.roll_back(number)

    @rule(data=st.data())
    def pin(self, data):
        number = self.some(data)
        self.write(lambda tx: tx.pin("r", number))
        self.model.pinned = number

    @precondition(lambda self: self.model.pinned is not None)
    @rule()
    def unpin(self):
        assert self.write(lambda tx: tx.unpin("r")).number == self.model.newest
        self.model.pinned = None

    @rule(data=st.data(), label=labels)
    def label(self, data, label):
        number = self.some(data)
        self.write(lambda tx: tx.label("r", number, label))
        self.model.labels[label] = number

    @precondition(lambda self: self.model.labels)
    @rule(data=st.data())
    def unlabel(self, data):
        label = data.draw(st.sampled_from(sorted(self.model.labels)))
        assert self.write(lambda tx: tx.unlabel("r", label)).number == self.model.labels.pop(label)

    @rule(data=st.data())
    def delete(self, data):
        number = self.some(data)
        if reason := self.model.stays(number):
            with pytest.raises(UsageError, match=reason):
                self.write(lambda tx: tx.delete_version("r", number))
        else:
            self.write(lambda tx: tx.delete_version("r", number))
            self.model.delete(number)

    @rule(keep=st.integers(1, 4))
    def retain(self, keep):
        assert self.do(retain(self.catalog, "r", keep)) == self.model.retain(keep)

    @invariant()
    def every_version_holds_what_the_model_says(self):
        model, versions = self.model, self.state("r")
        assert [version.number for version, _ in versions] == sorted(model.versions)
        for version, held in versions:
            number = version.number
            assert held == self.modelled(number)
            assert (version.present, version.skipped) == (len(held), model.skipped[number])
            assert (version.added, version.removed) == model.changes(number)
            assert (version.pinned, version.current) == (number == model.pinned, number == model.current)
            assert version.labels == tuple(sorted(label for label, n in model.labels.items() if n == number))

    @invariant()
    def what_changed_between_two_is_their_difference(self):
        some = sorted(self.model.versions)
        apart = {*pairwise(some), *((number, some[-1]) for number in some), (some[0], some[0])}
        pairs = [pair for one, other in sorted(apart) for pair in ((one, other), (other, one))]
        told = self.read(lambda tx: [{(u.name, u.identity) for u in tx.changed("r", *pair)} for pair in pairs])
        assert told == [self.modelled(there) - self.modelled(gone) for there, gone in pairs]

    @invariant()
    def nothing_else_is_touched_and_nothing_is_left_over(self):
        assert self.state("other") == self.other
        assert self.read(lambda tx: tx.connection.execute(RUBBISH).fetchone()) == (0,)

    def teardown(self):
        self.do(self.catalog.close())
        self.runner.close()


class TestVersions(Versions.TestCase):
    settings = settings(
        max_examples=EXAMPLES or 40,
        stateful_step_count=20,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
