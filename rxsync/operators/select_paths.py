"""Choose units by the paths of their files.

Floor 3, operators.
"""

from __future__ import annotations

from rxsync.declare import DeclarativeContent, path_pattern
from rxsync.operators.leave_out import leave_out
from rxsync.operators.stage import PlacedStage


def include(*patterns: str) -> PlacedStage:
    """Let pass what one of the patterns is for, and units without files; filter out all others.

        source            -a-b-c-|     a.iso, b.txt, old/c.iso
        include("*.iso")  -a---c-|

    A unit goes by its first file, after which reports call it: what else comes with that, a signature say, stays with
    it. Where units are left out by ``exclude``, too, it has the last word.

    Args:
        patterns: globs, or ``re:`` and a regular expression; see ``path_pattern``.

    Raises:
        UsageError: a pattern is malformed; names it.

    Errors: none of its own.
    """
    meant = [path_pattern(pattern) for pattern in patterns]

    def why(unit: DeclarativeContent) -> str | None:
        path = _path(unit)
        return None if path is None or any(match(path) for match in meant) else "it is not included"

    return leave_out(why, "include")


def exclude(*patterns: str) -> PlacedStage:
    """Filter out what one of the patterns is for; let pass all others, and units without files.

        source            -a-b-c-|     a.iso, b.txt, old/c.iso
        exclude("old/")   -a-b---|

    A unit goes by its first file, after which reports call it.

    Args:
        patterns: globs, or ``re:`` and a regular expression; see ``path_pattern``.

    Raises:
        UsageError: a pattern is malformed; names it.

    Errors: none of its own.
    """
    meant = [(pattern, path_pattern(pattern)) for pattern in patterns]

    def why(unit: DeclarativeContent) -> str | None:
        path = _path(unit)
        pattern = None if path is None else next((text for text, match in meant if match(path)), None)
        return None if pattern is None else f"it is excluded by {pattern}"

    return leave_out(why, "exclude")


def _path(unit: DeclarativeContent) -> str | None:
    return unit.artifacts[0].relative_path if unit.artifacts else None
