"""What a sync did, as it is shown, stored and scripted against.

Floor 4, pipeline. The keys are a promise (design, section 8): within ``rxsync.sync/1`` they are only ever added to.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from rxsync.errors import Failure

SCHEMA = "rxsync.sync/1"


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
    """

    run: str | None
    repository: str
    version: int | None = None
    base_version: int | None = None
    created: bool = False
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

    @property
    def balances(self) -> bool:
        """Whether every unit is accounted for."""
        out = self.new + self.known + self.repeated + self.filtered + self.skipped + self.failed + self.dropped
        return self.declared == out

    def as_dict(self) -> dict[str, object]:
        """The report as plain values, for JSON."""
        return {"schema": SCHEMA, **asdict(self)}
