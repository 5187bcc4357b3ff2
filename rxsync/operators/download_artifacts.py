"""Fetch the bytes that are missing, each once.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ArtifactDownloader``, which fetches the same bytes twice if two units share them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reactivex import Observable
from reactivex import operators as ops

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent, Validators
from rxsync.errors import ConflictError
from rxsync.flow import flat_map_with_max_concurrent, from_iterable, then
from rxsync.operators.flights import Flights
from rxsync.operators.stage import Stage
from rxsync.ports.downloader import Request
from rxsync.typing import Work

Fetch = Callable[[Request], "Awaitable[Body | None] | Observable[Body | None] | Body | None"]
"""Fetches one file; None where it is unchanged: ``downloader.fetch``, or a diagram in a test."""

NOTHING_KNOWN = Validators()

MAX_CONCURRENT = 50
"""Units in work at once."""


def download_artifacts(
    fetch: Fetch,
    *,
    deferred: bool = False,
    max_concurrent: int = MAX_CONCURRENT,
    received: Callable[[int], None] | None = None,
) -> Stage:
    """Give every artifact that is neither stored nor deferred its ``body``.

        source  -a-b-c----|
        fetch    ---x             b is stored already
        result  ---b-a--c-|       max_concurrent=2: in order of completion

    A unit moves on when all its files are there. Files with the same declared digest are fetched once. A file of a
    saved unit for which no digest is declared is asked for again, conditionally where the remote has said how.

    Args:
        fetch: fetches one file.
        deferred: what to do with an artifact that says nothing itself: True leaves its bytes for later.
        max_concurrent: most units in work at once.
        received: told each number of bytes as they arrive, negative where an attempt is void.

    Errors: passes ``fetch``'s error on and cancels what is in flight; ``ConflictError`` where a saved unit's file has
    other bytes now.
    """
    flights = Flights()

    def get(artifact: DeclarativeArtifact) -> Work[DeclarativeArtifact]:
        request = Request(
            artifact.urls,
            artifact.digests,
            artifact.size,
            artifact.headers,
            artifact.validators or NOTHING_KNOWN,
            artifact.relative_path,
            received,
        )
        return then(flights.board(artifact.digests, lambda: fetch(request)), lambda body: _arrived(artifact, body))

    def work(unit: DeclarativeContent) -> Work[DeclarativeContent]:
        wanted = [artifact for artifact in unit.artifacts if _is_wanted(unit, artifact, deferred)]
        if not wanted:
            return (unit,)
        if len(wanted) == 1:
            return then(get(wanted[0]), lambda _: (unit,))
        return from_iterable(wanted).pipe(
            flat_map_with_max_concurrent(get, len(wanted)), ops.reduce(lambda unit, _: unit, unit)
        )

    return flat_map_with_max_concurrent(work, max_concurrent, name="download_artifacts")


def _is_wanted(unit: DeclarativeContent, artifact: DeclarativeArtifact, deferred: bool) -> bool:
    if artifact.body is not None or (deferred if artifact.deferred is None else artifact.deferred):
        return False
    return artifact.stored is None or (unit.new is False and not artifact.digests)


def _arrived(artifact: DeclarativeArtifact, body: Body | None) -> tuple[DeclarativeArtifact]:
    if body is not None:
        if artifact.stored is not None and artifact.stored.sha256 != body.sha256:
            raise ConflictError(
                f"{artifact.relative_path}: the saved unit has sha256 {artifact.stored.sha256}, "
                f"{body.url} gives {body.sha256} now"
            )
        artifact.body, artifact.validators = body, body.validators
    return (artifact,)
