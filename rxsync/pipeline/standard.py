"""The standard line: ten steps, which facts they need and give, bound to a run.

Floor 4, pipeline. This table is the one place that says what the order must be.
"""

from __future__ import annotations

from typing import Any

from rxsync.operators import (
    Stage,
    associate_content,
    await_needs,
    download_artifacts,
    query_existing_artifacts,
    query_existing_content,
    refuse_clashes,
    resolve_content,
    save_artifacts,
    save_content,
    save_remote_artifacts,
)
from rxsync.pipeline.recipe import Recipe, Step
from rxsync.pipeline.run import Run


def standard(run: Run[Any, Any]) -> Recipe:
    """Give the standard line of a run."""
    read, write, keep, release = run.catalog.read, run.catalog.write, run.storage.put, run.scratch.release
    download = download_artifacts(
        run.downloader.fetch if run.spare is None else run.fetch,
        deferred=run.on_demand,
        max_concurrent=run.max_concurrent,
        per_host=run.per_host,
        received=run.received,
        budget=run.budget,
        on_error=run.spare,
        second_pass=run.second_pass,
    )
    return Recipe(
        [
            _step("refuse_clashes", refuse_clashes(read, run.id)),
            _step("query_existing_content", query_existing_content(read, run.remote_key), gives="known content"),
            _step(
                "query_existing_artifacts", query_existing_artifacts(read), uses="known content", gives="known files"
            ),
            _step("download_artifacts", download, uses="known content, known files", gives="bytes"),
            _step("await_needs", await_needs()),
            _step("save_artifacts", save_artifacts(write, keep, release), uses="bytes", gives="stored files"),
            _step("save_content", save_content(write), uses="known content, stored files", gives="saved content"),
            _step("save_remote_artifacts", save_remote_artifacts(write, run.remote_key), needs="saved content"),
            _step("resolve_content", resolve_content(), needs="saved content"),
            _step("associate_content", associate_content(write, run.id), needs="saved content", gives="membership"),
        ]
    )


def _step(name: str, stage: Stage, *, needs: str = "", uses: str = "", gives: str = "") -> Step:
    return Step(name, stage, _facts(needs), _facts(uses), _facts(gives), own=False)


def _facts(text: str) -> frozenset[str]:
    return frozenset(fact.strip() for fact in text.split(",") if fact.strip())
