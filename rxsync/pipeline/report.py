"""What a sync did, as it is shown, stored and scripted against.

Floor 4, pipeline. The keys are a promise (design, section 8): within ``rxsync.sync/1`` they are only ever added to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from rxsync.failure import Failure
from rxsync.pipeline.card import card
from rxsync.wording import count, duration, safe, size

SCHEMA = "rxsync.sync/1"

MOST_PROBLEMS = 10
"""So many are shown; ``problems`` and JSON have them all."""

RARE = ("repeated", "filtered", "skipped", "failed", "dropped")
"""Ways of a unit that are not worth a word where nothing took them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One unit that did not come through.

    Attributes:
        relative_path: of its first file, or its name.
        url: where its bytes were asked for, without credentials; None if they were not.
        reason: what happened, in words.
        kind: name of the error, or ``dropped``.
        stage: the step it happened in; None if unknown.
        attempts: how often it was tried.
    """

    relative_path: str
    url: str | None
    reason: str
    kind: str
    stage: str | None
    attempts: int


@dataclass(slots=True)
class Report:
    """What a sync did. ``declared = new + known + repeated + filtered + skipped + failed + dropped``.

    Attributes:
        run: 32 hex digits; None if the run never began.
        repository: its name.
        version: number of the repository's newest version now; None if nothing came of the run.
        base_version: number of the version it started from; None if the run never began.
        created: True if ``version`` was made by this run.
        unchanged: True if the source said that it is what it was, so that nothing was declared.
        declared: units the source and the author's steps declared.
        new: units saved by this run.
        known: units that were saved before.
        repeated: units the source declared again.
        filtered: units left out by a filter the operator asked for.
        skipped: units left out by the error policy.
        failed: units that had not come through when the run failed.
        dropped: units that an author's step let fall; ``problems`` names the step.
        deferred: files left for later, inside new and known.
        kept: units of the base kept for a unit that was skipped.
        added: units in the version that were not in the base.
        removed: units of the base that are not in the version.
        bytes_downloaded: bytes of files that arrived.
        seconds: wall time.
        exit_code: what the command line ends with.
        error: why there is no version; None if all went well.
        problems: units that did not come through.
        repositories: what was done to sub-repositories, each by itself.
    """

    run: str | None
    repository: str
    version: int | None = None
    base_version: int | None = None
    created: bool = False
    unchanged: bool = False
    declared: int = 0
    new: int = 0
    known: int = 0
    repeated: int = 0
    filtered: int = 0
    skipped: int = 0
    failed: int = 0
    dropped: int = 0
    deferred: int = 0
    kept: int = 0
    added: int = 0
    removed: int = 0
    bytes_downloaded: int = 0
    seconds: float = 0.0
    exit_code: int = 0
    error: Failure | None = None
    problems: list[Problem] = field(default_factory=list)
    repositories: list[Report] = field(default_factory=list)

    @property
    def balances(self) -> bool:
        """Whether every unit is accounted for."""
        out = self.new + self.known + self.repeated + self.filtered + self.skipped + self.failed + self.dropped
        return self.declared == out

    def as_dict(self) -> dict[str, object]:
        """The report as plain values, for JSON."""
        return {"schema": SCHEMA, **asdict(self)}

    def lines(self, *, verbose: bool = False) -> Iterator[str]:
        """Tell of it in a few lines.

        ::

            tools: version 42, 1,204 units added, 16 removed
              declared    12,220 units: 1,204 new, 11,016 known
              downloaded  1.2 GB in 2:05, 9.6 MB/s
        """
        yield self._headline()
        for name, fact in self.facts().items():
            yield f"  {name:<10}  {safe(fact)}"
        for part in self.repositories:
            yield f"  {'part':<10}  {safe(part._headline())}"
        if verbose:
            yield f"  run         {self.run}"
        for kind, what, why in self._shown_problems():
            yield f"  {kind:<10}  {safe(what)}: {safe(why)}"
        if self._more():
            yield f"  {self._more()}"

    def __str__(self) -> str:
        """The same lines, as one text."""
        return "\n".join(self.lines())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show itself in a notebook."""
        tone = "bad" if self.error else "odd" if self.problems else "good" if self.created else "calm"
        more = [("…", self._more(), "")] if self._more() else []
        shown = card(
            self._headline(),
            tone,
            parts=[("new", self.new, "good"), ("known", self.known, "plain")]
            + [(word, getattr(self, word), "bad" if word == "failed" else "odd") for word in RARE],
            facts=self.facts(),
            problems=[*self._shown_problems(), *more],
        )
        return {"text/plain": str(self), "text/html": shown}

    def _headline(self) -> str:
        if self.error is not None and self.version is None:
            stays = "" if self.base_version is None else f", version {self.base_version} stays"
            return f"{self.repository}: failed{stays}"
        if self.unchanged:
            return f"{self.repository}: the source is unchanged, version {self.version} stays"
        if not self.created:
            return f"{self.repository}: nothing changed, version {self.version} stays"
        added = count(self.added, "unit")
        return f"{self.repository}: version {self.version}, {added} added, {self.removed:,} removed"

    def facts(self) -> dict[str, str]:
        """What is told below the headline, by what it is called."""
        if self.unchanged:
            return {}
        parts = [f"{self.new:,} new", f"{self.known:,} known"]
        parts += [f"{number:,} {word}" for word in RARE if (number := getattr(self, word))]
        facts = {"declared": f"{count(self.declared, 'unit')}: {', '.join(parts)}"}
        if self.deferred:
            facts["deferred"] = f"{count(self.deferred, 'file')} left until wanted"
        if self.kept:
            facts["kept"] = f"{count(self.kept, 'unit')} of version {self.base_version} for what was skipped"
        facts["downloaded"] = self._downloaded()
        if self.error is not None:
            facts["error"] = f"{self.error.kind}: {self.error.message}"
        return facts

    def _downloaded(self) -> str:
        if not self.bytes_downloaded:
            return f"nothing, in {duration(self.seconds)}"
        rate = self.bytes_downloaded / max(self.seconds, 0.001)
        return f"{size(self.bytes_downloaded)} in {duration(self.seconds)}, {size(rate)}/s"

    def _shown_problems(self) -> Iterator[tuple[str, str, str]]:
        for problem in self.problems[:MOST_PROBLEMS]:
            yield problem.kind, problem.relative_path, problem.reason

    def _more(self) -> str:
        more = len(self.problems) - MOST_PROBLEMS
        return f"and {more:,} more" if more > 0 else ""
