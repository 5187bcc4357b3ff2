"""What the versions of a repository are, as plain values: the model that the catalog is held against.

Units are (path, bytes); another unit at the same path takes its place.
"""

from dataclasses import dataclass, field

Unit = tuple[str, int]


@dataclass
class VersionsModel:
    """A repository.

    Attributes:
        versions: what is in each version that exists, by number.
        skipped: how many units its run left out, by number.
        last: the highest number that was given.
        pinned: the version that is current whatever comes; None: the newest is.
        labels: label to number.
    """

    versions: dict[int, frozenset[Unit]] = field(default_factory=lambda: {0: frozenset()})
    skipped: dict[int, int] = field(default_factory=lambda: {0: 0})
    last: int = 0
    pinned: int | None = None
    labels: dict[str, int] = field(default_factory=dict)

    @property
    def newest(self):
        return max(self.versions)

    @property
    def current(self):
        return self.newest if self.pinned is None else self.pinned

    def before(self, number):
        """The version before that one; None where there is none."""
        return max((n for n in self.versions if n < number), default=None)

    def changes(self, number):
        """How many units a version has that the one before it has not, and the other way."""
        before = self.before(number)
        there, gone = self.versions[number], self.versions[before] if before is not None else frozenset()
        return len(there - gone), len(gone - there)

    def sync(self, declared, *, mirror, skipped=0):
        """A run that declares such units; answers the number of the version it makes, or None."""
        paths = {path for path, _ in declared}
        stays = () if mirror else (unit for unit in self.versions[self.newest] if unit[0] not in paths)
        return self._make(frozenset({*declared, *stays}), skipped)

    def roll_back(self, number):
        """Answers the number of the version that is pinned then, and whether it was made."""
        made = self._make(self.versions[number], self.skipped[number])
        self.pinned = self.newest
        return self.newest, made is not None

    def stays(self, number):
        """Whether a version is not to be deleted, and why."""
        if number == self.newest:
            return "is the newest"
        if number == self.pinned:
            return "is pinned"
        return "is labelled" if number in self.labels.values() else None

    def delete(self, number):
        del self.versions[number], self.skipped[number]

    def retain(self, keep):
        """Answers the numbers that go."""
        old = sorted(self.versions)[:-keep]
        gone = [number for number in old if not self.stays(number)]
        for number in gone:
            self.delete(number)
        return gone

    def _make(self, units, skipped):
        if units == self.versions[self.newest]:
            return None
        self.last += 1
        self.versions[self.last], self.skipped[self.last] = units, skipped
        return self.last
