"""Look at the bytes before anything is saved.

Floor 3, operators. The third use case of the story behind this project: lint checks, signatures, licences.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from inspect import isawaitable, iscoroutinefunction
from typing import Literal, get_args

from reactivex import Observable

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError, RejectedError, UsageError
from rxsync.flow import stage, then
from rxsync.operators.for_new_content import at, once
from rxsync.operators.stage import PlacedStage
from rxsync.typing import Work

Check = Callable[[DeclarativeContent], "Awaitable[str | None] | Observable[str | None] | str | None"]
"""Answers why a unit must not come in, in words; None lets it pass."""

Aside = Callable[[DeclarativeContent, str], Awaitable[None]]
"""Keeps the files of a unit for a look, out of the store."""

Policy = Literal["fail", "skip", "quarantine"]


def validate(
    check: Check,
    policy: Policy = "fail",
    *,
    aside: Aside | None = None,
    max_concurrent: int = 10,
    name: str | None = None,
) -> PlacedStage:
    """Let ``check`` see each unit that is not saved yet, its bytes here and nothing of it stored.

        source  -a-b----|
        check    --k              answers with a reason, or None
        result  ---a-b--|        in order of completion, without those that are left out

    ``artifact.body`` has the bytes, in memory or on disk, or ``artifact.stored`` if they had come with another unit;
    ``run.bytes_of(artifact)`` reads either. A unit with a file that is left for later passes unseen: declare the file
    with ``deferred=False`` where the check must see it.

    Args:
        check: says why not.
        policy: what to do then: fail the run; skip the unit; or skip it and keep its files aside for a look.
        aside: keeps them, ``run.quarantine``; only for ``"quarantine"``.
        max_concurrent: most units at once.
        name: what the report and gauges call it; None: the name of ``check``.

    Raises:
        UsageError: no such policy, or quarantine without a place.

    Errors: those of ``check``, with a note that names the unit; ``RejectedError`` where the policy is to fail.
    """
    if policy not in get_args(Policy) or (policy == "quarantine" and aside is None):
        raise UsageError(f"policy {policy!r}: expected fail, skip, or quarantine with aside=run.quarantine")
    label = str(name or getattr(check, "__name__", "validate"))
    work = _Validation(check, policy, aside, label).work
    return PlacedStage(
        stage(work, concurrency=max_concurrent, name=label),
        frozenset({"bytes"}),
        frozenset({"stored files", "saved content"}),
    )


@dataclass(frozen=True)
class _Validation:
    check: Check
    policy: Policy
    aside: Aside | None
    name: str

    def work(self, unit: DeclarativeContent) -> Work[DeclarativeContent]:
        if unit.new is not None or any(a.body is None and a.stored is None for a in unit.artifacts):
            return (unit,)
        if iscoroutinefunction(self.check) or self.policy == "quarantine":
            return self._judged(unit)
        with at(unit):
            return then(once(self.check(unit)), lambda reason: self._verdict(unit, reason))

    async def _judged(self, unit: DeclarativeContent) -> Sequence[DeclarativeContent]:
        with at(unit):
            answer = self.check(unit)
            reason = await answer if isawaitable(answer) else answer
            if isinstance(reason, str) and self.aside is not None and self.policy == "quarantine":
                await self.aside(unit, reason)
        return self._verdict(unit, reason)

    def _verdict(self, unit: DeclarativeContent, reason: str | None) -> Sequence[DeclarativeContent]:
        if reason is None:
            return (unit,)
        if not isinstance(reason, str) or not reason:
            raise FlowError(f"check {self.name!r} answers with {reason!r}: expected why not, in words, or None")
        if self.policy == "fail":
            raise RejectedError(unit.name, reason)
        kind = "invalid" if self.policy == "skip" else "quarantined"
        unit.skip(reason, kind=kind, step=self.name)
        return ()
