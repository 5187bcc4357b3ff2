"""A step over the database: a function of a transaction and a batch, usable alone or fused with its neighbours.

Floor 3, operators.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import Any, Generic, TypeAlias, TypeVar

from reactivex import Observable

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError, UsageError
from rxsync.flow import stage, then
from rxsync.ports.catalog import ReadTransaction
from rxsync.typing import Work

Units = Sequence[DeclarativeContent]
Tx = TypeVar("Tx", bound=ReadTransaction)

Apply: TypeAlias = Callable[[Tx, Units], Units]
Answer: TypeAlias = Awaitable[Units] | Observable[Units] | Units

Transact: TypeAlias = Callable[[Callable[[Tx], Units]], Answer]
"""Runs a function in one transaction and answers what it returns: ``catalog.write``, or a diagram in a test."""

Prepare: TypeAlias = Callable[[Units], Awaitable[None] | Observable[None] | None]
After: TypeAlias = Callable[[Units], None]

Hook: TypeAlias = Callable[[Units, Tx], None]
"""Called with a batch and its transaction; may be called again with the same batch."""

BATCH = 500
"""Most units in one transaction."""

LINGER = 0.05
"""Longest a unit waits for company, in seconds."""


@dataclass(frozen=True)
class CatalogStage(Generic[Tx]):
    """A ``Stage`` that works on batches inside transactions.

        source   -a-b---c---|
        transact      --u           answers after 2 with what ``apply`` returned
        result   -----(a,b)--c|     batch=2: in order

    Attributes:
        apply: what to do inside the transaction; answers the units to pass on. May run again after a failure, so
            what it learns it writes onto the units anew each time. None for a step that has only an ``after``.
        transact: runs ``apply`` in a transaction; None where there is nothing to run.
        writes: False for a step that only asks.
        prepare: what must be done, and durable, before the transaction opens.
        after: what to do with the units once the transaction is kept.
        batch: most units in one transaction.
        linger: longest a unit waits for company, in seconds; None: until the batch is full or somebody waits.
        name: how the step is called in progress and errors.

    Errors: passes on those of ``prepare``, ``apply`` and ``transact``; units of the failed batch are not emitted.
    """

    apply: Apply[Tx] | None = None
    transact: Transact[Tx] | None = None
    writes: bool = True
    prepare: Prepare | None = None
    after: After | None = None
    batch: int = BATCH
    linger: float | None = LINGER
    name: str | None = None

    def __call__(self, source: Observable[DeclarativeContent]) -> Observable[DeclarativeContent]:
        """Be a ``Stage``."""
        return stage(self._work, batch=self.batch, prefetch=self.batch, linger=self.linger, name=self.name)(
            source
        )  # one batch at a time, hence in order

    def fuses_with(self, following: CatalogStage[Any]) -> bool:
        """Whether ``following`` can share this step's transaction: unless it must do something before it opens."""
        return following.prepare is None and following.batch == self.batch and following.linger == self.linger

    def fused(self, following: CatalogStage[Any]) -> CatalogStage[Any]:
        """Give one stage that does both, in one transaction; waiters are woken after the commit."""
        return CatalogStage(
            apply=_both(self.apply, following.apply),
            transact=following.transact if following.writes or self.transact is None else self.transact,
            writes=self.writes or following.writes,
            prepare=self.prepare,
            after=_both_after(self.after, following.after),
            batch=self.batch,
            linger=self.linger,
            name=f"{self.name} + {following.name}",
        )

    def hooked(self, pre_save: Hook[Tx] | None = None, post_save: Hook[Tx] | None = None) -> CatalogStage[Tx]:
        """Give a stage that calls hooks inside the same transaction, before and after its own work.

        Both may run again: after a serialization failure the whole transaction does. What a hook raises undoes the
        transaction of its batch and fails the run.

        Raises:
            UsageError: the step has no transaction.
        """
        apply = self.apply
        if apply is None:
            raise UsageError(f"step {self.name!r} has no transaction for hooks to run in")

        def apply_with_hooks(tx: Tx, units: Units) -> Units:
            _call(pre_save, units, tx)
            units = apply(tx, _not_skipped(units))
            _call(post_save, units, tx)
            return _not_skipped(units)

        return replace(self, apply=apply_with_hooks)

    def _work(self, units: Units) -> Work[DeclarativeContent]:
        units = _not_skipped(units)
        if iscoroutinefunction(self.transact):
            return self._awaited(units)
        if self.prepare is None:
            return self._transaction(units)
        return then(self.prepare(units), lambda _: self._transaction(units))

    async def _awaited(self, units: Units) -> Units:
        # Nothing is begun before this runs: a task that is cancelled first would leave it behind, never awaited.
        prepared = None if self.prepare is None else self.prepare(units)
        if isawaitable(prepared):
            await prepared
        if self.apply is None or self.transact is None:
            return self._kept(units)
        apply = self.apply
        answer = self.transact(lambda tx: apply(tx, units))
        return self._kept(await answer if isawaitable(answer) else units)

    def _transaction(self, units: Units) -> Work[DeclarativeContent]:
        if self.apply is None or self.transact is None:
            return self._kept(units)
        apply = self.apply
        return then(self.transact(lambda tx: apply(tx, units)), self._kept)

    def _kept(self, units: Units) -> Units:
        if self.after is not None:
            self.after(units)
        return units


def _not_skipped(units: Units) -> Units:
    return [unit for unit in units if unit.skipped is None]


def _call(hook: Hook[Any] | None, units: Units, tx: Any) -> None:
    if hook is not None:
        refuse_coroutine(hook(units, tx), f"hook {getattr(hook, '__name__', hook)!r}")


def refuse_coroutine(answer: object, who: str) -> None:
    """Refuse what was meant to be awaited, where nothing can be: in a transaction.

    Raises:
        FlowError: it is a coroutine.
    """
    if iscoroutine(answer):
        answer.close()
        raise FlowError(f"{who} is an async function: expected a plain one, it runs inside a transaction")


def _both(first: Apply[Any] | None, second: Apply[Any] | None) -> Apply[Any] | None:
    if first is None or second is None:
        return first or second
    return lambda tx, units: second(tx, first(tx, units))


def _both_after(first: After | None, second: After | None) -> After | None:
    if first is None or second is None:
        return first or second

    def both(units: Units) -> None:
        first(units)
        second(units)

    return both
