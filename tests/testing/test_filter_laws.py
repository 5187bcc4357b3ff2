"""The laws of a stage hold for filters."""

from datetime import UTC, datetime

import reactivex as rx

from rxsync.operators import exclude, include, max_size, newest, older_than
from rxsync.testing.stages import StageTests


class FilterTests(StageTests):
    ordered, may_drop, most_held = True, True, 0


class TestPaths(FilterTests):
    def make_stage(self, world):
        return rx.compose(include("[0-4]*"), exclude("*3"))


class TestMaxSize(FilterTests):
    def make_stage(self, world):
        return max_size(1)


class TestOlderThan(FilterTests):
    def make_stage(self, world):
        dates = datetime.now(UTC), datetime(2000, 1, 1, tzinfo=UTC), None
        return older_than(3600, lambda unit: dates[int(unit.name) % 3])


class TestNewest(FilterTests):
    most_held = 5

    def make_stage(self, world):
        return newest(5, lambda unit: ("all", int(unit.name)))


class TestNewestLetsPass(FilterTests):
    may_drop = False

    def make_stage(self, world):
        return newest(5, lambda unit: None)
