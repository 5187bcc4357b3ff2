"""A source of three files, a home, and a sync that must balance or leave nothing behind."""

import asyncio

import pytest

import rxsync


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / name).write_text(f"file {name}\n")
    return folder


@pytest.fixture
def home(tmp_path):
    return rxsync.open(tmp_path / "home")


@pytest.fixture
def sync(source, home):
    async def run(plugin, **more):
        report = await rxsync.sync(str(source), home.repository("r"), plugin=plugin, **more)
        assert report.balances
        return report

    return run


@pytest.fixture
def fails(source, home):
    """Expect a sync to fail with an error, to leave no version, and nothing behind; answers what is told of it."""

    async def run(plugin, error, match, code=1):
        tasks = asyncio.all_tasks()
        with pytest.raises(error, match=match) as caught:
            await rxsync.sync(str(source), home.repository("r"), plugin=plugin)
        report = getattr(caught.value, "report", None)
        assert asyncio.all_tasks() == tasks
        assert [version.number for version in await home.repository("r").versions()] == [0]
        assert list((home.path / "tmp").iterdir()) == []
        if report is not None:
            assert (report.exit_code, report.version, report.balances) == (code, None, True)
            return report.error.message
        return None

    return run
