"""One unit that a source declares.

Floor 1, declare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from rxsync.declare.artifact import DeclarativeArtifact
from rxsync.errors import DeclarationError, FlowError, SkippedError
from rxsync.models import Content, Related, row_type
from rxsync.resolution import Resolvable

T = TypeVar("T")

FILTERED = "filtered"
"""Kind of what is left out because the operator asked for it: counted by itself, and no problem."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a unit is left out.

    Attributes:
        reason: in words.
        kind: name of what happened, for scripts; ``skipped``, ``filtered``, ``invalid``, or the name of an error.
        step: the step that left it out; None if unknown.
        url: where its bytes were asked for, without credentials; None if they were not.
        attempts: how often they were.
        relative_path: of the file that did not come; None where it is about the whole unit.
    """

    reason: str
    kind: str = "skipped"
    step: str | None = None
    url: str | None = None
    attempts: int = 0
    relative_path: str | None = None


class DeclarativeContent(Resolvable):
    """A unit on its way from the source to a repository version: the same object all the way.

    Declared, and read-only from then on:
        content: the row to be, detached.
        artifacts: its files, each at another path; any number; a step before save may add to them.
        needs: units that it refers to, by a foreign key, say; it is held until they are saved.
        related: rows that are saved with it, as are those that it, or they, refer to by foreign keys.

    Declared, and the plugin's own steps may change it:
        origin: where in the source it was declared, for messages, e.g. ``"line 812"``.
        extra_data: whatever the plugin's own steps want to know.

    Learnt on the way:
        content.id: key of the row in this database; None until it is known to be there.
        new: True if this run saved it, False if it was there before; None until that is known.
        repeated: True if this run had declared the same unit before; None until that is known.
        arrived: True once it has come to the end of the line.
        skipped: why it is left out; None as long as it is not.
        noted: told when it is skipped; the run's.

    ``await unit.resolution()`` gives the saved ``Content``.

    Raises:
        DeclarationError: two artifacts on one path, or no key can be made of the content.

    Follows: ``pulpcore.plugin.stages.DeclarativeContent``.
    """

    __slots__ = (
        "__weakref__",
        "_artifacts",
        "_content",
        "_needs",
        "_related",
        "arrived",
        "extra_data",
        "new",
        "noted",
        "origin",
        "repeated",
        "skipped",
    )

    extra_data: object
    origin: str | None

    def __init__(
        self,
        content: Content,
        artifacts: Iterable[DeclarativeArtifact] = (),
        *,
        needs: Iterable[DeclarativeContent] = (),
        related: Iterable[Related] = (),
        origin: str | None = None,
        extra_data: object = None,
    ) -> None:
        self._content, self._artifacts = content, tuple(artifacts)
        self._needs = _only(DeclarativeContent, needs, "needs") if needs else ()
        self._related = _only(Related, related, "related") if related else ()
        if content.is_known():
            _ = content.identity  # now, or a key that cannot be would be found out far from here
        elif not self._artifacts:
            raise DeclarationError("artifacts", (), "one file or more, since a key field is to be learnt from it")
        if len(self._artifacts) > 1:
            _check_paths(self._artifacts)
        self.origin, self.extra_data = origin, extra_data
        self.new: bool | None = None
        self.repeated: bool | None = None
        self.arrived: bool = False
        self.skipped: Skip | None = None
        self.noted: Callable[[DeclarativeContent], None] | None = None

    @property
    def content(self) -> Content:
        """The row to be."""
        return self._content

    @property
    def identity(self) -> bytes:
        """Sixteen bytes, the same for the same natural key everywhere.

        Raises:
            DeclarationError: a field of the key is yet to be learnt; ``content.is_known()`` tells.
        """
        return self._content.identity

    @property
    def artifacts(self) -> tuple[DeclarativeArtifact, ...]:
        """Its files."""
        return self._artifacts

    @property
    def needs(self) -> tuple[DeclarativeContent, ...]:
        """Units that it refers to."""
        return self._needs

    @property
    def related(self) -> tuple[Related, ...]:
        """Rows that are saved with it."""
        return self._related

    @property
    def name(self) -> str:
        """How a person would call it: the path of its first file, or its content type and identity."""
        if self._artifacts:
            return self._artifacts[0].relative_path
        return f"{type(self._content).__name__} {self.identity.hex()}"

    def check_key(self) -> None:
        """Make sure that nobody changed the natural key since it was declared: the identity is known by then.

        Raises:
            DeclarationError: it is another now.
        """
        content = self._content
        if row_type(type(content)).identify(content) != content.identity:
            raise DeclarationError(f"{self.name}: natural key", content, "the one that it was declared with")

    def add_artifact(self, artifact: DeclarativeArtifact) -> None:
        """Give it one more file: for steps that come before it is saved.

        Raises:
            DeclarationError: it has a file at that path.
        """
        artifacts = (*self._artifacts, artifact)
        _check_paths(artifacts)
        self._artifacts = artifacts

    def skip(self, reason: str, *, kind: str = "skipped", step: str | None = None) -> None:
        """Leave it out, and let the report say why: it is in no version of this run.

        Whoever awaits it gets a ``SkippedError``; a unit that needs it is skipped, too. Only the first reason counts.
        From a step of the author's, a hook, or the source, as long as it is not saved. Bytes that were fetched for it
        are let go: whoever wants a look at them, or has them kept aside, does so before.

        Args:
            reason: in words.
            kind: name of what happened, for scripts.
            step: the step that left it out.

        Raises:
            FlowError: it is saved already.
        """
        self.leave_out(Skip(reason, kind, step))

    def leave_out(self, skip: Skip) -> None:
        """Do what ``skip`` and ``filter_out`` do, with all that is known of it.

        Raises:
            FlowError: it is saved already.
        """
        reason = skip.reason
        if self.resolved and self.skipped is None:
            raise FlowError(f"{self.name} is saved already: too late to skip it ({reason})")
        if self.skipped is None:
            self.skipped = skip
            for artifact in self._artifacts:  # bytes that no other unit has are gone now
                artifact.body = None
            self.fail(SkippedError(self.name, f"filtered out: {reason}" if skip.kind == FILTERED else reason))
            if self.noted is not None:
                self.noted(self)

    def filter_out(self, reason: str, *, step: str | None = None) -> None:
        """Leave it out because whoever runs the sync asked for it: counted as filtered, and no problem.

        Whoever awaits it gets a ``SkippedError``; a unit that needs it is filtered out, too.

        Args:
            reason: in words.
            step: the step that left it out.

        Raises:
            FlowError: it is saved already.
        """
        self.skip(reason, kind=FILTERED, step=step)

    @property
    def filtered(self) -> bool:
        """Whether it is left out by a filter."""
        return self.skipped is not None and self.skipped.kind == FILTERED

    def __repr__(self) -> str:
        return f"<unit {self.name}>"


def _only(kind: type[T], given: Iterable[T], field: str) -> tuple[T, ...]:
    if not isinstance(given, Iterable):
        raise DeclarationError(field, given, f"a list of {kind.__name__}")
    found = tuple(given)
    for one in found:
        if not isinstance(one, kind):
            raise DeclarationError(field, one, f"a list of {kind.__name__}")
    return found


def _check_paths(artifacts: tuple[DeclarativeArtifact, ...]) -> None:
    seen = set()
    for artifact in artifacts:
        if artifact.relative_path in seen:
            raise DeclarationError("artifacts", artifact.relative_path, "each path once in a unit")
        seen.add(artifact.relative_path)
