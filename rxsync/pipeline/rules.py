"""How a sync is to go about it: what may be said, with its defaults, checked once.

Floor 4, pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any, Literal, Unpack, get_args

from rxsync.download.link import Link, LinkOptions
from rxsync.errors import FlowError, UsageError
from rxsync.pipeline.filters import Filters
from rxsync.pipeline.guards import DEFAULT, MaxDelete
from rxsync.pipeline.options import parse
from rxsync.pipeline.plugin import Plugin
from rxsync.pipeline.plugins import load, release
from rxsync.pipeline.policy import ErrorPolicy, OnError
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.retention import check_keep
from rxsync.pipeline.run import Run
from rxsync.pipeline.standard import standard
from rxsync.urls import without_credentials
from rxsync.version import __version__

Mode = Literal["mirror", "additive"]
Policy = Literal["immediate", "on_demand"]
Amend = Callable[[Recipe], Recipe]


class SyncOptions(LinkOptions, total=False):
    """What may be said of a sync, and of a plan of one, beside how its remote is reached.

    Attributes:
        plugin: what kind of repository the source is: a name, or a plugin itself. ``"file"`` unless said.
        options: the plugin's, by name; values, or text as on the command line.
        mode: ``mirror``, unless said: the version holds what the source declares; ``additive``: that, and what was
            there.
        policy: ``immediate``, unless said: bytes now; ``on_demand``: content and URLs now, bytes when they are wanted.
        max_delete: how much may vanish in mirror mode; as text a number such as ``"50"``, or ``"20%"``, as unless said.
        on_error: what becomes of a unit whose bytes cannot be had: ``fail``, unless said, the sync does; ``skip``: the
            unit is left out; ``quarantine``: likewise, and wrong bytes are kept for a look. Or a mapping of those by
            kind: an HTTP status as ``"404"``, the name of an error, ``"*"`` for all others.
        max_failures: make no version if more units are skipped: a number, or a percentage such as ``"5%"``.
        include: patterns, one of which must be for a unit: ``*.iso`` is for its file's name, ``a/**/b`` for the whole
            path, ``re:EXPRESSION`` is searched in that; none, unless said: all are.
        exclude: patterns, none of which may be for a unit.
        newest: how many versions of each group, where the plugin says what those are; None, unless said, for all.
        min_age: how long ago a unit must have been published, in seconds, where the plugin says when that was.
        max_size: most bytes of a unit's files together.
        retain_versions: how many versions to keep, the newest; None, unless said, for all.
        full: True reads the source even where it says that nothing has changed.
        amend: makes another recipe of the standard one.
    """

    plugin: str | Plugin[Any, Any]
    options: Mapping[str, object] | None
    mode: Mode
    policy: Policy
    max_delete: MaxDelete | str
    on_error: OnError
    max_failures: str | int | None
    include: Sequence[str]
    exclude: Sequence[str]
    newest: int | None
    min_age: float | None
    max_size: int | None
    retain_versions: int | None
    full: bool
    amend: Amend | None


@dataclass(frozen=True)
class Rules:
    """The same, checked. ``options`` are the plugin's dataclass, ``link`` is all of ``LinkOptions``."""

    plugin: Plugin[Any, Any]
    options: object
    mode: Mode
    policy: Policy
    max_delete: MaxDelete
    errors: ErrorPolicy
    filters: Filters
    retain_versions: int | None
    link: Link
    full: bool
    amend: Amend | None

    def line(self, plugin: Plugin[Any, Any], run: Run[Any, Any]) -> Recipe:
        """The steps of a run: the plugin's recipe, with the filters, amended.

        Args:
            plugin: ours, or a part of it.
            run: what the steps are lent.

        Raises:
            FlowError: the plugin answers with something else.
        """
        recipe = plugin.recipe(standard(run), run)
        if not isinstance(recipe, Recipe):
            raise FlowError(f"plugin {plugin.name!r}: recipe() answers with {recipe!r}: expected a Recipe")
        recipe = self.filters.applied(recipe, plugin)
        return recipe if self.amend is None else self.amend(recipe)

    def fingerprint(self, source: str) -> str | None:
        """Sum up what decides, beside the source, what a version of it holds; None where that cannot be known."""
        if self.amend is not None or self.filters.change_with_time:
            return None
        kind = type(self.plugin)
        facts = (
            __version__,
            f"{kind.__module__}.{kind.__qualname__}",
            release(self.plugin.name),
            without_credentials(source),
            *(f"{one.name}={_told(getattr(self.options, one.name))}" for one in fields(self.plugin.options)),
            self.mode,
            self.policy,
            str(self.filters),
        )
        return blake2b("\0".join(facts).encode(), digest_size=16).hexdigest()


def _told(value: object) -> str:
    """Tell a value, the same for the same in every process; sets have no order."""
    return repr(sorted(map(repr, value))) if isinstance(value, set | frozenset) else repr(value)


def arrange(
    *,
    plugin: str | Plugin[Any, Any] = "file",
    options: Mapping[str, object] | None = None,
    mode: Mode = "mirror",
    policy: Policy = "immediate",
    max_delete: MaxDelete | str = DEFAULT,
    on_error: OnError = "fail",
    max_failures: str | int | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    newest: int | None = None,
    min_age: float | None = None,
    max_size: int | None = None,
    retain_versions: int | None = None,
    full: bool = False,
    amend: Amend | None = None,
    **link: Unpack[LinkOptions],
) -> Rules:
    """Make rules of what was said; see ``SyncOptions``.

    Raises:
        UsageError: something cannot be.
    """
    if mode not in get_args(Mode):
        raise UsageError(f"mode {mode!r}: expected {' or '.join(get_args(Mode))}")
    if policy not in get_args(Policy):
        raise UsageError(f"policy {policy!r}: expected {' or '.join(get_args(Policy))}")
    if retain_versions is not None:
        check_keep(retain_versions)
    loaded = load(plugin) if isinstance(plugin, str) else plugin
    filters = Filters(tuple(include), tuple(exclude), newest, min_age, max_size)
    filters.check(loaded)
    return Rules(
        plugin=loaded,
        options=parse(loaded.options, options or {}, loaded.name),
        mode=mode,
        policy=policy,
        max_delete=MaxDelete.parse(max_delete) if isinstance(max_delete, str) else max_delete,
        errors=ErrorPolicy.parse(on_error, None if max_failures is None else str(max_failures)),
        filters=filters,
        retain_versions=retain_versions,
        link=Link(**link),
        full=full,
        amend=amend,
    )
