"""What people do to versions: pin, label, roll back, delete.

Floor 3, catalog. Rows of membership are never rewritten: a version goes by deleting its own row, and those of units
that only it held. So an interval may begin or end at a version that is gone; what is in those that are left stays true.
"""

from __future__ import annotations

from rxsync.catalog.fingerprints import forget
from rxsync.catalog.listing import CHANGED, COUNTED, Listing, between
from rxsync.catalog.runs import now
from rxsync.errors import NotFoundError, UsageError
from rxsync.ports.catalog import RolledBack, Version, Which

_TAKE_OUT = f"""
    UPDATE repository_content SET version_removed = :number
    WHERE repository_id = :repository AND version_removed IS NULL AND content_id IN ({CHANGED})"""

_PUT_BACK = f"""
    INSERT INTO repository_content (repository_id, content_id, version_added)
    SELECT :repository, content_id, :number FROM ({CHANGED}) c"""

_BEFORE = "SELECT max(number) FROM repository_version WHERE repository_id = ? AND number < ?"
_AFTER = "SELECT min(number) FROM repository_version WHERE repository_id = ? AND number > ?"

# Between the version before and the one after, whatever came and went was in the deleted version only.
_ONLY_THERE = """
    DELETE FROM repository_content
    WHERE repository_id = ? AND version_added > ? AND version_removed > ? AND version_removed <= ?"""


class Lifecycle(Listing):
    """Implements ``rxsync.ports.lifecycle.LifecycleTransaction``."""

    def pin(self, name: str, which: Which = None) -> Version:
        """Let a version be the current one, whatever comes later.

        Raises:
            NotFoundError: no such repository or version.
        """
        return self._pin(name, self.find_version(name, which).number)

    def unpin(self, name: str) -> Version:
        """Let the newest version be the current one again, and answer it. Harmless where nothing is pinned.

        Raises:
            NotFoundError: no such repository.
        """
        return self._pin(name, None)

    def label(self, name: str, which: Which, label: str) -> Version:
        """Give a version a label, which another one loses if it had it.

        Raises:
            NotFoundError: no such repository or version.
        """
        number = self.find_version(name, which).number
        self.connection.execute(
            "INSERT INTO version_label (repository_id, label, number) VALUES (?, ?, ?)"
            " ON CONFLICT (repository_id, label) DO UPDATE SET number = excluded.number",
            (self.repository_key(name), label, number),
        )
        return self.version(name, number)

    def unlabel(self, name: str, label: str) -> Version:
        """Take a label away; answers the version that had it.

        Raises:
            NotFoundError: no such repository or label.
        """
        version = self.find_version(name, label)
        key = self.repository_key(name)
        self.connection.execute("DELETE FROM version_label WHERE repository_id = ? AND label = ?", (key, label))
        return self.version(name, version.number)

    def roll_back(self, name: str, which: Which = None) -> RolledBack:
        """Make a version that holds what an older one holds, and pin it. Pin the newest if it holds just that.

        Raises:
            NotFoundError: no such repository or version; or none was named, and before the current one there is none,
                or only the empty version 0.
        """
        target = self._before_current(name) if which is None else self.find_version(name, which)
        newest = self.version(name)
        number = self._restore(name, target, newest)
        return RolledBack(self._pin(name, newest.number if number is None else number), target, number is not None)

    def delete_version(self, name: str, which: Which) -> Version:
        """Delete a version by folding it into the next; answers what it was. All others hold what they held.

        Raises:
            NotFoundError: no such repository or version.
            UsageError: it is the newest, pinned or labelled.
        """
        version = self.find_version(name, which)
        if version.number == self.version(name).number:
            raise UsageError(f"{name}: version {version.number} is the newest, which the next one is made from")
        if version.pinned:
            raise _still(f"{name}: version {version.number} is pinned", f"unpin {name}")
        if version.labels:
            label = version.labels[0]
            raise _still(f"{name}: version {version.number} is labelled {label}", f"label {name} --remove {label}")
        self._fold(self.repository_key(name), version.number)
        return version

    def expire(self, name: str, keep: int) -> int | None:
        """Delete the oldest version that is not one of the ``keep`` newest, pinned or labelled; answers its number.

        Raises:
            NotFoundError: no such repository.
        """
        gone = self.expired(name, keep)
        if not gone:
            return None
        self._fold(self.repository_key(name), gone[0])
        return gone[0]

    def _pin(self, name: str, number: int | None) -> Version:
        self.connection.execute("UPDATE repository SET pinned = ? WHERE id = ?", (number, self.repository_key(name)))
        return self.find_version(name)

    def _before_current(self, name: str) -> Version:
        current = self.find_version(name).number
        (number,) = self.connection.execute(_BEFORE, (self.repository_key(name), current)).fetchone()
        if number:
            return self.version(name, number)
        found = "none" if number is None else "only the empty version 0"
        error = NotFoundError(f"{name}: before the current version {current} there is {found}")
        error.hint = f"rxsync version rollback {name} N names another"
        raise error

    def _restore(self, name: str, target: Version, newest: Version) -> int | None:
        """Make a version with the content of ``target``; None, and nothing is done, where the newest has just that."""
        key, old, new = self.repository_key(name), target.number, newest.number
        (last,) = self.connection.execute("SELECT last_version FROM repository WHERE id = ?", (key,)).fetchone()
        number = last + 1
        added = self.connection.execute(_PUT_BACK, {"number": number, **between(key, old, new)}).rowcount
        removed = self.connection.execute(_TAKE_OUT, {"number": number, **between(key, new, old)}).rowcount
        if not added and not removed:
            return None
        self.connection.execute("UPDATE repository SET last_version = ? WHERE id = ?", (number, key))
        forget(self.connection, key)
        self.connection.execute(
            "INSERT INTO repository_version (repository_id, number, created, present, added, removed, skipped)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, number, now().isoformat(" "), target.present, added, removed, target.skipped),
        )
        return int(number)

    def _fold(self, repository: int, number: int) -> None:
        """Delete a version that is not the newest. Costs the change from the one before it to the one after it."""
        (before,) = self.connection.execute(_BEFORE, (repository, number)).fetchone()
        (after,) = self.connection.execute(_AFTER, (repository, number)).fetchone()
        self.connection.execute(
            "DELETE FROM repository_version WHERE repository_id = ? AND number = ?", (repository, number)
        )
        if before is None:  # nothing stands for the version before the first
            before, numbers = -1, (self._present(repository, after), 0)
        else:
            numbers = self.connection.execute(COUNTED, between(repository, after, before)).fetchone()
        self.connection.execute(
            "UPDATE repository_version SET added = ?, removed = ? WHERE repository_id = ? AND number = ?",
            (*map(int, numbers), repository, after),
        )
        self.connection.execute(_ONLY_THERE, (repository, before, number, after))

    def _present(self, repository: int, number: int) -> int:
        sql = "SELECT present FROM repository_version WHERE repository_id = ? AND number = ?"
        return int(self.connection.execute(sql, (repository, number)).fetchone()[0])


def _still(reason: str, command: str) -> UsageError:
    error = UsageError(reason)
    error.hint = f"rxsync version {command} lets it go"
    return error
