"""Fetch the bytes that are missing, each once.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ArtifactDownloader``, which fetches the same bytes twice if two units share them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from reactivex import Observable, defer
from reactivex import operators as ops

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent, Validators
from rxsync.errors import ConflictError, UsageError
from rxsync.flow import Lanes, flat_map_with_max_concurrent, from_iterable
from rxsync.operators.flights import Flights
from rxsync.operators.stage import Stage
from rxsync.ports.downloader import Request
from rxsync.typing import OnError, Work
from rxsync.urls import is_signed, without_credentials

Fetch = Callable[[Request], "Awaitable[Body | None] | Observable[Body | None] | Body | None"]
"""Fetches one file; None where it is unchanged: ``downloader.fetch``, or a diagram in a test."""

MAX_CONCURRENT = 50
"""Units in work at once."""

PER_HOST = 10
"""Those of them whose bytes are on one host."""


def download_artifacts(
    fetch: Fetch,
    *,
    deferred: bool = False,
    max_concurrent: int = MAX_CONCURRENT,
    per_host: int = PER_HOST,
    received: Callable[[int], None] | None = None,
    on_error: OnError | None = None,
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
        per_host: most of them whose first file is on one host; others let those of other hosts pass.
        received: told each number of bytes as they arrive, negative where an attempt is void.
        on_error: called with a unit and why its bytes cannot be had; leaves the unit out, or raises.

    Errors: without ``on_error``, passes ``fetch``'s error on and cancels what is in flight; ``ConflictError`` where a
    saved unit's file has other bytes now; ``UsageError`` where a file is left for later that nobody could fetch then.
    """

    def begin(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        download = _Download(fetch, deferred, received)
        lanes = Lanes(download.host, per_host)
        work = flat_map_with_max_concurrent(
            download.work, max_concurrent, lanes=lanes, name="download_artifacts", on_error=on_error
        )
        return work(source)

    return lambda source: defer(lambda _: begin(source))  # flights are of one run


class _Download:
    def __init__(self, fetch: Fetch, deferred: bool, received: Callable[[int], None] | None) -> None:
        self._fetch, self._deferred, self._received = fetch, deferred, received
        self._flights = Flights()

    def work(self, unit: DeclarativeContent) -> Work[DeclarativeContent]:
        wanted = [artifact for artifact in unit.artifacts if self._is_wanted(unit, artifact)]
        if len(wanted) < len(unit.artifacts):
            refuse_signed(unit, wanted)
        if not wanted:
            return (unit,)
        if len(wanted) == 1:
            return self._get(wanted[0], unit)

        def get(artifact: DeclarativeArtifact) -> Work[DeclarativeContent]:
            return self._get(artifact, unit)

        together = from_iterable(wanted).pipe(flat_map_with_max_concurrent(get, len(wanted)))
        return together.pipe(ops.last())  # once all are there

    def host(self, unit: DeclarativeContent) -> str | None:
        """Where the unit waits for a connection; None if it needs none."""
        for artifact in unit.artifacts:
            if self._is_wanted(unit, artifact):
                url = without_credentials(artifact.urls[0])
                return (url.split("/", 3)[2] or None) if "://" in url else None
        return None

    def _get(self, artifact: DeclarativeArtifact, unit: DeclarativeContent) -> Work[DeclarativeContent]:
        request = request_of(artifact, self._received)

        def arrive(body: Body | None) -> tuple[DeclarativeContent]:
            if body is not None:
                _take(artifact, body)
            return (unit,)

        return self._flights.board(artifact.digests, partial(self._fetch, request), arrive)

    def _is_wanted(self, unit: DeclarativeContent, artifact: DeclarativeArtifact) -> bool:
        return is_wanted(unit, artifact, self._deferred)


def is_wanted(unit: DeclarativeContent, artifact: DeclarativeArtifact, deferred: bool) -> bool:
    """Whether the artifact is to be asked for now; ``deferred``: what to do with one that says nothing itself."""
    deferred = deferred if artifact.deferred is None else artifact.deferred
    deferred = deferred and unit.content.is_known()  # a key that is learnt from the bytes needs them now
    if deferred or artifact.body is not None:
        return False
    return artifact.stored is None or (unit.new is False and not artifact.digests)


def refuse_signed(unit: DeclarativeContent, wanted: Sequence[DeclarativeArtifact]) -> None:
    """Refuse to leave a file for later whose URLs are good only now: they carry a signature, which is kept nowhere.

    Args:
        unit: has the files.
        wanted: those of them that are asked for now.

    Raises:
        UsageError: names the file.
    """
    for artifact in unit.artifacts:
        here = artifact.stored is not None or artifact.body is not None
        if not here and artifact not in wanted and all(map(is_signed, artifact.urls)):
            raise UsageError(
                f"{artifact.relative_path}: cannot be left for later: each of its URLs is signed, and will not be good "
                "then; expected another one, or the policy immediate"
            )


def request_of(artifact: DeclarativeArtifact, received: Callable[[int], None] | None = None) -> Request:
    """What to ask a downloader for."""
    return Request(
        artifact.urls,
        artifact.digests,
        artifact.size,
        artifact.headers,
        artifact.validators or Validators(),
        artifact.relative_path,
        received,
    )


def _take(artifact: DeclarativeArtifact, body: Body) -> None:
    if artifact.stored is not None and artifact.stored.sha256 != body.sha256:
        raise ConflictError(
            f"{artifact.relative_path}: the saved unit has sha256 {artifact.stored.sha256}, "
            f"{body.url} gives {body.sha256} now"
        )
    artifact.body, artifact.validators, artifact.validators_of = body, body.validators, body.url
