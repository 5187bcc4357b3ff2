"""An operator goes back to yesterday, and lets old versions go: the same on both databases."""

import os
from datetime import timedelta

import pytest

import rxsync
from rxsync.errors import NotFoundError, UsageError

HELD = "SELECT version_added, version_removed FROM repository_content WHERE version_removed IS NOT NULL"


async def test_a_broken_upstream_is_rolled_back_and_let_in_again_when_it_is_well(tmp_path, ask):
    home, source = tmp_path / "home", tmp_path / "source"
    tools = rxsync.open(home, os.environ.get("RXSYNC_DATABASE")).repository("tools")
    source.mkdir()

    async def sync(**files):
        for old in source.iterdir():
            old.unlink()
        for name, text in files.items():
            (source / name).write_text(text)
        return (await rxsync.sync(str(source), tools)).version

    async def names(which=None):
        return [unit.name for unit in await tools.units(which)]

    assert await sync(a="good", b="good") == 1
    assert await sync(a="broken", c="good") == 2
    back = await tools.roll_back()
    assert (back.version.number, back.target.number, back.made, back.version.pinned) == (3, 1, True, True)
    assert await sync(a="broken", c="good") == 4
    assert await sync(a="well", c="good") == 5
    assert await names() == ["a", "b"]
    await tools.unpin()
    assert await names() == ["a", "c"]

    made = (await tools.version(5)).created
    assert await names((made + timedelta(hours=2)).isoformat()) == ["a", "c"]
    with pytest.raises(NotFoundError, match="no version was made by"):
        await tools.version(made - timedelta(days=1))

    await tools.label(1, "good")
    assert (await tools.delete_version(3)).number == 3
    assert await tools.retain(1) == [0, 2, 4]
    with pytest.raises(UsageError, match="labelled good"):
        await tools.delete_version("good")
    came, went = await tools.diff("good", 5)
    assert ([unit.name for unit in came], [unit.name for unit in went]) == (["a", "c"], ["a", "b"])
    assert ask(home, "SELECT number, added, removed FROM repository_version ORDER BY number") == [(1, 2, 0), (5, 2, 2)]
    assert all(added <= 1 < removed for added, removed in ask(home, HELD))
    assert await sync(a="well", c="good") == 5
    assert await sync(a="well", d="new") == 6
