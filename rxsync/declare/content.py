"""One unit that a source declares.

Floor 1, declare.
"""

from __future__ import annotations

from collections.abc import Iterable

from rxsync.declare.artifact import DeclarativeArtifact
from rxsync.errors import DeclarationError
from rxsync.models import Content
from rxsync.resolution import Resolvable


class DeclarativeContent(Resolvable):
    """A unit on its way from the source to a repository version: the same object all the way.

    Declared, and read-only from then on:
        content: the row to be, detached.
        artifacts: its files, each at another path; any number.

    Declared, and the plugin's own steps may change it:
        origin: where in the source it was declared, for messages, e.g. ``"line 812"``.
        extra_data: whatever the plugin's own steps want to know.

    Learnt on the way:
        content.id: key of the row in this database; None until it is known to be there.
        new: True if this run saved it, False if it was there before; None until that is known.
        repeated: True if this run had declared the same unit before; None until that is known.

    ``await unit.resolution()`` gives the saved ``Content``.

    Raises:
        DeclarationError: two artifacts on one path, or no key can be made of the content.

    Follows: ``pulpcore.plugin.stages.DeclarativeContent``.
    """

    __slots__ = ("__weakref__", "_artifacts", "_content", "_identity", "extra_data", "new", "origin", "repeated")

    extra_data: object
    origin: str | None

    def __init__(
        self,
        content: Content,
        artifacts: Iterable[DeclarativeArtifact] = (),
        *,
        origin: str | None = None,
        extra_data: object = None,
    ) -> None:
        self._content, self._identity = content, content.identity
        self._artifacts = tuple(artifacts)
        if len(self._artifacts) > 1:
            _check_paths(self._artifacts)
        self.origin, self.extra_data = origin, extra_data
        self.new: bool | None = None
        self.repeated: bool | None = None

    @property
    def content(self) -> Content:
        """The row to be."""
        return self._content

    @property
    def identity(self) -> bytes:
        """Sixteen bytes, the same for the same natural key everywhere."""
        return self._identity

    @property
    def artifacts(self) -> tuple[DeclarativeArtifact, ...]:
        """Its files."""
        return self._artifacts

    @property
    def name(self) -> str:
        """How a person would call it: the path of its first file, or its content type and identity."""
        if self._artifacts:
            return self._artifacts[0].relative_path
        return f"{type(self._content).__name__} {self._identity.hex()}"

    def __repr__(self) -> str:
        return f"<unit {self.name}>"


def _check_paths(artifacts: tuple[DeclarativeArtifact, ...]) -> None:
    seen = set()
    for artifact in artifacts:
        if artifact.relative_path in seen:
            raise DeclarationError("artifacts", artifact.relative_path, "each path once in a unit")
        seen.add(artifact.relative_path)
