"""Fetch the units whose key only their bytes tell; a plan must know who they are.

Floor 3, operators.
"""

from __future__ import annotations

from rxsync.declare import Body, DeclarativeContent
from rxsync.flow import Bound, flat_map_with_max_concurrent, then
from rxsync.models import content_type
from rxsync.operators.download_artifacts import MAX_CONCURRENT, Fetch, request_of
from rxsync.operators.second_pass import SecondPass
from rxsync.operators.stage import Stage
from rxsync.typing import OnError, Work


def learn_keys(
    fetch: Fetch,
    *,
    max_concurrent: Bound = MAX_CONCURRENT,
    on_error: OnError | None = None,
    second_pass: bool = False,
) -> Stage:
    """Give each unit with an unknown key its first file's ``body``, and have it learn; others pass by.

        source  -a-b-c----|
        fetch    ---x             b is known
        result  ---b-a--c-|       in order of completion

    Args:
        fetch: fetches one file.
        max_concurrent: most units in work at once.
        on_error: called with a unit and why its bytes cannot be had; leaves the unit out, or raises.
        second_pass: as in ``download_artifacts``.

    Errors: without ``on_error``, passes ``fetch``'s error on and cancels what is in flight.
    """

    def work(unit: DeclarativeContent) -> Work[DeclarativeContent]:
        if unit.content.is_known() or not unit.artifacts or not content_type(type(unit.content)).learnt:
            return (unit,)
        artifact = unit.artifacts[0]

        def learn(body: Body | None) -> tuple[DeclarativeContent]:
            if body is not None:
                artifact.body = body
                unit.content.learn({**artifact.digests, **body.digests}, body.size)
            return (unit,)

        return learn(artifact.body) if artifact.body is not None else then(fetch(request_of(artifact)), learn)

    second = SecondPass(on_error) if second_pass else None
    return flat_map_with_max_concurrent(
        work,
        max_concurrent,
        name="learn_keys",
        on_error=on_error if second is None else second.give_up,
        again=None if second is None else second.again,
    )
