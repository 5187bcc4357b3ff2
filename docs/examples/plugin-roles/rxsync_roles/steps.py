"""The work of the two steps. Each takes what it touches the world with, so that a test can give a diagram instead."""

from collections.abc import Awaitable, Callable

from rxsync.plugin import DeclarativeArtifact, DeclarativeContent, Downloader


def readme_of(downloader: Downloader) -> Callable[[DeclarativeContent], Awaitable[None]]:
    """Give the work of the step ``readme``: a further request, for new versions only."""

    async def fill_in_the_readme(unit: DeclarativeContent) -> None:
        url = unit.artifacts[0].urls[0].replace("/files/", "/readme/").removesuffix("yml") + "md"
        unit.content.readme = "\n".join([line async for line in downloader.lines(url)])

    return fill_in_the_readme


def without_license(
    bytes_of: Callable[[DeclarativeArtifact], Awaitable[bytes]],
) -> Callable[[DeclarativeContent], Awaitable[str | None]]:
    """Give the check of the step ``lint``."""

    async def lint(unit: DeclarativeContent) -> str | None:
        return complaint((await bytes_of(unit.artifacts[0])).decode(errors="replace"))

    return lint


def complaint(role: str) -> str | None:
    """Say what is wrong with a role; None if nothing is.

    >>> complaint("license: MIT")
    >>> complaint("tasks: []")
    'it has no license'
    """
    return None if any(line.startswith("license:") for line in role.splitlines()) else "it has no license"
