"""How a version looks: to people, and to programs.

Floor 6, doors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rxsync.cli.output import moment, stamp
from rxsync.wording import count, safe, size

if TYPE_CHECKING:
    from rxsync.ports.catalog import Unit, Version


def as_dict(one: Version) -> dict[str, object]:
    """Tell programs of a version."""
    return {
        "number": one.number,
        "created": stamp(one.created),
        "present": one.present,
        "added": one.added,
        "removed": one.removed,
        "run": one.run,
        "skipped": one.skipped,
        "labels": list(one.labels),
        "pinned": one.pinned,
        "current": one.current,
    }


def marks(one: Version, *, newest: bool = False) -> str:
    """Tell what is special about a version: ``pinned, stable, with 3 skipped``; nothing where nothing is.

    Args:
        one: the version.
        newest: whether it is the newest: then it is the current one unless another is, and that is not worth saying.
    """
    place = "pinned" if one.pinned else "current" if one.current and not newest else ""
    return ", ".join(filter(None, (place, *one.labels, skipped(one))))


def skipped(one: Version) -> str:
    """Tell that units are missing from a version; nothing where none are."""
    return f"with {one.skipped:,} skipped" if one.skipped else ""


def line(name: str, one: Version) -> str:
    """Tell of a version in one line: ``tools: version 41, 1,204 units, 3 units skipped, made …``."""
    facts = [f"version {one.number}", count(one.present, "unit")]
    if one.skipped:
        facts.append(f"{count(one.skipped, 'unit')} skipped")
    facts.append(f"made {moment(one.created)}")
    facts += [f"labelled {label}" for label in one.labels]
    if one.pinned:
        facts.append("pinned")
    return f"{name}: {', '.join(facts)}"


def unit_lines(sign: str, unit: Unit) -> Iterator[str]:
    """Tell of a unit: a line for each file, with sign, size and path."""
    for path, sha256, length in unit.files:
        note = "" if sha256 is not None else "  (not here yet)"
        yield f"{sign} {'?' if length is None else size(length):>9}  {safe(path)}{note}"
    if not unit.files:
        yield f"{sign} {'':>9}  {safe(unit.name)}"


def unit_as_dict(unit: Unit) -> dict[str, object]:
    """Tell programs of a unit."""
    files = [{"relative_path": path, "sha256": sha256, "size": length} for path, sha256, length in unit.files]
    return {"name": unit.name, "type": unit.type, "identity": unit.identity, "files": files}
