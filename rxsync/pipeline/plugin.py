"""What a plugin is.

Floor 4, pipeline. A plugin declares; everything else has a default.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from inspect import iscoroutine
from types import FunctionType
from typing import Any, ClassVar, Generic

from reactivex import Observable

from rxsync.declare import DeclarativeContent
from rxsync.errors import FlowError
from rxsync.flow import from_async
from rxsync.models import Content, Related
from rxsync.operators import Rank
from rxsync.pipeline.draft import Draft
from rxsync.pipeline.recipe import Recipe
from rxsync.pipeline.report import Report
from rxsync.pipeline.run import Context, Options, Run


@dataclass(frozen=True)
class NoOptions:
    """Nothing to choose."""


class Plugin(Generic[Options, Context]):
    """One kind of repository. Subclass it, and name an instance by an entry point of the group ``rxsync.plugins``.

    Attributes:
        name: how people ask for it.
        content_types: what it declares.
        related_types: what comes with that; types that content refers to by foreign keys need not be named.
        options: a dataclass, one field an option, each with a default; ``help`` in a field's metadata tells of it.
        context: makes what ``run.context`` is, for each run anew.
    """

    name: ClassVar[str]
    content_types: Sequence[type[Content]] = ()
    related_types: Sequence[type[Related]] = ()
    options: type[Any] = NoOptions
    context: Callable[[], Any] = staticmethod(lambda: None)

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Take a plain function for ``context`` as what it is: it makes a context, and is no method."""
        super().__init_subclass__(**arguments)
        if isinstance(cls.__dict__.get("context"), FunctionType):
            cls.context = staticmethod(cls.__dict__["context"])

    def declare(self, run: Run[Options, Context]) -> AsyncIterator[DeclarativeContent] | Observable[DeclarativeContent]:
        """Declare what ``run.remote`` holds, as an async generator: it is paused while the line is busy.

        May answer with an Observable of ``rxsync.flow`` instead.
        """
        raise NotImplementedError(f"plugin {self.name!r} does not say what a remote holds: it has no declare()")

    def recipe(self, standard: Recipe, run: Run[Options, Context]) -> Recipe:
        """Give the line: the standard one, amended."""
        return standard

    def newest_by(self, unit: DeclarativeContent) -> tuple[Hashable, Rank] | None:
        """Say of what a unit is a version, and which: (group, rank), the newest highest. For ``--newest``.

        None lets it pass. A plugin that does not override this cannot be asked for the newest.
        """
        return None

    def published(self, unit: DeclarativeContent) -> datetime | None:
        """Say when a unit was published, with a time zone; None where that is not known. For ``--min-age``.

        A plugin that does not override this cannot be asked for an age.
        """
        return None

    async def fingerprint(self, run: Run[Options, Context], known: str | None) -> str | None:
        """Say what the source looks like now, in one line that is the same only where it would declare the same.

        Where it is as it was when all of it came in, the sync ends there: nothing is declared, and none of the other
        methods is called. Cheap, so one request at most: ``run.downloader.fingerprint(url, known)`` makes it.

        Args:
            run: the run.
            known: what it said then; None where nothing is known, or options or rules are others now.

        Returns:
            The line; None, as here, where that cannot be told.
        """
        return None

    async def before_run(self, run: Run[Options, Context]) -> None:
        """Prepare, before anything is declared."""

    def finalize_version(self, run: Run[Options, Context], draft: Draft) -> None:
        """Look at the whole version before it completes; ``draft.refuse(reason)`` makes none.

        Runs in the transaction that makes it, in the thread of that, and may run again; not where nothing changed.
        """

    async def after_run(self, run: Run[Options, Context], report: Report) -> None:
        """Clean up, or use what was gathered, once the version is made or it is clear that there is none to make.

        Not after a failure.
        """


def stream(plugin: Plugin[Any, Any], run: Run[Any, Any]) -> Observable[DeclarativeContent]:
    """What the plugin declares, as a stream.

    Raises:
        FlowError: it answers with something else.
    """
    declared = plugin.declare(run)
    if isinstance(declared, Observable):
        return declared
    if not hasattr(declared, "__aiter__"):
        if iscoroutine(declared):
            declared.close()
        raise FlowError(f"declare() answers with {declared!r}: expected an async generator")
    return from_async(lambda: declared)
