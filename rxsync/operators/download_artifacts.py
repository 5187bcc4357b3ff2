"""Fetch the bytes that are missing, each once.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ArtifactDownloader``, which fetches the same bytes twice if two units share them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from reactivex import Observable, defer
from reactivex import operators as ops

from rxsync.declare import Body, DeclarativeArtifact, DeclarativeContent, Validators
from rxsync.errors import ConflictError
from rxsync.flow import Bound, Dial, Lanes, flat_map_with_max_concurrent, from_iterable
from rxsync.operators.flights import Flights
from rxsync.operators.second_pass import SecondPass
from rxsync.operators.stage import Stage
from rxsync.ports.downloader import Request
from rxsync.typing import OnError, Work
from rxsync.urls import host_of

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
    max_concurrent: Bound = MAX_CONCURRENT,
    per_host: int | Callable[[str], Dial] = PER_HOST,
    received: Callable[[int], None] | None = None,
    on_error: OnError | None = None,
    second_pass: bool = False,
) -> Stage:
    """Give every artifact that is neither stored nor deferred its ``body``.

        source  -a-b-c----|
        fetch    ---x             b is stored already
        result  ---b-a--c-|       max_concurrent=2: in order of completion

    A unit moves on when all its files are there. Files with the same declared digest are fetched once. A file of a
    saved unit for which no digest is declared is asked for again, conditionally where the remote has said how.

        source  -a-b--|
        fetch   a -#, later -x|    b -x|
        result  ----b--(a,|)       second_pass=True: a comes when all others have

    Args:
        fetch: fetches one file.
        deferred: what to do with an artifact that says nothing itself: True leaves its bytes for later.
        max_concurrent: most units in work at once.
        per_host: most of them whose first file is on one host, or what gives the dial of a host; others let those of
            other hosts pass.
        received: told each number of bytes as they arrive, negative where an attempt is void.
        on_error: called with a unit and why its bytes cannot be had; leaves the unit out, or raises.
        second_pass: whether a unit whose failure may pass is worked on once more before it is given up: when the others
            are through, or at once when somebody awaits it.

    Errors: without ``on_error``, passes ``fetch``'s error on and cancels what is in flight; ``ConflictError`` where a
    saved unit's file has other bytes now.
    """

    def begin(source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        download = _Download(fetch, deferred, received)
        second = SecondPass(on_error) if second_pass else None
        work = flat_map_with_max_concurrent(
            download.work,
            max_concurrent,
            lanes=Lanes(download.host, per_host),
            name="download_artifacts",
            on_error=on_error if second is None else second.give_up,
            again=None if second is None else second.again,
        )
        return work(source)

    return lambda source: defer(lambda _: begin(source))  # flights are of one run


class _Download:
    def __init__(self, fetch: Fetch, deferred: bool, received: Callable[[int], None] | None) -> None:
        self._fetch, self._deferred, self._received = fetch, deferred, received
        self._flights = Flights()

    def work(self, unit: DeclarativeContent) -> Work[DeclarativeContent]:
        wanted = [artifact for artifact in unit.artifacts if self._is_wanted(unit, artifact)]
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
                return host_of(artifact.urls[0])
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
