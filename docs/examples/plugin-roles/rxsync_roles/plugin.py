"""What the server declares, and the two steps that roles need beside the standard ones."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urljoin

from rxsync.plugin import (
    DeclarativeArtifact,
    DeclarativeContent,
    MetadataError,
    Plugin,
    Recipe,
    Run,
    closure,
    for_new_content,
    validate,
)
from rxsync_roles.models import Role, RoleTag, RoleVersion, Tag
from rxsync_roles.steps import readme_of, without_license


@dataclass(frozen=True)
class Options:
    """What the operator can choose."""

    on_lint: Literal["fail", "skip", "quarantine"] = field(
        default="skip", metadata={"help": "what becomes of a role without a license"}
    )


@dataclass
class Context:
    """What leaves the line."""

    asked: set[str] = field(default_factory=set)


class RolesPlugin(Plugin[Options, Context]):
    """Roles, their versions, and all that they depend on."""

    name = "roles"
    content_types = (RoleVersion,)
    related_types = (RoleTag,)
    options = Options
    context = Context

    async def declare(self, run: Run[Options, Context]) -> AsyncIterator[DeclarativeContent]:
        """Declare the roles that the server begins with, and whatever they depend on."""

        async def dependencies(unit: DeclarativeContent) -> list[DeclarativeContent]:
            return [version for name in unit.extra_data for version in await versions(run, name)]

        async with aclosing(closure(begin(run), dependencies)) as units:
            async for unit in units:
                yield unit

    def recipe(self, standard: Recipe, run: Run[Options, Context]) -> Recipe:
        """Ask for readmes of new versions; look at each role before it is saved."""
        readme = for_new_content(readme_of(run.downloader), max_concurrent=10)
        lint = validate(without_license(run.bytes_of), run.options.on_lint, aside=run.quarantine)
        return standard.before("download_artifacts", readme=readme).after("download_artifacts", lint=lint)

    def newest_by(self, unit: DeclarativeContent) -> tuple[str, list[int]]:
        """Compare versions of a role by the numbers in them, so that 1.10 is newer than 1.9."""
        content = unit.content
        return content.role.name, [int(number) for number in re.findall(r"\d+", content.version)]


async def begin(run: Run[Options, Context]) -> AsyncIterator[DeclarativeContent]:
    """Give the versions of the roles in ``roles.json``, one role after the other."""
    for name in await read(run, str(run.remote.url)):
        for unit in await versions(run, name):
            yield unit


async def versions(run: Run[Options, Context], name: str) -> list[DeclarativeContent]:
    """Give all versions of a role; none where it was asked for before."""
    if name in run.context.asked:
        return []
    run.context.asked.add(name)
    url = urljoin(str(run.remote.url), f"roles/{name}.json")
    said = await read(run, url)
    try:
        role = Role(name=name, description=said.get("description"))
        tags = [RoleTag(role=role, tag=Tag(word=word)) for word in said.get("tags", ())]
        return [
            DeclarativeContent(
                RoleVersion(role=role, version=one["version"]),
                [
                    DeclarativeArtifact(
                        urljoin(str(run.remote.url), f"files/{name}-{one['version']}.yml"),
                        f"{name}-{one['version']}.yml",
                        digests={"sha256": one["sha256"]},
                        size=one["size"],
                        deferred=False,  # the lint check must see it
                    )
                ],
                related=tags,
                origin=f"roles/{name}.json",
                extra_data=one.get("dependencies", ()),
            )
            for one in said["versions"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise MetadataError(f"{url}: expected versions with version, sha256 and size: {error!r}") from error


async def read(run: Run[Options, Context], url: str):
    """Read a JSON document."""
    text = "\n".join([line async for line in run.downloader.lines(url)])
    try:
        return json.loads(text)
    except ValueError as error:
        raise MetadataError(f"{url}: expected JSON: {error}") from error
