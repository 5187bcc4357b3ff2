"""What becomes of a unit whose bytes cannot be had.

Floor 4, pipeline. Only bytes: where a source cannot be read, or the disk is full, there is nothing to choose.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias, get_args

from rxsync.declare import Body, DeclarativeContent, Skip
from rxsync.errors import (
    DigestMismatchError,
    DownloadError,
    GuardError,
    HttpStatusError,
    IntegrityError,
    SizeMismatchError,
    UsageError,
)
from rxsync.pipeline.limits import Limit
from rxsync.ports.downloader import Request

Action = Literal["fail", "skip", "quarantine"]

OnError: TypeAlias = "Action | Mapping[str, Action]"
"""What to do with every failure, or with those of a kind: an HTTP status such as ``404``, the name of an error.

``*`` is for all others, which fail unless it says otherwise.
"""

KINDS = (DigestMismatchError, SizeMismatchError, IntegrityError, HttpStatusError, DownloadError)
"""Errors that may be named, each before those that it is a kind of."""

OTHERS = "*"
STEP = "download_artifacts"


class MaxFailures(Limit):
    """How many units may be skipped; a percentage is of those that the source declares."""

    option = "--max-failures"

    def check(self, skipped: int, declared: int, *, all_declared: bool) -> None:
        """Let a run go on, or not.

        Args:
            skipped: units so far.
            declared: units so far.
            all_declared: whether the source has ended, so that a percentage means something.

        Raises:
            GuardError: there are more than it allows.
        """
        if (self.percent and not all_declared) or skipped <= self.of(declared):
            return
        raise GuardError(f"{skipped} of {declared} units were skipped, more than --max-failures {self} allows")


@dataclass(frozen=True)
class ErrorPolicy:
    """What to do with whom.

    Attributes:
        actions: by kind, as in ``OnError``.
        max_failures: how many units may be skipped; None for any number.
    """

    actions: Mapping[str, Action]
    max_failures: MaxFailures | None = None

    @classmethod
    def parse(cls, on_error: OnError, max_failures: str | None = None) -> ErrorPolicy:
        """Read what was said.

        Raises:
            UsageError: there is no such kind or action, or the limit is none.
        """
        said = {OTHERS: on_error} if isinstance(on_error, str) else dict(on_error)
        for kind, action in said.items():
            _check_kind(kind)
            if action not in get_args(Action):
                raise UsageError(f"on_error {action!r}: expected {', '.join(get_args(Action)[:-1])} or quarantine")
        return cls(said, None if max_failures is None else MaxFailures.parse(max_failures))

    @property
    def spares(self) -> bool:
        """Whether a failure may be anything but the run's."""
        return any(action != "fail" for action in self.actions.values())

    def action(self, error: DownloadError) -> Action:
        """What to do with a failure."""
        if isinstance(error, HttpStatusError) and (action := self.actions.get(str(error.status))):
            return action
        for kind in KINDS:
            if isinstance(error, kind) and (action := self.actions.get(kind.__name__)):
                return action
        return self.actions.get(OTHERS, "fail")

    def check(self, skipped: int, declared: int, *, all_declared: bool) -> None:
        """Let a run go on, or not; see ``MaxFailures.check``.

        Raises:
            GuardError: too many units were skipped.
        """
        if self.max_failures is not None:
            self.max_failures.check(skipped, declared, all_declared=all_declared)

    def leave_out(self, unit: DeclarativeContent, error: Exception) -> None:
        """Leave a unit out, with all that is known of why.

        Raises:
            Exception: the failure itself, where it is the run's.
        """
        if not isinstance(error, DownloadError) or self.action(error) == "fail":
            raise error
        paths = [artifact.relative_path for artifact in unit.artifacts]
        path = (
            error.relative_path if error.relative_path in paths else None
        )  # bytes that units share fail for all of them
        reason = "; ".join([error.reason, *getattr(error, "__notes__", ())])
        unit.leave_out(Skip(reason, type(error).__name__, STEP, error.url, error.attempts, path))

    def keeping(
        self,
        fetch: Callable[[Request], Awaitable[Body | None]],
        keep: Callable[[Request, DownloadError, Body], Awaitable[None]],
        release: Callable[[list[Body]], None],
        drop: Callable[[Request], Awaitable[None]],
    ) -> Callable[[Request], Awaitable[Body | None]]:
        """Make of ``fetch`` one that has wrong bytes kept, where that is what to do with them.

        Args:
            fetch: of a downloader.
            keep: takes wrong bytes somewhere, in place of those that came in the first of two passes.
            release: lets them go.
            drop: the right ones came in the second: what was kept goes.
        """
        if "quarantine" not in self.actions.values():
            return fetch

        async def kept(request: Request) -> Body | None:
            try:
                body = await fetch(request._replace(keep_wrong=True))
            except DownloadError as error:
                wrong, error.wrong = error.wrong, None
                if isinstance(wrong, Body):
                    try:
                        if self.action(error) == "quarantine":
                            await keep(request, error, wrong)
                    finally:
                        release([wrong])
                raise
            await drop(request)
            return body

        return kept


def _check_kind(kind: str) -> None:
    """Let a kind of failure pass.

    Raises:
        UsageError: there is none of that name; names the nearest.
    """
    names = [one.__name__ for one in KINDS]
    if kind in (OTHERS, *names) or (kind.isascii() and kind.isdigit() and len(kind) == 3):
        return
    near = get_close_matches(kind, names, 1)
    raise UsageError(
        f"on_error: {kind!r} is no kind of failure: expected {near[0] if near else ', '.join(names)}, "
        "an HTTP status such as 404, or *"
    )


FAIL = ErrorPolicy({OTHERS: "fail"})
"""A failure is the run's."""
