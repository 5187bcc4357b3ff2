"""A recipe of any length keeps its types. Checked by mypy, never run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import assert_type

from reactivex import Observable
from reactivex import operators as ops

import rxsync
from rxsync import DeclarativeContent, Recipe
from rxsync.flow import stage
from rxsync.operators import Stage, download_artifacts
from rxsync.pipeline.recipe import Step
from rxsync.ports.downloader import Downloader


async def ask(unit: DeclarativeContent) -> list[DeclarativeContent]:
    return [unit]


async def name(unit: DeclarativeContent) -> list[str]:
    return [unit.name]


def line(source: Observable[DeclarativeContent], downloader: Downloader) -> None:
    step = Step("ask", stage(ask))
    recipe = Recipe([step, step, step, step, step, step, step, step, step, step, step])
    assert_type(recipe.before("ask", one=stage(ask), two=ops.filter(lambda unit: unit.new is True)), Recipe)
    assert_type(recipe(source), Observable[DeclarativeContent])
    assert_type(source.pipe(recipe, recipe.without("ask")), Observable[DeclarativeContent])
    assert_type(download_artifacts(downloader.fetch), Stage)
    recipe.after("ask", names=stage(name))  # type: ignore[arg-type]  # must be refused
    Step("names", stage(name))  # type: ignore[arg-type]  # must be refused
    source.pipe(stage(name), recipe)  # type: ignore[misc]  # must be refused


def amend(recipe: Recipe) -> Recipe:
    return recipe.before("download_artifacts", ask=stage(ask)).without("save_remote_artifacts")


async def front_door() -> None:
    home = rxsync.open("mirror")
    assert_type(home, rxsync.Home)
    repository = home.repository("files")
    report = await rxsync.sync("folder", repository, plugin="file", amend=amend)
    assert_type(report, rxsync.Report)
    assert_type(report.version, int | None)
    await rxsync.sync("folder", repository, mode="miror")  # type: ignore[arg-type]  # must be refused
    await rxsync.sync("folder", repository, "file")  # type: ignore[arg-type, call-arg, unused-ignore]  # must be refused
    await rxsync.sync("folder", "files")  # type: ignore[arg-type]  # must be refused


async def waits(unit: DeclarativeContent) -> None:
    await unit.resolution()
    unit.content = unit.content  # type: ignore[misc]  # must be refused


filter_out: Callable[[Observable[DeclarativeContent]], Observable[DeclarativeContent]] = ops.filter(lambda _: False)
asks: Callable[[DeclarativeContent], Awaitable[list[DeclarativeContent]]] = ask
