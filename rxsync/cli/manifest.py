"""``rxsync manifest``: make a folder a source.

Floor 6, doors.
"""

from __future__ import annotations

from pathlib import Path

import click

from rxsync.cli.globals import Settings, global_options
from rxsync.cli.output import say, say_json
from rxsync.wording import count, safe


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@global_options
@click.pass_obj
def manifest(settings: Settings, folder: Path) -> None:
    """Write DIR/PULP_MANIFEST, which lists the files below DIR."""
    from rxsync.plugins.file.folder import MANIFEST, write_manifest

    files = write_manifest(folder)
    if settings.json:
        say_json({"schema": "rxsync.manifest/1", "path": str(folder / MANIFEST), "files": files})
    elif not settings.quiet:
        say([f"{safe(str(folder / MANIFEST))} lists {count(files, 'file')}"])
