"""Units for the contract of a catalog, and a run of them by hand.

Doors, testing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from peewee import FixedCharField, IntegerField, TextField

from rxsync.models import Content
from rxsync.ports.catalog import Change, Clash, Declared, Version, VersionTransaction


class Leaf(Content):
    """A unit with a place in its repository."""

    path: TextField[str] = TextField()
    sha256: FixedCharField[str] = FixedCharField(64)
    weight: IntegerField[int | None] = IntegerField(null=True)

    class Meta:
        """Another leaf at the same path takes its place."""

        content_type = "test.leaf"
        natural_key: tuple[str, ...] = ("path", "sha256")
        repository_key: tuple[str, ...] = ("path",)


class Stone(Content):
    """A unit without a place: any number may stand in a version."""

    number: IntegerField[int] = IntegerField()

    class Meta:
        """Known by its number alone."""

        content_type = "test.stone"
        natural_key: tuple[str, ...] = ("number",)


TYPES = (Leaf, Stone)

_digests = count()


def leaf(path: str, sha256: str | None = None) -> Leaf:
    """Make a leaf; with bytes of its own, where none are named."""
    return Leaf(path=path, sha256=sha256 or f"{next(_digests):064x}")


class Clashed(Exception):
    """What ``clash`` answered."""


async def sync(
    catalog: Any,
    units: Sequence[Content],
    repository: str = "r",
    *,
    mirror: bool = True,
    begin_only: bool = False,
    skipped: int = 0,
) -> tuple[Change, Any]:
    """Do by hand what a run does: save what is new, stage it, and make a version of it, or None.

    Args:
        catalog: prepared for ``TYPES``.
        units: what the run declares.
        repository: name of the repository.
        mirror: the mode.
        begin_only: make no version.
        skipped: how many units the run is said to have left out.

    Raises:
        Clashed: two units cannot stand together.
    """
    run = uuid.uuid4().hex

    def begin(tx: VersionTransaction) -> int:
        key, _ = tx.begin_run(run, repository, "http://there/")
        tx.begin_staging(run)
        saved = tx.find_content([unit.identity for unit in units])
        fresh = [unit for unit in units if unit.identity not in saved]
        for unit in units:
            if unit.identity in saved:
                unit.id = saved[unit.identity].id
        tx.add_content(fresh)
        tx.add_content_artifacts([(unit.id, unit.path, None) for unit in fresh if isinstance(unit, Leaf)])
        tx.stage(run, [(unit.id, f"line {n}") for n, unit in enumerate(units)])
        return key

    def complete(tx: VersionTransaction) -> tuple[Change, Version | None]:
        change = tx.change(run, key, mirror=mirror)
        if clash := tx.clash(run, key):
            raise Clashed(*clash)
        made = tx.complete(run, key, change, skipped=skipped) if change.added or change.removed else None
        tx.end_run(run, 0, "{}")
        return change, made

    key = await catalog.write(begin)
    try:
        return (Change(0, 0, 0, 0, 0), None) if begin_only else await catalog.write(complete)
    finally:
        await catalog.write(lambda tx: tx.end_staging(run))


async def declared(catalog: Any, *batches: Sequence[str]) -> Clash | None:
    """Declare paths batch by batch as one run; a trailing ``!`` stands for another unit at that path.

    The origin of a path is the numbers of its batch and of its place there.
    """
    run = uuid.uuid4().hex
    try:
        for number, batch in enumerate(batches):
            files = [
                Declared(path.rstrip("!"), leaf(path, "0" * 64).identity, f"{number}.{at}")
                for at, path in enumerate(batch)
            ]
            clash: Clash | None = await catalog.read(lambda tx, files=files: tx.declare(run, files))
            if clash is not None:
                return clash
        return None
    finally:
        await catalog.read(lambda tx: tx.end_declaring(run))


async def names(catalog: Any, number: int) -> Iterable[str]:
    """What is in a version of repository ``r``, in order of name."""
    units = await catalog.read(lambda tx: list(tx.units("r", number)))
    return sorted(unit.name if unit.files else "stone 1" if _is_first(unit.identity) else "stone 2" for unit in units)


def _is_first(identity: str) -> bool:
    return identity == Stone(number=1).identity.hex()
