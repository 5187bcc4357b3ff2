"""Where a source is: a URL, or a folder.

Floor 4, pipeline.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from rxsync.errors import UsageError
from rxsync.urls import without_credentials

SCHEMES = ("http", "https", "file")


def locate(source: str) -> str:
    """Give the URL of a source; a folder's ends in a slash. Whether a URL answers is found out later.

    Raises:
        UsageError: it is empty, a URL of a kind that is not read, or no folder.
    """
    if not source:
        raise UsageError("the source is empty: expected a URL or a folder")
    scheme, separator, _ = source.partition("://")
    if not separator:
        return _folder(source)
    shown = without_credentials(source)
    if scheme.lower() not in SCHEMES:
        raise UsageError(f"{shown}: expected {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}, or a folder")
    if scheme.lower() != "file" and not _host(source):
        raise UsageError(f"{shown}: no valid URL, it names no host")
    source = source.partition("#")[0] if scheme.lower() != "file" else source
    return source if urlsplit(source).path else f"{source}/"  # else a manifest's paths would name hosts


def _folder(source: str) -> str:
    path = Path(source)
    if not path.exists():
        raise UsageError(f"{source}: no such folder, and no URL")
    url = path.resolve().as_uri()
    return f"{url}/" if path.is_dir() else url


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # brackets that do not match
        return None
