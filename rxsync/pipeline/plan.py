"""A look before the leap: what a sync would do, and what of it was promised.

Floor 4, pipeline. A value; ``rxsync.pipeline.planning`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rxsync.errors import UsageError
from rxsync.pipeline.options import Texts
from rxsync.pipeline.promise import Promise
from rxsync.pipeline.report import Report
from rxsync.ports.catalog import Unit
from rxsync.wording import count, safe, size

MOST_NAMES = 20
"""So many units are shown each way; ``-v`` and JSON have them all."""


TAKES: Mapping[str, type | tuple[type, ...]] = (
    dict.fromkeys(("source", "repository", "plugin", "mode", "policy", "max_delete", "max_failures"), str)
    | dict.fromkeys(("rate", "bwlimit"), (int, float))
    | dict.fromkeys(("max_concurrent", "retries", "newest", "max_size", "retain_versions"), int)
    | {
        "on_error": (str, dict),
        "min_age": (int, float),
        "include": list,
        "exclude": list,
        "full": bool,
        "options": dict,
    }
)
"""What a file of a plan may say that it was asked with: nothing of the way to the remote, where secrets are."""


@dataclass
class Plan:
    """What a sync would do. Nothing of it was written.

    Attributes:
        report: as that of the sync would be; ``version`` is the newest one, and ``error`` what would keep a next one
            from being made.
        add: units that would come, by path.
        remove: units that would go, by path.
        files_to_download: files whose bytes are missing.
        bytes_to_download: of those, as far as their sizes are known.
        unsized: how many of them say no size.
        free: bytes free where the store is, or would be.
        arguments: what was asked for, as far as a file can hold it.
        promise: what ``sync`` holds itself to.
        parts: plans of sub-repositories.
    """

    report: Report
    add: list[Unit] = field(default_factory=list)
    remove: list[Unit] = field(default_factory=list)
    files_to_download: int = 0
    bytes_to_download: int = 0
    unsized: int = 0
    free: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)
    promise: Promise = field(default_factory=lambda: Promise(0, ""))
    parts: list[Plan] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether there is room for what must be fetched."""
        return self.bytes_to_download <= self.free

    def as_dict(self) -> dict[str, object]:
        """The plan as plain values, for JSON: the keys of a sync's report, and more."""
        return self.report.as_dict() | {
            "bytes_to_download": self.bytes_to_download,
            "files_to_download": self.files_to_download,
            "unsized": self.unsized,
            "free": self.free,
            "add": [_as_dict(unit) for unit in self.add],
            "remove": [_as_dict(unit) for unit in self.remove],
            "parts": [part.as_dict() for part in self.parts],
            "arguments": dict(self.arguments),
            "promise": asdict(self.promise),
        }

    def lines(self, *, verbose: bool = False) -> Iterator[str]:
        """Tell of it in a few lines.

        ::

            tools: 2 units would be added, 1 removed; version 41 stays until a sync
              declared    12,220 units: 2 new, 12,218 known
              to fetch    1.2 MB in 2 files, 80 GB are free
              +    1.2 MB  b/c.iso
              -    1.1 MB  b/b.iso
        """
        yield self._headline()
        for name, fact in self._facts():
            yield f"  {name:<10}  {safe(fact)}"
        most = None if verbose else MOST_NAMES
        for sign, units in (("+", self.add), ("-", self.remove)):
            for unit in units[:most]:
                yield f"  {sign} {_size(unit):>9}  {safe(unit.name)}"
            if len(units) > len(units[:most]):
                yield f"  {sign} and {len(units) - len(units[:most]):,} more"
        for part in self.parts:
            yield from part.lines(verbose=verbose)

    def __str__(self) -> str:
        """The same lines, as one text."""
        return "\n".join(self.lines())

    def _headline(self) -> str:
        report = self.report
        if report.error is not None:
            return f"{report.repository}: a sync would make no version: {report.error.message}"
        if not self.add and not self.remove:
            return f"{report.repository}: nothing would change, version {report.version} stays"
        changes = f"{count(len(self.add), 'unit')} would be added, {len(self.remove):,} removed"
        return f"{report.repository}: {changes}; version {report.version} stays until a sync"

    def _facts(self) -> Iterator[tuple[str, str]]:
        facts = self.report.facts()
        for name in ("declared", "kept", "deferred"):
            if name in facts:
                yield name, facts[name]
        more = f", {self.unsized:,} of unknown size" if self.unsized else ""
        room = f"{size(self.free)} are free" if self.fits else f"and only {size(self.free)} are free"
        if self.files_to_download:
            yield "to fetch", f"{size(self.bytes_to_download)} in {count(self.files_to_download, 'file')}{more}, {room}"
        for problem in self.report.problems:
            yield problem.kind, f"{problem.relative_path}: {problem.reason}"


def read_plan(path: Path) -> tuple[Promise, Mapping[str, Any]]:
    """Read what ``rxsync plan --json`` printed: what was promised, and what it was asked with, as ``sync`` takes it.

    Raises:
        UsageError: it cannot be read, or is something else.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return _promise(said["promise"]), _arguments(said["arguments"])
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} is no plan: expected what rxsync plan --json printed") from error


def _argument(name: str, value: Any) -> Any:
    """Let an argument pass; ``sync`` trusts its types.

    Raises:
        KeyError: there is none of that name.
        TypeError: it is of another type.
    """
    if (name, value) == ("max_concurrent", "auto"):
        return value
    many = value if isinstance(value, list) else ()
    if value is not None and not (isinstance(value, TAKES[name]) and all(isinstance(one, str) for one in many)):
        raise TypeError(name)
    return value


def _promise(said: Mapping[str, Any]) -> Promise:
    parts = {str(name): _promise(part) for name, part in said["parts"].items()}
    looks = said["fingerprint"]
    return Promise(int(said["base_version"]), str(said["digest"]), None if looks is None else str(looks), parts)


def _arguments(said: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: _argument(name, one) for name, one in said.items()}
    options = {key: Texts(one) if isinstance(one, list) else str(one) for key, one in known.pop("options", {}).items()}
    return {"source": known.pop("source"), "repository": known.pop("repository"), **known, "options": options}


def _size(unit: Unit) -> str:
    sizes = [length for _, _, length in unit.files]
    return "?" if None in sizes or not sizes else size(sum(length or 0 for length in sizes))


def _as_dict(unit: Unit) -> dict[str, object]:
    sizes = [length for _, _, length in unit.files]
    total = None if None in sizes else sum(length or 0 for length in sizes)
    return {"name": unit.name, "type": unit.type, "identity": unit.identity, "size": total}
