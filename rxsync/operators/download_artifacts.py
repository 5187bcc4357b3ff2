"""Fetch the bytes that are missing, each once.

Floor 3, operators.
Follows: ``pulpcore.plugin.stages.ArtifactDownloader``, which fetches the same bytes twice if two units share them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from inspect import isawaitable, iscoroutinefunction

from reactivex import Observable, abc, defer
from reactivex import operators as ops

from rxsync.declare import Body, Claim, DeclarativeArtifact, DeclarativeContent, NoRoomError, Validators
from rxsync.errors import ConflictError, UsageError
from rxsync.flow import Bound, Dial, FlowScheduler, Lanes, flat_map_with_max_concurrent, then
from rxsync.operators.budget import Budget
from rxsync.operators.flights import Flight, Flights, Flown
from rxsync.operators.lease import FileClaim
from rxsync.operators.second_pass import SecondPass
from rxsync.operators.stage import Stage
from rxsync.operators.together import together
from rxsync.ports.downloader import Request
from rxsync.typing import OnError, Operator, Work
from rxsync.urls import host_of, is_signed

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
    budget: Budget | None = None,
    on_error: OnError | None = None,
    second_pass: bool = False,
) -> Stage:
    """Give every artifact that is neither stored nor deferred its ``body``.

        source  -a-b-c----|
        fetch    ---x             b is stored already
        result  ---b-a--c-|       max_concurrent=2: in order of completion

    A unit moves on when all its files are there. Files with the same declared digest are fetched once. A file of a
    saved unit for which no digest is declared is asked for again, conditionally where the remote has said how. While
    the budget is full, units wait for those before them to be stored, and batches below leave at once.

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
        budget: of bytes that are not stored yet; None: one of the usual size, for each subscription.
        on_error: called with a unit and why its bytes cannot be had; leaves the unit out, or raises.
        second_pass: whether a unit whose failure may pass is worked on once more before it is given up: when the others
            are through, or at once when somebody awaits it.

    Errors: without ``on_error``, passes ``fetch``'s error on and cancels what is in flight; ``ConflictError`` where a
    saved unit's file has other bytes now; ``UsageError`` where a file is left for later that nobody could fetch then.
    """

    def begin(source: Observable[DeclarativeContent], scheduler: abc.SchedulerBase) -> Observable[DeclarativeContent]:
        room = budget or Budget()
        if isinstance(scheduler, FlowScheduler):  # else the stage itself refuses it
            room.belong(scheduler)
        download = _Download(fetch, deferred, received, room)
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

    return lambda source: defer(lambda scheduler: begin(source, scheduler))  # flights are of one run


class _Download:
    def __init__(self, fetch: Fetch, deferred: bool, received: Callable[[int], None] | None, budget: Budget) -> None:
        self._fetch, self._deferred, self._received, self._budget = fetch, deferred, received, budget
        self._take_off = self._await if iscoroutinefunction(fetch) else self._begin
        self._flights = Flights()

    def work(self, unit: DeclarativeContent) -> Work[DeclarativeContent]:
        wanted = [artifact for artifact in unit.artifacts if self._is_wanted(unit, artifact)]
        if len(wanted) < len(unit.artifacts):
            refuse_signed(unit, wanted)
        if not wanted or unit.skipped is not None:
            return (unit,)
        if len(wanted) == 1:
            [artifact] = wanted
            flight = self._flights.book(artifact.digests)
            return self._get(artifact, unit, flight, None if flight is None else self._claim(artifact, unit))
        return self._get_all(wanted, unit)

    def host(self, unit: DeclarativeContent) -> str | None:
        """Where the unit waits for a connection; None if it needs none."""
        for artifact in unit.artifacts:
            if self._is_wanted(unit, artifact):
                return host_of(artifact.urls[0])
        return None

    def _claim(self, artifact: DeclarativeArtifact, unit: DeclarativeContent) -> FileClaim:
        return self._budget.lease(unit, (artifact.size,))[0]

    def _get_all(self, wanted: list[DeclarativeArtifact], unit: DeclarativeContent) -> Observable[DeclarativeContent]:
        """Lease room for what nobody fetches yet, at once; and give the unit when all is there."""
        flights = [(one, flight) for one in wanted if (flight := self._flights.book(one.digests)) is not None]
        claims = self._budget.lease(unit, [artifact.size for artifact, _ in flights]) if flights else ()
        booked = {id(artifact): (flight, claim) for (artifact, flight), claim in zip(flights, claims, strict=True)}
        return together(unit, wanted, booked, self._get, self._flights.cancel)

    def _get(
        self, artifact: DeclarativeArtifact, unit: DeclarativeContent, flight: Flight | None, claim: FileClaim | None
    ) -> Work[DeclarativeContent]:
        def arrive(body: Body | None) -> tuple[DeclarativeContent]:
            if body is not None and unit.skipped is None:
                _take(artifact, body)
            return (unit,)

        take_off = partial(self._take_off, artifact, unit, claim)
        return self._flights.board(artifact.digests, take_off, arrive, booked=flight)

    async def _await(
        self, artifact: DeclarativeArtifact, unit: DeclarativeContent, claim: FileClaim | None
    ) -> Body | None:
        claim = claim or self._claim(artifact, unit)  # who joined a flight that was given up takes off late
        request = request_of(artifact, self._received, claim)
        try:
            if claim.ask is not None:
                await claim.ask.wait()
            body = await self._fetched(claim, request, self._fetch(request))
            claim.settle(body)
            return body
        finally:
            claim.give_up()

    async def _fetched(self, claim: FileClaim, request: Request, flown: Flown) -> Body | None:
        """Await the fetch; begin it again where the file turns out to be larger than there is room for."""
        while True:
            try:
                return await flown if isawaitable(flown) else flown
            except NoRoomError:
                if claim.ask is not None:
                    await claim.ask.wait()
                flown = self._fetch(request)

    def _begin(self, artifact: DeclarativeArtifact, unit: DeclarativeContent, claim: FileClaim | None) -> Flown:
        claim = claim or self._claim(artifact, unit)
        request = request_of(artifact, self._received, claim)
        if claim.ask is None:
            try:
                return self._settling(claim, request, self._fetch(request))
            except BaseException:
                claim.give_up()
                raise
        later: Operator[None, Body | None] = flat_map_with_max_concurrent(
            lambda _: then(self._fetch(request), lambda body: (body,)), 1, prefetch=0
        )
        return self._settling(claim, request, claim.ask.stream().pipe(later))

    def _settling(self, claim: FileClaim, request: Request, flown: Flown) -> Flown:
        """Let the body have the claim, however it comes."""
        if isinstance(flown, Observable):
            watched = ops.do_action(claim.settle, lambda _: claim.give_up())  # before anybody below hears of it
            return flown.pipe(watched, ops.finally_action(claim.give_up))
        if isawaitable(flown):
            return self._awaiting(claim, request, flown)
        claim.settle(flown)
        return flown

    async def _awaiting(self, claim: FileClaim, request: Request, flown: Flown) -> Body | None:
        try:
            body = await self._fetched(claim, request, flown)
            claim.settle(body)
            return body
        finally:
            claim.give_up()

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


def request_of(
    artifact: DeclarativeArtifact, received: Callable[[int], None] | None = None, claim: Claim | None = None
) -> Request:
    """What to ask a downloader for."""
    return Request(
        artifact.urls,
        artifact.digests,
        artifact.size,
        artifact.headers,
        artifact.validators or Validators(),
        artifact.relative_path,
        received,
        claim=claim,
    )


def _take(artifact: DeclarativeArtifact, body: Body) -> None:
    if artifact.stored is not None and artifact.stored.sha256 != body.sha256:
        raise ConflictError(
            f"{artifact.relative_path}: the saved unit has sha256 {artifact.stored.sha256}, "
            f"{body.url} gives {body.sha256} now"
        )
    artifact.body, artifact.validators, artifact.validators_of = body, body.validators, body.url
