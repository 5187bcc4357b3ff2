"""Files that a check refused, kept for a look, out of the store.

Floor 4, pipeline.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from rxsync.declare import Body, DeclarativeContent
from rxsync.errors import StorageError
from rxsync.urls import without_credentials


def keep_aside(folder: Path, unit: DeclarativeContent, reason: str) -> Path:
    """Copy the fetched files of a unit into a new folder below ``folder``, with what was declared; answers the folder.

    The files are called ``0``, ``1``, …: what a source declares is no name for a file that nobody has checked.

    Raises:
        StorageError: there is no room or no permission.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / str(sum(1 for _ in folder.iterdir()))
        place.mkdir()
        files = []
        for number, artifact in enumerate(unit.artifacts):
            if artifact.body is not None:
                _copy(artifact.body, place / str(number))
            files.append(
                {
                    "file": str(number) if artifact.body is not None else None,
                    "relative_path": artifact.relative_path,
                    "urls": [without_credentials(url) for url in artifact.urls],
                    "declared": {**artifact.digests, "size": artifact.size},
                    "received": {**artifact.body.digests, "size": artifact.body.size} if artifact.body else None,
                }
            )
        facts = {"unit": unit.name, "reason": reason, "origin": unit.origin, "files": files}
        (place / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{error.filename or folder}: {error.strerror}") from error
    return place


def _copy(body: Body, place: Path) -> None:
    if body.path is not None:
        shutil.copyfile(body.path, place)
    else:
        place.write_bytes(body.data or b"")
