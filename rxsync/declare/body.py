"""The bytes of one file, on their way from a remote into the store.

Floor 1, declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Validators(NamedTuple):
    """What a server said to recognise an unchanged file by.

    Attributes:
        etag: the ``ETag`` header as it came, None if there was none.
        last_modified: the ``Last-Modified`` header as it came, None if there was none.
    """

    etag: str | None = None
    last_modified: str | None = None


@dataclass(slots=True, eq=False)
class Body:
    """One whole, verified file that is not yet in the store: in memory or on disk, never both.

    Attributes:
        size: length in bytes.
        digests: algorithm (as ``hashlib`` spells it) to lower-case hex; ``sha256`` is always there.
        data: the bytes, where they are in memory.
        path: the file, where they are on disk.
        ours: True if the file at ``path`` may be moved into the store; False if it must be copied and left.
        url: where the bytes came from, without credentials; None if from no remote.
        validators: what the server said to recognise an unchanged file by.
        kept: True once the store has the bytes.
    """

    size: int
    digests: Mapping[str, str]
    data: bytes | None = None
    path: Path | None = None
    ours: bool = True
    url: str | None = None
    validators: Validators = Validators()  # noqa: RUF009 - a value that cannot change
    kept: bool = False

    @property
    def sha256(self) -> str:
        """Name of the bytes in the store: 64 lower-case hex digits."""
        return self.digests["sha256"]
