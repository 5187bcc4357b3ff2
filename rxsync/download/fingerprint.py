"""What a file looks like, without reading it where that can be helped.

Floor 3, download. ``etag "…"``, ``modified DATE`` or ``sha256 HEX``: what the server said to know it by, strongest
first, else what its bytes say.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from rxsync.declare.body import Validators
from rxsync.download.dates import read_date
from rxsync.download.transport import Transport

YOUNG = timedelta(seconds=60)
"""A date has seconds: a file that was written so lately may be written again under the same date (RFC 9110, 8.8.2)."""

BYTES = "sha256 "


async def fingerprint(transport: Transport, url: str, known: str | None) -> str:
    """Ask once.

    Args:
        transport: whom.
        url: where the file is.
        known: what was answered before; given back where the file is unchanged.

    Raises:
        DownloadError: there is no answer, or it broke off.
    """
    async with transport.open(url, {}, _held(known)) as answer:
        if answer.unchanged and known is not None:
            return known
        said = _said(answer.validators)
        # What was known by its bytes, for its date was young, is so for as long as it has them.
        if said is not None and not (known or "").startswith(BYTES):
            return said
        digest = sha256()
        while piece := await answer.read():
            digest.update(piece)
        found = f"{BYTES}{digest.hexdigest()}"
        return found if said is None or found == known else said


def _held(known: str | None) -> Validators:
    # Not by its date: many a server calls a file unchanged that an older one has taken the place of.
    kind, _, value = (known or "").partition(" ")
    return Validators(value if kind == "etag" else None)


def _said(validators: Validators) -> str | None:
    if validators.etag:
        return f"etag {validators.etag}"
    if validators.last_modified and is_old(validators.last_modified):
        return f"modified {validators.last_modified}"
    return None


def is_old(date: str) -> bool:
    """Whether a file of that date would have another if it had changed since; no, too, where it is no date."""
    written = read_date(date)
    return written is not None and datetime.now(UTC) - written > YOUNG
