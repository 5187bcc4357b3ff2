"""Everything rxsync raises, as one tree.

RxSyncError
├── UsageError               the command, an option or the configuration is wrong
│   ├── HomeError                the home cannot be what was asked for
│   ├── PluginError              no such plugin, or it does not load
│   └── NotFoundError            no such repository, version or unit
├── FlowError                an operator stands where it cannot work
│   ├── DroppedError             somebody awaits a unit that left the line
│   └── SkippedError             somebody awaits a unit that was left out, with a reason
├── DeclarationError         a plugin declared something that cannot exist
├── SourceError              the upstream failed, or what it says is malformed
│   ├── MetadataError            its metadata is malformed
│   ├── ConflictError            it declares things that exclude each other
│   ├── RejectedError            a check of the plugin's refuses what it gave us
│   └── DownloadError            it did not give us the bytes
│       ├── HttpStatusError          it answered, with another status
│       └── IntegrityError           it gave other bytes than were declared
│           ├── DigestMismatchError
│           └── SizeMismatchError
├── LockedError              another run holds the repository
├── GuardError               a guard tripped, so no version was made
│   └── MovedError               something is not as it was planned
├── StorageError             the storage backend could not keep or return the bytes
└── CatalogError             the database refused

Floor 0. Imports nothing of rxsync. Names end in ``Error``; facts are attributes. ``exit_code`` is what the
command line ends with; ``transient`` says whether trying again may help; ``hint`` is the next thing to do.
"""

from __future__ import annotations


class RxSyncError(Exception):
    """Whatever rxsync raises on purpose.

    Attributes:
        exit_code: what the command line ends with (design, section 8).
        transient: True if the same call may succeed later.
        hint: the next command or step for the person who reads this; None if there is nothing to say.
        report: the ``Report`` of the run that failed with it; None if no run had begun.
    """

    exit_code = 1
    transient = False
    hint: str | None = None
    report: object = None


class UsageError(RxSyncError):
    """The command, an option or the configuration is wrong."""

    exit_code = 2


class HomeError(UsageError):
    """The home is missing, is something else, or has another schema."""


class PluginError(UsageError):
    """No plugin of that name is installed, or it does not load."""


class NotFoundError(UsageError):
    """No repository, version or unit of that name."""


class FlowError(RxSyncError):
    """An operator or a source stands where it cannot work."""


class DroppedError(FlowError):
    """Somebody awaits a unit that nothing in the line can resolve any more.

    Attributes:
        item: the unit that was dropped.
    """

    def __init__(self, item: object) -> None:
        super().__init__(item)
        self.item = item

    def __str__(self) -> str:
        return (
            f"{self.item!r} is awaited, but nothing in the line holds it any more: a step dropped it, or waits for it"
        )


class SkippedError(FlowError):
    """Somebody awaits a unit that was left out.

    Attributes:
        name: how the unit is called.
        reason: why it was left out.
    """

    name: str
    reason: str

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name} was skipped: {self.reason}"


class DeclarationError(RxSyncError):
    """A plugin declared something that cannot exist.

    Attributes:
        field: name of the field at fault.
        value: what was declared.
        expected: what would have been possible.
    """

    field: str
    value: object
    expected: str

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(field, value, expected)
        self.field, self.value, self.expected = field, value, expected

    def __str__(self) -> str:
        return f"{self.field} {_brief(self.value)}: expected {self.expected}"


class SourceError(RxSyncError):
    """The upstream failed, or what it says is malformed."""

    exit_code = 4


class MetadataError(SourceError):
    """The upstream's metadata is malformed; the message names the place, what was expected and what came."""


class ConflictError(SourceError):
    """The upstream declares things that exclude each other."""


class RejectedError(SourceError):
    """A check of the plugin's refuses what the upstream gave us.

    Attributes:
        name: of the unit.
        reason: what the check said.
    """

    name: str
    reason: str

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class DownloadError(SourceError):
    """The remote did not give us the bytes.

    Attributes:
        url: where they were asked for, without credentials.
        reason: what happened, in words.
        relative_path: of the file that was wanted; None if it was metadata.
        attempts: how often it was tried, in both passes where there were two.
        earlier: why it did not come in the first of two passes; None if there was one.
        wrong: bytes that came and were not what was declared, if somebody asked for them; whoever takes them lets them
            go.
    """

    url: str
    reason: str
    transient: bool

    relative_path: str | None = None
    attempts: int = 1
    earlier: DownloadError | None = None
    wrong: object = None

    def __init__(self, url: str, reason: str, *, transient: bool = False) -> None:
        super().__init__(url, reason)
        self.url, self.reason, self.transient = url, reason, transient

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}"


def may_pass(status: int) -> bool:
    """Whether an HTTP status is one that a later request may not meet."""
    return status == 429 or status >= 500


class HttpStatusError(DownloadError):
    """The server answered, with another status than was hoped for.

    Attributes:
        status: the HTTP status code.
        retry_after: how long the server asks to be left alone, in seconds; None if it does not.
    """

    status: int
    retry_after: float | None

    def __init__(self, url: str, status: int, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(url, f"HTTP {status} {reason}".rstrip(), transient=may_pass(status))
        self.status, self.retry_after = status, retry_after


class IntegrityError(DownloadError):
    """The remote gave other bytes than were declared."""

    exit_code = 6


class DigestMismatchError(IntegrityError):
    """The digest of the received bytes differs from the declared one.

    Attributes:
        algorithm: hash name as ``hashlib`` spells it, e.g. ``"sha256"``.
        declared: lower-case hex digest the plugin declared.
        received: lower-case hex digest of the bytes that arrived.
    """

    algorithm: str
    declared: str
    received: str

    def __init__(self, url: str, algorithm: str, declared: str, received: str) -> None:
        super().__init__(url, f"{algorithm} declared {declared}, received {received}", transient=True)
        self.algorithm, self.declared, self.received = algorithm, declared, received


class SizeMismatchError(IntegrityError):
    """More or fewer bytes arrived than were declared.

    Attributes:
        declared: size the plugin declared, in bytes.
        received: bytes that arrived; one more than declared where the rest was not read.
    """

    declared: int
    received: int

    def __init__(self, url: str, declared: int, received: int) -> None:
        more = "or more " if received > declared else ""
        super().__init__(url, f"size declared {declared} bytes, received {received} {more}bytes", transient=True)
        self.declared, self.received = declared, received


class LockedError(RxSyncError):
    """Another run holds the repository."""

    exit_code = 5
    transient = True

    def __init__(self, repository: str, reason: str = "another run holds the repository") -> None:
        super().__init__(f"{repository}: {reason}")


class GuardError(RxSyncError):
    """A guard tripped: what was asked for would remove too much, so no version was made."""

    exit_code = 8


class MovedError(GuardError):
    """Something is not as it was planned, so nothing was done."""


class StorageError(RxSyncError):
    """The storage backend could not keep or return the bytes."""

    exit_code = 7


class CatalogError(RxSyncError):
    """The database refused."""

    exit_code = 7


def _brief(value: object, most: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
